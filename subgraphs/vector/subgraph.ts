import { JobRunner } from '#platform/data/jobs/job-runner.ts';
import { consumeEvents } from '#platform/data/outbox/consume-events.ts';
import { createOutbox } from '#platform/data/outbox/create-outbox.ts';
import type { SubgraphDefinition } from '#platform/host/definition.ts';
import { type Prisma, PrismaClient } from '#prisma/vector/client/client.ts';
import { recordEmbeddings } from '#retrieval/embeddings/recorded-embedders.ts';
import { Administration } from './administration.ts';
import { Collections } from './collections.ts';
import { Embedding } from './embedding.ts';
import { Objects } from './objects.ts';
import { VectorQuotas } from './quota.ts';
import { handleReembedding } from './reembedding.ts';
import { createLoaders, createResolvers, type VectorParts } from './resolvers.ts';

/** Collections of texts and vectors, embedding models, and the store behind them. */
export const vector: SubgraphDefinition = {
  name: 'vector',
  schemaFile: new URL('./schema.graphql', import.meta.url),
  async start(platform) {
    const { config, log, metrics, lifecycle, database, events, vectors } = platform;
    const db = await database.client('vector', PrismaClient);
    const outbox = createOutbox({ owner: 'vector', client: db, events, log, metrics, lifecycle });
    const embedders = recordEmbeddings({ ...platform, client: db, outbox });
    const exclusive = config.DATABASE_URL === undefined;
    const jobs = lifecycle.use(
      new JobRunner<Prisma.TransactionClient>(db, { owner: 'vector', log, metrics, exclusive }),
    );
    const quotas = new VectorQuotas(config);
    const collections = new Collections({ db, embedders, store: vectors, quotas, jobs });
    handleReembedding(jobs, db, collections);
    void events.started.then(() => jobs.start());
    await consumeEvents<Prisma.TransactionClient>({
      consumer: 'vector',
      client: db,
      events,
      log,
      metrics,
      lifecycle,
      handlers: { 'user.deleted': ({ payload }, tx) => collections.deleteAll(payload.userId, tx) },
    });
    const administration = new Administration(vectors, collections);
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
      loaders: (request) => createLoaders(parts, request),
      health: async () => {
        const { status, detail } = await (await vectors()).health();
        return { vectors: { status, ...(detail !== undefined && { detail }) } };
      },
    };
  },
};
