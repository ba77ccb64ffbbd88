import { forbidden } from '#platform/base/errors/errors.ts';
import type { PageArguments } from '#platform/data/paging/key-paging.ts';
import { COUNTED } from '#platform/data/paging/paging.ts';
import type { ResolverMap } from '#platform/host/definition.ts';
import { requireScope } from '#platform/identity/identity.ts';
import type { FieldAggregate, Hit, ObjectResult } from '#retrieval/vectors/vector-store.ts';
import { type Collection, describeFields } from '../collections.ts';
import type { FilterInput } from '../filter-input.ts';
import type { ObjectNode } from '../objects.ts';
import type { VectorParts } from '../parts.ts';
import { reembeddingOf } from '../reembedding.ts';
import type { Context } from './context.ts';

/** Returns the fields of the types. What the rows have under the same name needs no line here. */
export function typeResolvers(parts: VectorParts): ResolverMap {
  const { embedders, objects, jobs } = parts;
  return {
    EmbeddingModel: {
      provider: ({ provider }: { provider: string }) => provider.toUpperCase().replaceAll('-', '_'),
    },
    Embeddings: {
      vectors: ({ vectors }: { vectors: readonly Float32Array[] }) => vectors.map((vector) => [...vector]),
    },
    User: {
      __resolveReference: ({ id }: { id: string }) => ({ id }),
      vectorQuotas: ({ id }: { id: string }, _: unknown, { identity }: Context) => {
        if (requireScope(identity, 'vector:read').userId !== id) throw forbidden('Only the user may read this.');
        return parts.quotas(id);
      },
    },
    VectorCollection: {
      __resolveReference: ({ id }: { id: string }, { loaders }: Context) => loaders.collections.load(id),
      owner: ({ ownerId }: Collection) => ({ __typename: 'User', id: ownerId }),
      dimensions: ({ dimensions, model }: Collection) =>
        dimensions ?? embedders.models().find(({ id }) => id === model)?.dimensions,
      metric: ({ metric }: Collection) => metric.toUpperCase(),
      embedsTexts: ({ dimensions }: Collection) => dimensions === null,
      fields: describeFields,
      objectCount: (collection: Collection) => objects.count(collection),
      reembedding: (collection: Collection) => reembeddingOf(jobs, collection),
      object: (collection: Collection, { id }: { id: string }) => objects.get(collection, id),
      objects: (collection: Collection, page: PageArguments & { filter?: FilterInput | null }) =>
        objects.list(collection, page),
      map: (
        collection: Collection,
        input: { first?: number | null; filter?: FilterInput | null },
        { signal }: Context,
      ) => objects.map(collection, input, signal),
      aggregate: async (collection: Collection, input: { filter?: FilterInput | null; fields: string[] }) => {
        const { count, fields } = await objects.aggregate(collection, input);
        return {
          count,
          fields: Object.entries(fields).map(([name, field]) => ({ name, ...field, ...valuesOf(field) })),
        };
      },
    },
    VectorCollectionConnection: COUNTED,
    VectorObjectConnection: COUNTED,
    VectorObject: {
      vector: async (node: ObjectNode, _: unknown, { loaders }: Context) => {
        const vector = await loaders.vectors.load(node);
        return vector && [...vector];
      },
    },
    VectorHit: {
      object: (hit: Hit & { collection: Collection }) => hit,
    },
    VectorScoreExplanation: {
      fusion: ({ fusion }: { fusion?: string }) => fusion?.toUpperCase(),
    },
    VectorObjectResult: {
      status: (result: ObjectResult) => (result.ok ? (result.created ? 'CREATED' : 'UPDATED') : 'FAILED'),
    },
  };
}

const valuesOf = (field: FieldAggregate) => ({ values: field.type === 'values' ? field.top : null });
