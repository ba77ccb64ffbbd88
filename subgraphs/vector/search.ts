import { badInput, CodedError } from '#platform/base/errors/errors.ts';
import type { UserIdentity } from '#platform/identity/identity.ts';
import { RERANKED, type Reranker, rerank } from '#retrieval/vectors/reranker.ts';
import type { TextSearchResult } from '#retrieval/vectors/text-index.ts';
import type { Fusion } from '#retrieval/vectors/vector-store.ts';
import type { Collection, Collections } from './collections.ts';
import { callerOf } from './embedding.ts';
import { type FilterInput, toFilter } from './filter-input.ts';

export interface SearchInput {
  readonly text?: string | null;
  readonly vector?: readonly number[] | null;
  readonly mode: 'HYBRID' | 'VECTOR' | 'TEXT';
  readonly limit: number;
  readonly offset: number;
  readonly filter?: FilterInput | null;
  readonly fusion: 'ABSOLUTE' | 'RELATIVE';
  readonly alpha?: number | null;
  readonly minScore?: number | null;
  readonly rerank: boolean;
}

const MAX_HITS = 100;

export interface CollectionSearchResult extends TextSearchResult {
  /** Whether a reranking model gave the hits their order and scores. */
  readonly reranked: boolean;
}

/** Searches a collection by meaning, words or both; where it is asked to, a model then puts in order what was found. */
export async function searchCollection(
  { collections, reranker }: { readonly collections: Collections; readonly reranker: Reranker | undefined },
  collection: Collection,
  input: SearchInput,
  user: UserIdentity,
  signal: AbortSignal,
): Promise<CollectionSearchResult> {
  const { text, vector, mode, limit, filter, offset, minScore } = input;
  if (limit < 1 || limit > MAX_HITS) throw badInput('input.limit', `is ${limit}; 1 to ${MAX_HITS} are possible.`);
  if (!text?.trim() && (mode !== 'VECTOR' || vector == null))
    throw badInput('input.text', `is empty, and a search by ${mode} needs it.`);
  if (input.rerank) checkReranking(input);
  const by = callerOf(user, 'collection-search');
  const index = await collections.open(collection);
  const query = {
    text: text ?? '',
    by,
    mode: mode.toLowerCase() as 'hybrid',
    limit,
    offset,
    fusion: input.fusion.toLowerCase() as Fusion,
    signal,
    ...(vector && { vector: Float32Array.from(vector) }),
    ...(filter && { filter: toFilter(filter, 'input.filter') }),
    ...(input.alpha != null && { alpha: input.alpha }),
    ...(minScore != null && { minScore }),
  };
  if (!input.rerank) return { ...(await index.search(collection.ownerId, query)), reranked: false };
  if (reranker === undefined) throw noReranker();
  // What it scores is what `minScore` is about: nothing is left out before.
  const found = await index.search(collection.ownerId, { ...query, limit: RERANKED, offset: 0, minScore: undefined });
  const { hits, failed, absent } = await rerank(reranker, query.text, found.hits, by, signal);
  if (absent) throw noReranker();
  const kept = minScore == null ? hits : hits.filter(({ score }) => score >= minScore);
  const degraded = [found.degraded, failed].filter((one) => one !== undefined).join(' ');
  return {
    ...found,
    ...(degraded !== '' && { degraded }),
    hits: kept.slice(offset, offset + limit),
    reranked: failed === undefined && hits.length > 0,
  };
}

function checkReranking({ text, limit, offset }: SearchInput): void {
  if (!text?.trim()) throw badInput('input.text', 'is empty, and `rerank` compares the hits with it.');
  if (offset < 0) throw badInput('input.offset', `is ${offset}; 0 and more are possible.`);
  if (offset + limit > RERANKED)
    throw badInput(
      'input.limit',
      `and \`offset\` come to ${offset + limit}; with \`rerank\` the best ${RERANKED} hits are read.`,
    );
}

const noReranker = () =>
  new CodedError(
    'MODEL_NOT_CONFIGURED',
    '`input.rerank` needs a reranking model, and this installation has none: leave it out, or have an administrator name one as `default_rerank` in llm.yaml, with a RERANK_TIMEOUT_MS above 0.',
  );
