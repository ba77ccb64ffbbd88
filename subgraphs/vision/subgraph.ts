import { openRecordedModels } from '#llm/recorded-models.ts';
import { every } from '#platform/base/faults/every.ts';
import { guarded } from '#platform/base/faults/guarded.ts';
import { OwnedFiles } from '#platform/data/blobs/owned-files.ts';
import { useFiles } from '#platform/data/blobs/used-files.ts';
import type { SubgraphDefinition } from '#platform/host/definition.ts';
import { openStorage } from '#platform/host/storage.ts';
import { type Prisma, PrismaClient } from '#prisma/vision/client/client.ts';
import { openRetrieval } from '#retrieval/open-retrieval.ts';
import { Pictures } from './descriptions.ts';
import { eventHandlers } from './events.ts';
import { HeicDecoder } from './heic/heic.ts';
import { imageFiles } from './images/files.ts';
import { Gallery } from './images/gallery.ts';
import { Images } from './images/images.ts';
import { registerJobs } from './jobs.ts';
import { createLoaders } from './loaders.ts';
import { LazyReading } from './ocr/reading.ts';
import { ocrWorkers } from './ocr/workers.ts';
import type { VisionParts } from './parts.ts';
import { ImageQuotas } from './quota.ts';
import { createResolvers } from './resolvers/resolvers.ts';
import { createRoutes } from './routes.ts';

const CLEANUP_MS = 3_600_000;

/** Pictures: upload, analysis, text, descriptions, generation. */
export const vision: SubgraphDefinition = {
  name: 'vision',
  schemaFile: new URL('./schema.graphql', import.meta.url),
  async start(platform) {
    const { config, log, lifecycle, events, urls, topics, heavy } = platform;
    const storage = await openStorage<PrismaClient, Prisma.TransactionClient>(platform, 'vision', PrismaClient);
    const { db } = storage;
    const used = await useFiles({ ...platform, owner: 'vision', client: db });
    const { blobs } = used;
    const { embedders } = await openRetrieval(platform, storage);
    const models = await openRecordedModels(platform, storage, { embedders });
    const size = ocrWorkers(config);
    const reading = lifecycle.use(new LazyReading({ config, log, size }));
    const heic = lifecycle.use(new HeicDecoder(heavy));
    const jobs = storage.jobs(2);
    // One more than there are readers: a user holds all places but one, and all readers while no other user waits.
    const slowJobs = storage.jobs(size + 1);
    const quotas = new ImageQuotas(config);
    const images = new Images({ db, blobs, urls, topics, quotas, jobs, slowJobs });
    const gallery = new Gallery(db, images);
    const pictures = new Pictures({ db, blobs, images, models });
    const parts: VisionParts = { db, quotas, images, gallery, pictures, urls, blobs, topics, heavy };
    registerJobs({ db, blobs, images, reading, heic, heavy, jobs, slowJobs });
    const files = new OwnedFiles({
      owner: 'vision',
      client: db,
      used,
      rows: imageFiles(db),
      jobs: slowJobs,
      log,
      metrics: platform.metrics,
    });
    await storage.consume(eventHandlers(parts));
    void events.started.then(() => {
      jobs.start();
      slowJobs.start();
    });
    void events.started.then(guarded({ where: 'files', log }, () => files.queueDue()));
    void events.started.then(guarded({ where: 'text recognition', log }, () => reading.get()));
    lifecycle.defer(every(CLEANUP_MS, { where: 'files', log }, () => files.queueDue()));
    lifecycle.defer(every(CLEANUP_MS, { where: 'abandoned uploads', log }, () => images.forgetAbandoned()));

    return {
      resolvers: createResolvers(parts),
      loaders: (request) => createLoaders(parts, request),
      routes: [...createRoutes(parts), ...storage.parkedRoutes],
      health: async () => ({ blobs: await files.health(), texts: reading.health() }),
    };
  },
};
