import { openRecordedModels } from '#llm/recorded-models.ts';
import { guarded } from '#platform/base/faults/guarded.ts';
import type { Route, SubgraphDefinition } from '#platform/host/definition.ts';
import { openStorage } from '#platform/host/storage.ts';
import { type Prisma, PrismaClient } from '#prisma/vision/client/client.ts';
import { openRetrieval } from '#retrieval/open-retrieval.ts';
import { Pictures } from './descriptions.ts';
import { Gallery } from './gallery.ts';
import { Images, MAX_BYTES } from './images.ts';
import { registerJobs } from './jobs.ts';
import { createOcrEngine } from './ocr/engine.ts';
import { ImageQuotas } from './quota.ts';
import { createLoaders, createResolvers, type VisionParts } from './resolvers.ts';
import { serveVariant } from './variants.ts';

const CLEANUP_MS = 3_600_000;

/** Pictures: upload, analysis, text, descriptions, generation. */
export const vision: SubgraphDefinition = {
  name: 'vision',
  schemaFile: new URL('./schema.graphql', import.meta.url),
  async start(platform) {
    const { config, log, lifecycle, events, blobs, urls, topics } = platform;
    const storage = await openStorage<PrismaClient, Prisma.TransactionClient>(platform, 'vision', PrismaClient);
    const { db } = storage;
    const { embedders } = await openRetrieval(platform, storage);
    const models = await openRecordedModels(platform, storage, { embedders });
    const engine = lifecycle.use(createOcrEngine(log));
    const jobs = storage.jobs(2);
    const slowJobs = storage.jobs(1);
    const quotas = new ImageQuotas(config);
    const images = new Images({ db, blobs, urls, topics, quotas, jobs, slowJobs });
    const gallery = new Gallery(db, images);
    const pictures = new Pictures({ db, blobs, images, models });
    registerJobs({ db, blobs, images, engine, jobs, slowJobs });
    void events.started.then(() => {
      jobs.start();
      slowJobs.start();
    });
    const cleanup = setInterval(
      guarded({ where: 'abandoned uploads', log }, () => images.forgetAbandoned()),
      CLEANUP_MS,
    ).unref();
    lifecycle.defer(() => clearInterval(cleanup));
    await storage.consume({
      async 'user.deleted'({ payload }, tx) {
        await images.deleteWhere(tx, { ownerId: payload.userId });
      },
    });
    const parts: VisionParts = { db, quotas, images, gallery, pictures, urls, topics };
    const routes: Route[] = [
      {
        method: 'PUT',
        path: '/uploads/:id',
        maxBodyBytes: MAX_BYTES,
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
