import { openRecordedModels } from '#llm/recorded-models.ts';
import { rerankerOf } from '#llm/reranker.ts';
import { every } from '#platform/base/faults/every.ts';
import { guarded } from '#platform/base/faults/guarded.ts';
import { stateOf } from '#platform/base/faults/state-of.ts';
import { VECTORS_RESTORED_TOPIC } from '#platform/contracts/topics.ts';
import { OwnedFiles } from '#platform/data/blobs/owned-files.ts';
import { useFiles } from '#platform/data/blobs/used-files.ts';
import type { SubgraphDefinition } from '#platform/host/definition.ts';
import { openStorage } from '#platform/host/storage.ts';
import { PrismaClient } from '#prisma/memory/client/client.ts';
import { openRetrieval } from '#retrieval/open-retrieval.ts';
import { Contexts } from './contexts.ts';
import { Documents } from './documents/documents.ts';
import { documentFiles } from './documents/files.ts';
import { eventHandlers } from './events.ts';
import { Indexes } from './indexes.ts';
import { queueReembedding } from './indexing/reembed.ts';
import { registerJobs } from './jobs.ts';
import { createLoaders } from './loaders.ts';
import { MemoryStore } from './memories/store.ts';
import { memoryMetrics } from './metrics.ts';
import type { MemoryParts, Transaction } from './parts.ts';
import { MemoryQuotas } from './quota.ts';
import { DocumentReader, readerLimits } from './reader/document-reader.ts';
import { queueDue, queueReconciling, queueSuspects } from './reconcile/queue-reconciling.ts';
import { createResolvers } from './resolvers/resolvers.ts';
import { createRoutes } from './routes.ts';
import { Transcripts } from './transcripts.ts';
import { Uses } from './uses.ts';

const CLEANUP_MS = 600_000;
const HOUR_MS = 3_600_000;
/** How long the end of one lesson waits for that of others, in ms: under load they share a transaction. */
const LEARNED_TOGETHER_MS = 100;

/** What the graph remembers: memories, contexts, knowledge. */
export const memory: SubgraphDefinition = {
  name: 'memory',
  schemaFile: new URL('./schema.graphql', import.meta.url),
  async start(platform) {
    const { config, log, lifecycle, events, urls, topics, peers, heavy } = platform;
    const storage = await openStorage<PrismaClient, Transaction>(platform, 'memory', PrismaClient);
    const { db } = storage;
    const used = await useFiles({ ...platform, owner: 'memory', client: db });
    const { blobs } = used;
    const { embedders, vectors } = await openRetrieval(platform, storage);
    const models = await openRecordedModels(platform, storage, { embedders });
    const reader = lifecycle.use(new DocumentReader(readerLimits(config)));
    const indexes = new Indexes(vectors, embedders, rerankerOf(models, config.RERANK_TIMEOUT_MS));
    const parts: MemoryParts = {
      db,
      indexes,
      transcripts: new Transcripts({ db, indexes, log }),
      uses: lifecycle.use(new Uses(db, log)),
      quick: storage.jobs(4),
      // Each embeds a few texts at a time, and a search meanwhile waits for as many. Three, of which one user holds
      // two.
      slow: storage.jobs(3),
      // Each waits for a model nearly all of its time.
      learning: storage.jobs(8, LEARNED_TOGETHER_MS),
      models,
      blobs,
      urls,
      topics,
      peers,
      quotas: new MemoryQuotas(config),
      reader,
      heavy,
      extraction: config.MEMORY_EXTRACTION,
      maxDocumentBytes: config.DOCUMENT_MAX_BYTES,
      metrics: memoryMetrics(platform.metrics),
      log,
    };
    const documents = new Documents(parts);
    const contexts = new Contexts(db, parts.quotas);
    registerJobs(parts);
    const files = new OwnedFiles({
      owner: 'memory',
      client: db,
      used,
      rows: documentFiles(db),
      jobs: parts.slow,
      log,
      metrics: platform.metrics,
    });
    await storage.consume(eventHandlers(parts));
    void events.started.then(() => {
      parts.quick.start();
      parts.slow.start();
      parts.learning.start();
      return queueReembedding(parts).then(() => queueSuspects(parts));
    });
    const restored = await topics.subscribe(
      VECTORS_RESTORED_TOPIC,
      guarded({ where: 'reconciling', log }, () => queueReconciling(parts)),
    );
    lifecycle.defer(() => restored.close());
    lifecycle.defer(
      every(HOUR_MS, { where: 'reconciling', log }, () => queueSuspects(parts).then(() => queueDue(parts))),
    );
    void events.started.then(guarded({ where: 'files', log }, () => files.queueDue()));
    lifecycle.defer(every(HOUR_MS, { where: 'files', log }, () => files.queueDue()));
    lifecycle.defer(every(HOUR_MS, { where: 'documents', log }, () => documents.forgetAbandoned()));
    lifecycle.defer(every(CLEANUP_MS, { where: 'contexts', log }, () => contexts.cleanup()));

    return {
      resolvers: createResolvers({ memory: parts, memories: new MemoryStore(parts), contexts, documents }),
      loaders: (request) => createLoaders(db, request),
      routes: [...createRoutes(parts, documents), ...storage.parkedRoutes],
      async health() {
        const index = stateOf(() =>
          vectors().then(
            (store) => store.health(),
            () => ({ status: 'down' as const, detail: 'The vector store cannot be opened.' }),
          ),
        );
        return { blobs: await files.health(), vectors: await index };
      },
    };
  },
};
