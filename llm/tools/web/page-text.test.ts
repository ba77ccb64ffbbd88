import { expect, it } from 'vitest';
import { readPage } from './page-text.ts';

it('reads what a reader sees, with its title', async () => {
  const page = await readPage(`<!doctype html><head><title> Tea &amp; more </title><style>x</style></head><body>
    <script>alert(1)</script><h1>Tea</h1><p>Green<br>black</p><ul><li>one<li>two</ul>
    <div hidden>no <b>never</b></div><p style="display: none">nor this<p>Last</p></body>`);
  expect(page).toEqual({ title: 'Tea & more', text: 'Tea\n\nGreen\nblack\n\none\n\ntwo\n\nLast' });
});

it('reads a page of 200,000 elements in one another as far as a page goes', async () => {
  expect((await readPage(`<p>shallow</p>${'<div>'.repeat(200_000)}deep`)).text).toBe('shallow');
});

it.each([
  ['tags without anything in them', '<p>'.repeat(200_000)],
  ['links that are not closed', '<a href=x>'.repeat(100_000)],
  ['a comment that does not end', '<!-- '.repeat(100_000)],
  ['attributes without end', `<div ${'a=b '.repeat(100_000)}`],
])('leaves others their turn while it reads %s', async (_, html) => {
  let turns = 0;
  let isRead = false;
  const reading = readPage(`<h1>Tea</h1>${html}`).finally(() => {
    isRead = true;
  });
  while (!isRead) {
    await new Promise((resolve) => setImmediate(resolve));
    turns++;
  }
  expect(turns).toBeGreaterThan(5);
  expect((await reading).text).toContain('Tea');
});
