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
    ['that answers no question any more hangs', 'ynnnnn', true, true],
    ['that misses some and answers again does not', 'nnnnynnnnynnnn', true, false],
    ['that is held for a while by its start does not', `${'n'.repeat(59)}y`, false, false],
    ['that hangs before it has ever served hangs', 'n'.repeat(60), false, true],
  ])('%s', async (_, said, isServing, expected) => {
    const ended = new AbortController();
    expect(
      await hangs(
        beats(said, () => ended.abort()),
        ended.signal,
        () => isServing,
        0,
      ),
    ).toBe(expected);
  });

  it('that has ended meanwhile does not hang', async () => {
    const ended = new AbortController();
    const all = hangs(
      () => Promise.reject(new Error('gone')),
      ended.signal,
      () => true,
      1,
    );
    ended.abort();
    expect(await all).toBe(false);
  });
});
