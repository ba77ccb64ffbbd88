import DataLoader from 'dataloader';
import { forbidden } from '#platform/base/errors/errors.ts';
import type { Jobs } from '#platform/data/jobs/jobs.ts';
import type { PageArguments } from '#platform/data/paging/key-paging.ts';
import type { QuotaUse } from '#platform/data/quotas/quotas.ts';
import type { RequestContext, ResolverMap } from '#platform/host/definition.ts';
import { requireScope } from '#platform/identity/identity.ts';
import type { Prisma } from '#prisma/vector/client/client.ts';
import type { RecordedEmbedders } from '#retrieval/embeddings/recorded-embedders.ts';
import type { FieldAggregate, Hit, ObjectResult } from '#retrieval/vectors/vector-store.ts';
import type { Administration } from './administration.ts';
import {
  type Collection,
  type CollectionChanges,
  type Collections,
  describeFields,
  type NewCollection,
} from './collections.ts';
import type { Embedding } from './embedding.ts';
import type { FilterInput } from './filter-input.ts';
import type { ObjectInput, ObjectNode, Objects } from './objects.ts';
import { reembeddingOf } from './reembedding.ts';
import { type SearchInput, searchCollection } from './search.ts';

interface Loaders {
  readonly collections: DataLoader<string, Collection | null>;
  readonly vectors: DataLoader<ObjectNode, Float32Array | null>;
}
type Context = RequestContext<Loaders>;

export interface VectorParts {
  readonly embedders: RecordedEmbedders;
  readonly embedding: Embedding;
  readonly collections: Collections;
  readonly objects: Objects;
  /** What a user has and may have. */
  readonly quotas: (userId: string) => Promise<QuotaUse[]>;
  readonly administration: Administration;
  readonly jobs: Jobs<Prisma.TransactionClient>;
}

/** Creates the loaders of one operation. */
export function createLoaders({ collections, objects }: VectorParts, { identity }: RequestContext): Loaders {
  return {
    collections: new DataLoader(async (ids) => {
      const rows = await collections.byIds(requireScope(identity, 'vector:read').userId, ids);
      return ids.map((id) => rows.get(id) ?? null);
    }),
    vectors: new DataLoader(
      async (nodes) => {
        const found = new Map<string, Map<string, Float32Array | null>>();
        for (const [id, group] of Map.groupBy(nodes, (node) => node.collection.id)) {
          found.set(
            id,
            await objects.vectors(
              group[0]!.collection,
              group.map((node) => node.id),
            ),
          );
        }
        return nodes.map((node) => found.get(node.collection.id)?.get(node.id) ?? null);
      },
      { cache: false },
    ),
  };
}

const reader = ({ identity }: Context) => requireScope(identity, 'vector:read');
const writer = ({ identity }: Context) => requireScope(identity, 'vector:write');
const administrator = ({ identity }: Context) => requireScope(identity, 'admin');

/** Creates the resolvers: GraphQL to domain. */
export function createResolvers(parts: VectorParts): ResolverMap {
  const { embedders, embedding, collections, objects, administration, jobs } = parts;
  return {
    Query: {
      embeddingModels: (_: unknown, __: unknown, context: Context) => {
        reader(context);
        return embedders.models().toSorted((a, b) => Number(b.isDefault) - Number(a.isDefault));
      },
      embed: (_: unknown, { input }: { input: { texts: string[]; model?: string | null } }, context: Context) =>
        embedding.embed(reader(context), input, context.signal),
      similarity: (
        _: unknown,
        { input }: { input: { text: string; others: string[]; model?: string | null } },
        context: Context,
      ) => embedding.similarity(reader(context), input, context.signal),
      vectorCollection: (_: unknown, by: { id?: string | null; name?: string | null }, context: Context) =>
        collections.find(reader(context).userId, by),
      vectorCollections: (_: unknown, page: PageArguments, context: Context) =>
        collections.list(reader(context).userId, page),
      searchVectors: async (
        _: unknown,
        { input }: { input: SearchInput & { collectionId: string } },
        context: Context,
      ) => {
        const user = reader(context);
        const collection = await collections.require(user.userId, input.collectionId);
        const found = await searchCollection(collections, collection, input, user, context.signal);
        return { ...found, hits: found.hits.map((hit) => ({ ...hit, collection })) };
      },
      vectorStore: (_: unknown, __: unknown, context: Context) => {
        administrator(context);
        return administration.describe();
      },
      vectorBackup: (_: unknown, { id }: { id: string }, context: Context) => {
        administrator(context);
        return administration.backup(id);
      },
      vectorBackups: (_: unknown, __: unknown, context: Context) => {
        administrator(context);
        return administration.backups();
      },
    },
    Mutation: {
      createVectorCollection: async (_: unknown, { input }: { input: NewCollection }, context: Context) => ({
        collection: await collections.create(writer(context).userId, input),
      }),
      updateVectorCollection: async (_: unknown, { input }: { input: CollectionChanges }, context: Context) => ({
        collection: await collections.update(writer(context).userId, input),
      }),
      deleteVectorCollection: async (_: unknown, { input }: { input: { id: string } }, context: Context) => {
        await collections.delete(writer(context).userId, input.id);
        return { deletedId: input.id };
      },
      upsertVectors: async (
        _: unknown,
        { input }: { input: { collectionId: string; objects: ObjectInput[] } },
        context: Context,
      ) => {
        const user = writer(context);
        const collection = await collections.require(user.userId, input.collectionId);
        const results = await objects.upsert(collection, input.objects, user, context.signal);
        const storedCount = results.filter((result) => result.ok).length;
        return { collection, results, storedCount, failedCount: results.length - storedCount };
      },
      deleteVectors: async (
        _: unknown,
        { input }: { input: { collectionId: string; ids?: string[] | null; filter?: FilterInput | null } },
        context: Context,
      ) => {
        const collection = await collections.require(writer(context).userId, input.collectionId);
        return { collection, deletedCount: await objects.delete(collection, input) };
      },
      createVectorBackup: async (_: unknown, { input }: { input: { id?: string | null } }, context: Context) => {
        administrator(context);
        const backup = await administration.createBackup(input.id);
        context.log.info({ backup: backup.id }, 'A backup of the vector store was begun.');
        return { backup };
      },
      restoreVectorBackup: async (_: unknown, { input }: { input: { id: string } }, context: Context) => {
        administrator(context);
        const backup = await administration.restore(input.id);
        context.log.warn({ backup: backup.id }, 'The vector store was restored from a backup.');
        return { backup };
      },
    },
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
      aggregate: async (collection: Collection, input: { filter?: FilterInput | null; fields: string[] }) => {
        const { count, fields } = await objects.aggregate(collection, input);
        return {
          count,
          fields: Object.entries(fields).map(([name, field]) => ({ name, ...field, ...valuesOf(field) })),
        };
      },
    },
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
