import { openModels } from '#llm/open-models.ts';
import { usageEvent } from '#llm/usage-event.ts';
import { guarded } from '#platform/base/faults/guarded.ts';
import { JobRunner } from '#platform/data/jobs/job-runner.ts';
import { consumeEvents } from '#platform/data/outbox/consume-events.ts';
import { createOutbox } from '#platform/data/outbox/create-outbox.ts';
import type { SubgraphDefinition } from '#platform/host/definition.ts';
import { PrismaClient } from '#prisma/memory/client/client.ts';
import { recordEmbeddings } from '#retrieval/embeddings/recorded-embedders.ts';
import { Contexts } from './contexts.ts';
import { DocumentReader } from './documents/document-reader.ts';
import { Documents } from './documents/documents.ts';
import { eventHandlers } from './events.ts';
import { Indexes } from './indexes.ts';
import { registerJobs } from './jobs.ts';
import { createLoaders } from './loaders.ts';
import { MemoryStore } from './memories/store.ts';
import type { Memory, Transaction } from './memory.ts';
import { MemoryQuotas } from './quota.ts';
import { queueReembedding } from './reembed.ts';
import { createResolvers } from './resolvers.ts';
import { createRoutes } from './routes.ts';

const SWEEP_MS = 600_000;
const FORGET_MS = 3_600_000;

/** What the graph remembers: memories, contexts, knowledge. */
export const memory: SubgraphDefinition = {
  name: 'memory',
  schemaFile: new URL('./schema.graphql', import.meta.url),
  async start(platform) {
    const { config, log, metrics, lifecycle, events, blobs, urls, topics } = platform;
    const db = await platform.database.client('memory', PrismaClient);
    const outbox = createOutbox({ owner: 'memory', client: db, events, log, metrics, lifecycle });
    const embedders = recordEmbeddings({ ...platform, client: db, outbox });
    const models = await openModels(platform, {
      embedders,
      async onRecord(record) {
        const event = usageEvent(record);
        if (event) await db.$transaction((tx) => outbox.record(tx, event.type, event.payload));
      },
    });
    lifecycle.defer(() => models.close());
    const reader = lifecycle.use(new DocumentReader());
    const exclusive = config.DATABASE_URL === undefined;
    const runner = (concurrency: number) =>
      lifecycle.use(new JobRunner<Transaction>(db, { owner: 'memory', log, metrics, exclusive, concurrency }));
    const parts: Memory = {
      db,
      indexes: new Indexes(() => platform.vectors(), embedders),
      quick: runner(4),
      // Each embeds a few texts at a time, and a search meanwhile waits for as many. Three, of which one user holds two.
      slow: runner(3),
      models,
      blobs,
      urls,
      topics,
      quotas: new MemoryQuotas(config),
      reader,
      extraction: config.MEMORY_EXTRACTION,
      maxDocumentBytes: config.DOCUMENT_MAX_BYTES,
      log,
    };
    registerJobs(parts);
    const documents = new Documents(parts);
    const contexts = new Contexts(db, parts.quotas);
    const handlers = eventHandlers(parts);
    await consumeEvents<Transaction>({ consumer: 'memory', client: db, events, log, metrics, lifecycle, handlers });
    void events.started.then(() => {
      parts.quick.start();
      parts.slow.start();
      return queueReembedding(parts);
    });
    const forgetting = setInterval(
      guarded({ where: 'documents', log }, () => documents.forgetAbandoned()),
      FORGET_MS,
    ).unref();
    lifecycle.defer(() => clearInterval(forgetting));
    const sweeping = setInterval(
      guarded({ where: 'contexts', log }, () => contexts.sweep()),
      SWEEP_MS,
    ).unref();
    lifecycle.defer(() => clearInterval(sweeping));
    return {
      resolvers: createResolvers({ memory: parts, memories: new MemoryStore(parts), contexts, documents }),
      loaders: (request) => createLoaders(db, request),
      routes: createRoutes(parts, documents),
      async health() {
        const vectors = await platform.vectors().then(
          (store) => store.health(),
          () => ({ status: 'down' as const, detail: 'The vector store cannot be opened.' }),
        );
        const { status, detail } = vectors;
        return { blobs: await blobs.health(), vectors: { status, ...(detail !== undefined && { detail }) } };
      },
    };
  },
};
