import type { Collection } from 'weaviate-client';
import { DEFAULT_ALPHA, DEFAULT_FUSION, fuse, POOL, unfused } from '../fusion.ts';
import { topPositions } from '../top.ts';
import { checkSearch } from '../validate.ts';
import type { Hit, HybridQuery, ScoreExplanation, SearchQuery, SearchResult } from '../vector-store.ts';
import { guard } from './connection.ts';
import { toWeaviateFilter } from './filters.ts';
import { wordsOfAllEditions } from './former-words.ts';
import {
  DISTANCE,
  fromWeaviate,
  type RawObject,
  READ_PROPERTIES,
  similarity,
  vectorsFromWeaviate,
  type WeaviateSpace,
} from './mapping.ts';

/**
 * Searches on a Weaviate server. A hybrid search asks for the best of each kind and fuses them here, by the same
 * formulas as the embedded store: the server's own fusion knows no absolute scores and explains itself in prose.
 */
export async function searchWeaviate(
  space: WeaviateSpace,
  collection: Collection,
  query: SearchQuery,
): Promise<SearchResult> {
  const name = checkSearch(space, query);
  const { offset = 0, limit } = query;
  const hits =
    query.mode === 'hybrid'
      ? await hybrid(space, collection, name, query)
      : query.mode === 'vector'
        ? await single(space, query, 'dense', await nearest(space, collection, name, query, offset + limit))
        : await single(space, query, 'lexical', await matching(space, collection, name, query, offset + limit));
  const least = query.minScore ?? Number.NEGATIVE_INFINITY;
  return { hits: hits.filter((hit) => hit.score >= least).slice(offset, offset + limit) };
}

interface Found {
  readonly raw: RawObject;
  readonly score: number;
}

function single(space: WeaviateSpace, query: SearchQuery, kind: 'dense' | 'lexical', found: readonly Found[]): Hit[] {
  return found.map(({ raw, score }) => toHit(space, query, raw, score, unfused(kind, score)));
}

async function nearest(
  space: WeaviateSpace,
  collection: Collection,
  name: string,
  query: Extract<SearchQuery, { vector: unknown }>,
  limit: number,
): Promise<Found[]> {
  const target = space.names[name]!;
  const { objects } = await guard(() =>
    collection.query.nearVector([...query.vector.values], {
      ...shared(space, query, limit),
      targetVector: target,
      returnMetadata: ['distance'],
    }),
  );
  const { metric } = space.vectors[name]!;
  return (objects as RawObject[]).map((raw) => ({ raw, score: similarity(metric, raw.metadata!.distance!) }));
}

/** @param name of the vector that is read with each object where similarity has to be computed here. */
async function matching(
  space: WeaviateSpace,
  collection: Collection,
  name: string,
  query: Extract<SearchQuery, { text: string }>,
  limit: number,
): Promise<Found[]> {
  const words = wordsOfAllEditions(query.text);
  if (words.length === 0) return [];
  const includeVector =
    query.mode === 'hybrid' && !query.includeVectors ? [space.names[name]!] : (query.includeVectors ?? false);
  const { objects } = await guard(() =>
    collection.query.bm25(words.join(' '), {
      ...shared(space, query, limit),
      includeVector,
      queryProperties: ['words'] as never,
      returnMetadata: ['score'],
    }),
  );
  return (objects as RawObject[]).map((raw) => ({ raw, score: raw.metadata!.score! }));
}

async function hybrid(space: WeaviateSpace, collection: Collection, name: string, query: HybridQuery): Promise<Hit[]> {
  const window = Math.max(POOL, (query.offset ?? 0) + query.limit);
  const [dense, lexical, { totalCount }] = await Promise.all([
    nearest(space, collection, name, query, window),
    matching(space, collection, name, query, window),
    guard(() => collection.aggregate.overAll()),
  ]);
  const { metric } = space.vectors[name]!;
  const candidates = new Map<string, { raw: RawObject; similarity: number; bm25: number }>();
  for (const { raw, score } of dense) candidates.set(raw.uuid, { raw, similarity: score, bm25: 0 });
  for (const { raw, score } of lexical) {
    const known = candidates.get(raw.uuid);
    if (known !== undefined) known.bm25 = score;
    else
      candidates.set(raw.uuid, { raw, similarity: similarityOf(space, name, raw, query.vector.values), bm25: score });
  }
  const list = [...candidates.values()];
  const fusion = query.fusion ?? DEFAULT_FUSION;
  const settings = { fusion, alpha: query.alpha ?? DEFAULT_ALPHA[fusion], metric, documents: totalCount };
  const fused = fuse(
    settings,
    Float32Array.from(list, (entry) => entry.similarity),
    Float32Array.from(list, (entry) => entry.bm25),
  );
  return [...topPositions(fused.scores, list.length)].map((i) =>
    toHit(space, query, list[i]!.raw, fused.scores[i]!, fused.explain(i)),
  );
}

/** Computes the similarity of an object that words found and that is not among the nearest; NaN without a vector. */
function similarityOf(space: WeaviateSpace, name: string, raw: RawObject, query: Float32Array): number {
  const values = vectorsFromWeaviate({ ...space, vectors: { [name]: space.vectors[name]! } }, raw)[name];
  if (values === undefined) return Number.NaN;
  const { metric } = space.vectors[name]!;
  let dot = 0;
  let square = 0;
  let apart = 0;
  for (let i = 0; i < query.length; i++) {
    dot += query[i]! * values[i]!;
    square += query[i]! ** 2;
    apart += (query[i]! - values[i]!) ** 2;
  }
  if (DISTANCE[metric] === 'cosine') {
    const length = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
    return dot / (Math.sqrt(square) * length);
  }
  return metric === 'dot' ? dot : -apart;
}

const shared = (space: WeaviateSpace, query: SearchQuery, limit: number) => ({
  limit,
  returnProperties: READ_PROPERTIES as never[],
  includeVector: query.includeVectors ?? false,
  ...(query.filter && { filters: toWeaviateFilter(query.filter, space.fields) }),
});

const toHit = (
  space: WeaviateSpace,
  query: SearchQuery,
  raw: RawObject,
  score: number,
  explanation: ScoreExplanation,
): Hit => ({
  ...fromWeaviate(space, raw, query.includeVectors ?? false),
  score,
  explanation,
});
