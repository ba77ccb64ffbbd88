import { describe, expect, it } from 'vitest';
import { hangs } from './pulse.ts';

/** Answers as the text says, a letter a question: `y` in time, `n` not; then `end` is called. */
function beats(said: string, end: () => void): () => Promise<void> {
  let n = 0;
  return async () => {
    const answer = said[n++];
    if (answer === undefined) end();
    if (answer === 'n') throw new Error('late');
  };
}

describe('a worker', () => {
  it.each([
    ['that answers no question any more hangs', 'ynnnnn', true],
    ['that misses some and answers again does not', 'nnnnynnnnynnnn', false],
  ])('%s', async (_, said, expected) => {
    const ended = new AbortController();
    expect(
      await hangs(
        beats(said, () => ended.abort()),
        ended.signal,
        1,
      ),
    ).toBe(expected);
  });

  it('that has ended meanwhile does not hang', async () => {
    const ended = new AbortController();
    const all = hangs(() => Promise.reject(new Error('gone')), ended.signal, 1);
    ended.abort();
    expect(await all).toBe(false);
  });
});
