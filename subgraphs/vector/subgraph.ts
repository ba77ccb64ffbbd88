import type { SubgraphDefinition } from '#platform/host/definition.ts';
import { openStorage } from '#platform/host/storage.ts';
import { type Prisma, PrismaClient } from '#prisma/vector/client/client.ts';
import { openRetrieval } from '#retrieval/open-retrieval.ts';
import { Administration } from './administration.ts';
import { Collections } from './collections.ts';
import { Embedding } from './embedding.ts';
import { eventHandlers } from './events.ts';
import { createLoaders } from './loaders.ts';
import { Objects } from './objects.ts';
import type { VectorParts } from './parts.ts';
import { VectorQuotas } from './quota.ts';
import { handleReembedding } from './reembedding.ts';
import { createResolvers } from './resolvers/resolvers.ts';

/** Collections of texts and vectors, embedding models, and the store behind them. */
export const vector: SubgraphDefinition = {
  name: 'vector',
  schemaFile: new URL('./schema.graphql', import.meta.url),
  async start(platform) {
    const storage = await openStorage<PrismaClient, Prisma.TransactionClient>(platform, 'vector', PrismaClient);
    const { db } = storage;
    const { embedders, vectors } = await openRetrieval(platform, storage);
    const jobs = storage.jobs();
    const quotas = new VectorQuotas(platform.config);
    const collections = new Collections({ db, embedders, store: vectors, quotas, jobs });
    handleReembedding(jobs, db, collections);
    void platform.events.started.then(() => jobs.start());
    await storage.consume(eventHandlers({ collections }));
    const administration = new Administration(vectors, storage.db, platform.topics);
    const parts: VectorParts = {
      embedders,
      embedding: new Embedding(embedders),
      collections,
      objects: new Objects(collections, db, quotas),
      quotas: (userId) => quotas.use(db, userId),
      administration,
      jobs,
    };
    return {
      resolvers: createResolvers(parts),
      routes: storage.parkedRoutes,
      loaders: (request) => createLoaders(parts, request),
      health: async () => {
        const { status, detail } = await (await vectors()).health();
        return { vectors: { status, ...(detail !== undefined && { detail }) } };
      },
    };
  },
};
