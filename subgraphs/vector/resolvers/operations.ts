import type { PageArguments } from '#platform/data/paging/key-paging.ts';
import type { ResolverMap } from '#platform/host/definition.ts';
import { requireScope } from '#platform/identity/identity.ts';
import type { CollectionChanges, NewCollection } from '../collections.ts';
import type { FilterInput } from '../filter-input.ts';
import type { ObjectInput } from '../objects.ts';
import type { VectorParts } from '../parts.ts';
import { type SearchInput, searchCollection } from '../search.ts';
import type { Context } from './context.ts';

const reader = ({ identity }: Context) => requireScope(identity, 'vector:read');
const writer = ({ identity }: Context) => requireScope(identity, 'vector:write');
const administrator = ({ identity }: Context) => requireScope(identity, 'admin');

/** Returns the resolvers of queries and mutations. */
export function operationResolvers(parts: VectorParts): ResolverMap {
  const { embedders, embedding, collections, objects, administration, reranker } = parts;
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
        const found = await searchCollection({ collections, reranker }, collection, input, user, context.signal);
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
  };
}
