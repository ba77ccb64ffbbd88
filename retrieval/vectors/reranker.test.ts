import { describe, expect, it } from 'vitest';
import { CodedError } from '#platform/base/errors/errors.ts';
import { type Reranker, reranked } from './reranker.ts';
import type { Hit } from './vector-store.ts';

const hit = (id: string, text = id): Hit => ({
  id,
  text,
  properties: {},
  updatedAt: new Date(0),
  score: 0.5,
  explanation: {},
});
const hits = [hit('a'), hit('b'), hit('c')];
const by = { userId: 'u', purpose: 'memory-search' };
const ids = (found: readonly Hit[]) => found.map(({ id }) => id);
const scoring = (score: Reranker['score'], withinMs = 60_000): Reranker => ({ withinMs, score });

describe('what a search found', () => {
  it('is in the order of the reranker, with its scores', async () => {
    const purposes: string[] = [];
    const reranker = scoring(async (_query, texts, { purpose }) => {
      purposes.push(purpose);
      return texts.map((text) => (text === 'c' ? 0.9 : text === 'a' ? 0.2 : 0.1));
    });
    const found = await reranked(reranker, 'q', hits, by, undefined);
    expect(found.map(({ id, score }) => [id, score])).toEqual([
      ['c', 0.9],
      ['a', 0.2],
      ['b', 0.1],
    ]);
    expect(purposes).toEqual(['rerank']);
  });

  it('stays as it was where the reranker is late, away, or not there', async () => {
    const late = scoring((_query, _texts, _by, signal) => {
      const { promise, reject } = Promise.withResolvers<never>();
      signal.addEventListener('abort', () => reject(signal.reason));
      return promise;
    }, 1);
    const away = scoring(() => Promise.reject(new CodedError('PROVIDER_UNAVAILABLE', 'away')));
    for (const reranker of [late, away, scoring(async () => undefined)])
      expect(ids(await reranked(reranker, 'q', hits, by, undefined))).toEqual(['a', 'b', 'c']);
  });

  it('is not read by it where there is nothing to read', async () => {
    const never = scoring(() => Promise.reject(new Error('asked')));
    expect(ids(await reranked(never, 'q', [hit('a', ' ')], by, undefined))).toEqual(['a']);
  });

  it('is all there afterwards: what it did not read comes behind, without a better score', async () => {
    const many = Array.from({ length: 60 }, (_, n) => hit(`h${n}`, n === 3 ? ' ' : `h${n}`));
    const reversed = scoring(async (_query, texts) => texts.map((_, n) => n / 1_000));
    const found = await reranked(reversed, 'q', many, by, undefined);
    expect(found).toHaveLength(60);
    expect(ids(found.slice(0, 2))).toEqual(['h40', 'h39']);
    expect(ids(found.slice(40))).toEqual(['h3', ...Array.from({ length: 19 }, (_, n) => `h${n + 41}`)]);
    for (const [n, { score }] of found.entries()) expect(score).toBeLessThanOrEqual(found[Math.max(0, n - 1)]!.score);
  });

  it('is not waited for by a caller who has left, and a fault is one', async () => {
    const gone = AbortSignal.abort(new Error('gone'));
    await expect(
      reranked(
        scoring(() => Promise.reject(gone.reason)),
        'q',
        hits,
        by,
        gone,
      ),
    ).rejects.toThrow('gone');
    const broken = scoring(() => Promise.reject(new TypeError('a fault')));
    await expect(reranked(broken, 'q', hits, by, undefined)).rejects.toThrow('a fault');
  });
});
