import { expect, it } from 'vitest';
import { readPage } from './page-text.ts';

it('reads what a reader sees, with its title', () => {
  const page = readPage(`<!doctype html><head><title> Tea &amp; more </title><style>x</style></head><body>
    <script>alert(1)</script><h1>Tea</h1><p>Green<br>black</p><ul><li>one<li>two</ul>
    <div hidden>no <b>never</b></div><p style="display: none">nor this<p>Last</p></body>`);
  expect(page).toEqual({ title: 'Tea & more', text: 'Tea\n\nGreen\nblack\n\none\n\ntwo\n\nLast' });
});

it('reads a page of 200,000 elements in one another as far as a page goes', () => {
  expect(readPage(`<p>shallow</p>${'<div>'.repeat(200_000)}deep`).text).toBe('shallow');
});
