import { badInput } from '#platform/base/errors/errors.ts';
import type { UserIdentity } from '#platform/identity/identity.ts';
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
}

const MAX_HITS = 100;

/** Searches a collection by meaning, words or both. */
export async function searchCollection(
  collections: Collections,
  collection: Collection,
  input: SearchInput,
  user: UserIdentity,
  signal: AbortSignal,
): Promise<TextSearchResult> {
  const { text, vector, mode, limit, filter } = input;
  if (limit < 1 || limit > MAX_HITS) throw badInput('input.limit', `is ${limit}; 1 to ${MAX_HITS} are possible.`);
  if (!text?.trim() && (mode !== 'VECTOR' || vector == null))
    throw badInput('input.text', `is empty, and a search by ${mode} needs it.`);
  const index = await collections.open(collection);
  return index.search(collection.ownerId, {
    text: text ?? '',
    by: callerOf(user, 'collection-search'),
    mode: mode.toLowerCase() as 'hybrid',
    limit,
    offset: input.offset,
    fusion: input.fusion.toLowerCase() as Fusion,
    signal,
    ...(vector && { vector: Float32Array.from(vector) }),
    ...(filter && { filter: toFilter(filter, 'input.filter') }),
    ...(input.alpha != null && { alpha: input.alpha }),
    ...(input.minScore != null && { minScore: input.minScore }),
  });
}
