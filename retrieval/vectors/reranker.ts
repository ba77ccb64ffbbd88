import { CodedError } from '#platform/base/errors/errors.ts';
import type { EmbeddingCaller } from '../embeddings/recorded-embedders.ts';
import type { Hit } from './vector-store.ts';

/**
 * A model that reads a query and a text together, and so tells better than vectors how well one answers the other.
 */
export interface Reranker {
  /** Most time that a search waits for it, in ms. */
  readonly withinMs: number;
  /** Scores, 0 to 1, in the order of the texts; undefined where no model is configured. */
  score(
    query: string,
    texts: readonly string[],
    by: EmbeddingCaller,
    signal: AbortSignal,
  ): Promise<readonly number[] | undefined>;
}

/** Hits that are read by it: more cost more time, and what lies beyond is seldom an answer. */
export const RERANKED = 40;
/** The codes of a reranker that is away, or refuses. */
const AWAY: ReadonlySet<string> = new Set([
  'PROVIDER_UNAVAILABLE',
  'RATE_LIMITED',
  'BUDGET_EXCEEDED',
  'MODEL_NOT_FOUND',
  'MODEL_NOT_CONFIGURED',
  'NOT_CONFIGURED',
  'BAD_USER_INPUT',
  'CONTEXT_TOO_LARGE',
]);

/** Returns the hits by the reranker's scores; as they were where it is late, away or not there. */
export const reranked = async (
  reranker: Reranker,
  query: string,
  hits: readonly Hit[],
  by: EmbeddingCaller,
  signal: AbortSignal | undefined,
): Promise<readonly Hit[]> => {
  const { hits: found } = await rerank(reranker, query, hits, by, signal);
  return found;
};

/**
 * Puts hits in the order of the reranker's scores.
 *
 * @returns the hits as they were where it did not, and why: it was late or away, or (`absent`) none is configured.
 */
export async function rerank(
  reranker: Reranker,
  query: string,
  hits: readonly Hit[],
  by: EmbeddingCaller,
  signal: AbortSignal | undefined,
): Promise<{ readonly hits: readonly Hit[]; readonly failed?: string; readonly absent?: boolean }> {
  const read = hits.filter(({ text }) => text.trim() !== '').slice(0, RERANKED);
  // One alone is read too: other lists with the same reranker are compared with its score.
  if (read.length === 0) return { hits };
  const late = AbortSignal.timeout(reranker.withinMs);
  const until = signal ? AbortSignal.any([signal, late]) : late;
  try {
    const scores = await reranker.score(
      query,
      read.map(({ text }) => text),
      { ...by, purpose: 'rerank' },
      until,
    );
    if (scores === undefined) return { hits, absent: true };
    const scored = read.map((hit, i) => ({ ...hit, score: scores[i]! })).sort((a, b) => b.score - a.score);
    // What was not read comes behind and never above: its scores are of another kind.
    const known = new Set<Hit>(read);
    const least = scored.at(-1)!.score;
    const rest = hits.filter((hit) => !known.has(hit));
    return { hits: [...scored, ...rest.map((hit) => ({ ...hit, score: Math.min(hit.score, least) }))] };
  } catch (error) {
    signal?.throwIfAborted();
    if (late.aborted) return { hits, failed: `The reranking model did not answer within ${reranker.withinMs} ms.` };
    if (error instanceof CodedError && AWAY.has(error.code)) return { hits, failed: error.message };
    throw error;
  }
}
