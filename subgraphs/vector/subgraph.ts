import { openRecordedModels } from '#llm/recorded-models.ts';
import { rerankerOf } from '#llm/reranker.ts';
import { every } from '#platform/base/faults/every.ts';
import { stateOf } from '#platform/base/faults/state-of.ts';
import type { SubgraphDefinition } from '#platform/host/definition.ts';
import { openStorage } from '#platform/host/storage.ts';
import { type Prisma, PrismaClient } from '#prisma/vector/client/client.ts';
import { openRetrieval } from '#retrieval/open-retrieval.ts';
import { Administration } from './administration.ts';
import { Agreement } from './agreement.ts';
import { Collections } from './collections.ts';
import { Embedding } from './embedding.ts';
import { eventHandlers } from './events.ts';
import { registerJobs } from './jobs.ts';
import { createLoaders } from './loaders.ts';
import { Objects } from './objects.ts';
import type { VectorParts } from './parts.ts';
import { VectorQuotas } from './quota.ts';
import { settleMsOf } from './reconcile.ts';
import { createResolvers } from './resolvers/resolvers.ts';

const HOUR_MS = 3_600_000;

/** Collections of texts and vectors, embedding models, and the store behind them. */
export const vector: SubgraphDefinition = {
  name: 'vector',
  schemaFile: new URL('./schema.graphql', import.meta.url),
  async start(platform) {
    const { config, events, topics, log, lifecycle } = platform;
    const storage = await openStorage<PrismaClient, Prisma.TransactionClient>(platform, 'vector', PrismaClient);
    const { db } = storage;
    const { embedders, vectors } = await openRetrieval(platform, storage);
    const models = await openRecordedModels(platform, storage, { embedders });
    const jobs = storage.jobs();
    const quotas = new VectorQuotas(config);
    const collections = new Collections({ db, embedders, store: vectors, quotas, jobs });
    const agreement = new Agreement({
      db,
      store: vectors,
      jobs,
      log,
      metrics: platform.metrics,
      settleMs: settleMsOf(config),
    });
    const parts: VectorParts = {
      embedders,
      embedding: new Embedding(embedders),
      collections,
      reranker: rerankerOf(models, platform.config.RERANK_TIMEOUT_MS),
      objects: new Objects(collections, db, quotas, agreement),
      quotas: (userId) => quotas.use(db, userId),
      administration: new Administration(vectors, db, topics, agreement),
      jobs,
    };
    registerJobs({ db, collections, jobs });
    await storage.consume(eventHandlers(parts));
    void events.started.then(() => {
      jobs.start();
      return agreement.queueDue();
    });
    lifecycle.defer(every(HOUR_MS, { where: 'collections', log }, () => agreement.queueDue()));

    return {
      resolvers: createResolvers(parts),
      loaders: (request) => createLoaders(parts, request),
      routes: storage.parkedRoutes,
      health: async () => ({ vectors: agreement.health(await stateOf(async () => (await vectors()).health())) }),
    };
  },
};
