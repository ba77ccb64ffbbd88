import { v5 as uuidV5 } from 'uuid';
import type { WeaviateClass } from 'weaviate-client';

import { normalised } from '../../embeddings/vectors.ts';
import { comparable } from '../filter.ts';
import type {
  FieldType,
  Json,
  Metric,
  Properties,
  Space,
  SpaceDefinition,
  StoredObject,
  VectorObject,
} from '../vector-store.ts';
import { BM25, indexedWords } from '../words.ts';

/**
 * How a space lives in Weaviate: a collection with named vectors, whose description holds the definition.
 *
 * Words are stored as our own tokens in a property that Weaviate splits at blanks, so that both stores stem alike; all
 * properties are stored as JSON beside the typed copies of the fields that filters name.
 */
/** The definition that a collection's description holds. */
export interface StoredDefinition extends SpaceDefinition {
  readonly createdAt: string;
  /**
   * Name in Weaviate of each vector, and of those that were dropped, which Weaviate keeps: a name is not used twice.
   */
  readonly names: Readonly<Record<string, string>>;
  readonly retired: readonly string[];
}

/** A space with the names of its vectors in Weaviate. */
export interface WeaviateSpace extends Space {
  readonly names: Readonly<Record<string, string>>;
  readonly retired: readonly string[];
}

/** Reads a space from the description of its collection; undefined where it holds none. */
export function readDefinition(description: string | undefined): WeaviateSpace | undefined {
  if (!description?.startsWith('{')) return undefined;
  const stored = JSON.parse(description) as StoredDefinition;
  return { ...stored, createdAt: new Date(stored.createdAt) };
}

/** Writes a space into the description of its collection. */
export const writeDefinition = ({
  name,
  vectors,
  active,
  fields,
  multiTenant,
  createdAt,
  names,
  retired,
}: WeaviateSpace): string =>
  JSON.stringify({
    name,
    vectors,
    active,
    fields,
    multiTenant,
    createdAt: createdAt.toISOString(),
    names,
    retired,
  } satisfies StoredDefinition);

/** Returns a space as callers see it. */
export const publicSpace = ({ names: _, retired: __, ...space }: WeaviateSpace): Space => space;

export const DISTANCE: Record<Metric, 'cosine' | 'dot' | 'l2-squared'> = {
  cosine: 'cosine',
  dot: 'dot',
  l2: 'l2-squared',
};

/** Returns the similarity, higher is nearer, of Weaviate's distance, lower is nearer. */
export const similarity = (metric: Metric, distance: number): number =>
  metric === 'cosine' ? 1 - distance : -distance;

/** Returns the name of the property that holds a field. */
export const property = (field: string): string => `f_${field}`;

const TYPES: Record<FieldType, string> = {
  text: 'text',
  number: 'number',
  boolean: 'boolean',
  date: 'date',
  'text[]': 'text[]',
  'number[]': 'number[]',
};

/** Returns the property of a field as Weaviate's schema endpoint takes it. */
export const fieldProperty = (field: string, type: FieldType) => ({
  name: property(field),
  dataType: [TYPES[type]],
  indexFilterable: true,
  indexSearchable: false,
  ...(type.startsWith('text') && { tokenization: 'field' as const }),
  ...((type === 'number' || type === 'date') && { indexRangeFilters: true }),
});

