import { openModels } from '#llm/open-models.ts';
import { usageEvent } from '#llm/usage-event.ts';
import { guarded } from '#platform/base/faults/guarded.ts';
import { JobRunner } from '#platform/data/jobs/job-runner.ts';
import { consumeEvents } from '#platform/data/outbox/consume-events.ts';
import { createOutbox } from '#platform/data/outbox/create-outbox.ts';
import type { Route, SubgraphDefinition } from '#platform/host/definition.ts';
import { type Prisma, PrismaClient } from '#prisma/vision/client/client.ts';
import { recordEmbeddings } from '#retrieval/embeddings/recorded-embedders.ts';
import { Pictures } from './descriptions.ts';
import { Gallery } from './gallery.ts';
import { Images, MOST_BYTES } from './images.ts';
import { registerJobs } from './jobs.ts';
import { createOcrEngine } from './ocr/engine.ts';
import { ImageQuotas } from './quota.ts';
import { createLoaders, createResolvers, type VisionParts } from './resolvers.ts';
import { serveVariant } from './variants.ts';

const TIDY_MS = 3_600_000;

/** Pictures: upload, analysis, text, descriptions, generation. */
export const vision: SubgraphDefinition = {
  name: 'vision',
  schemaFile: new URL('./schema.graphql', import.meta.url),
  async start(platform) {
    const { config, log, metrics, lifecycle, events, blobs, urls, topics } = platform;
    const db = await platform.database.client('vision', PrismaClient);
    const outbox = createOutbox({ owner: 'vision', client: db, events, log, metrics, lifecycle });
    const embedders = recordEmbeddings({ ...platform, client: db, outbox });
    const models = await openModels(platform, {
      embedders,
      async onRecord(record) {
        const event = usageEvent(record);
        if (event) await db.$transaction((tx) => outbox.record(tx, event.type, event.payload));
      },
    });
    lifecycle.defer(() => models.close());
    const engine = lifecycle.use(createOcrEngine(log));
    const runner = (concurrency: number) =>
      lifecycle.use(
        new JobRunner<Prisma.TransactionClient>(db, {
          owner: 'vision',
          log,
          metrics,
          concurrency,
          exclusive: config.DATABASE_URL === undefined,
        }),
      );
    const jobs = runner(2);
    const slowJobs = runner(1);
    const quotas = new ImageQuotas(config);
    const images = new Images({ db, blobs, urls, topics, quotas, jobs, slowJobs });
    const gallery = new Gallery(db, images);
    const pictures = new Pictures({ db, blobs, images, models });
    registerJobs({ db, blobs, images, engine, jobs, slowJobs });
    void events.started.then(() => {
      jobs.start();
      slowJobs.start();
    });
    const tidying = setInterval(
      guarded({ where: 'abandoned uploads', log }, () => images.forgetAbandoned()),
      TIDY_MS,
    ).unref();
    lifecycle.defer(() => clearInterval(tidying));
    await consumeEvents<Prisma.TransactionClient>({
      consumer: 'vision',
      client: db,
      events,
      log,
      metrics,
      lifecycle,
      handlers: {
        async 'user.deleted'({ payload }, tx) {
          await images.deleteWhere(tx, { ownerId: payload.userId });
        },
      },
    });
    const parts: VisionParts = { db, quotas, images, gallery, pictures, urls, topics };
    const routes: Route[] = [
      {
        method: 'PUT',
        path: '/uploads/:id',
        maxBodyBytes: MOST_BYTES,
        async handle(request, { params }) {
          await images.receive(params['id']!, request);
          return new Response(null, { status: 204 });
        },
      },
      {
        method: 'GET',
        path: '/images/:id/:variant',
        handle: (request, { params }) => serveVariant(urls, blobs, params['id']!, params['variant']!, request),
      },
    ];
    return {
      resolvers: createResolvers(parts),
      loaders: (request) => createLoaders(parts, request),
      routes,
      health: async () => ({ blobs: await blobs.health() }),
    };
  },
};
