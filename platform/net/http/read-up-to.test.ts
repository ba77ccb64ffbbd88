import { expect, it } from 'vitest';
import { readUpTo } from './read-up-to.ts';

it('reads a body up to the limit, and leaves what is longer', async () => {
  let left = false;
  async function* body() {
    try {
      for (const text of ['one ', 'two ', 'three']) yield Buffer.from(text);
    } finally {
      left = true;
    }
  }
  expect(await readUpTo(body(), 13)).toEqual({ text: 'one two three', isCut: false });
  left = false;
  expect(await readUpTo(body(), 12)).toEqual({ text: 'one two ', isCut: true });
  expect(left).toBe(true);
});