/** Returns the collection as Weaviate's schema endpoint takes it. */
export function collectionSchema(collection: string, space: WeaviateSpace): WeaviateClass {
  const unindexed = { indexFilterable: false, indexSearchable: false };
  const exact = { indexFilterable: true, indexSearchable: false, tokenization: 'field' as const };
  return {
    class: collection,
    description: writeDefinition(space),
    properties: [
      { name: 'key', dataType: ['text'], ...exact },
      { name: 'body', dataType: ['text'], ...unindexed },
      { name: 'words', dataType: ['text'], indexFilterable: false, indexSearchable: true, tokenization: 'whitespace' },
      { name: 'payload', dataType: ['text'], ...unindexed },
      { name: 'updated', dataType: ['date'], ...unindexed },
      { name: 'has', dataType: ['text[]'], ...exact },
      ...Object.entries(space.fields).map(([field, type]) => fieldProperty(field, type)),
    ],
    vectorConfig: Object.fromEntries(
      Object.entries(space.vectors).map(([name, vector]) => [
        space.names[name]!,
        { vectorizer: { none: {} }, vectorIndexType: 'hnsw', vectorIndexConfig: { distance: DISTANCE[vector.metric] } },
      ]),
    ),
    invertedIndexConfig: { bm25: BM25, stopwords: { preset: 'none' }, indexNullState: true },
    multiTenancyConfig: { enabled: space.multiTenant, autoTenantCreation: space.multiTenant },
  };
}

const NAMESPACE = '6f2b5c2e-3c58-5d7e-9f0a-6d1f0c9e7a41';

/**
 * Returns the UUID of an object. Same space, tenant and id, same UUID: a batch that is sent again replaces what the
 * first try stored.
 */
export const uuidOf = (space: string, tenant: string | undefined, id: string): string =>
  uuidV5(JSON.stringify([space, tenant ?? null, id]), NAMESPACE);

/** Returns an object as Weaviate stores it. */
export function toWeaviate(space: WeaviateSpace, tenant: string | undefined, object: VectorObject) {
  const properties = object.properties ?? {};
  const fields = Object.entries(space.fields).flatMap(([field, type]) => {
    const value = comparable(properties, field, type);
    return value === undefined ? [] : [[property(field), type === 'date' ? new Date(value as string) : value] as const];
  });
  const { words, characters } = indexedWords(object.text);
  return {
    id: uuidOf(space.name, tenant, object.id),
    properties: {
      key: object.id,
      body: object.text,
      words: [...words, ...characters].join(' '),
      payload: JSON.stringify(properties),
      updated: new Date(),
      has: Object.keys(object.vectors).map((name) => space.names[name]!),
      ...Object.fromEntries(fields),
    },
    vectors: vectorsToWeaviate(space, object.vectors),
  };
}

/** Returns the vectors of an object as Weaviate stores them. */
export const vectorsToWeaviate = (
  space: WeaviateSpace,
  vectors: Readonly<Record<string, Float32Array>>,
): Record<string, number[]> =>
  Object.fromEntries(
    Object.entries(vectors).map(([name, values]) => [
      space.names[name]!,
      [...(space.vectors[name]!.metric === 'cosine' ? normalised(values) : values)],
    ]),
  );

/** The properties to ask for, without the words, which are of no use to anybody. */
export const READ_PROPERTIES = ['key', 'body', 'payload', 'updated', 'has'];

export interface RawObject {
  readonly uuid: string;
  readonly properties: Record<string, unknown>;
  readonly metadata?: { readonly distance?: number; readonly score?: number } | undefined;
  readonly vectors: Readonly<Record<string, unknown>>;
}

/** Returns a stored object as callers see it. */
export function fromWeaviate(space: WeaviateSpace, raw: RawObject, includeVectors: boolean): StoredObject {
  const { key, body, payload, updated } = raw.properties as Record<string, string>;
  const object = {
    id: key!,
    text: body ?? '',
    properties: JSON.parse(payload ?? '{}') as Properties & Json,
    updatedAt: new Date(updated!),
  };
  return includeVectors ? { ...object, vectors: vectorsFromWeaviate(space, raw) } : object;
}

/** Returns the vectors that a stored object has. */
export function vectorsFromWeaviate(space: WeaviateSpace, raw: RawObject): Record<string, Float32Array> {
  const has = new Set((raw.properties.has as string[] | undefined) ?? []);
  const own = Object.keys(space.vectors).filter((name) => has.has(space.names[name]!));
  return Object.fromEntries(own.map((name) => [name, Float32Array.from(raw.vectors[space.names[name]!] as number[])]));
}
