import type { Json } from '#platform/base/json/json.ts';
import type { HeavyWork } from '#platform/base/thread/heavy-work.ts';
import { type BlobStore, readBlob } from '#platform/data/blobs/blob-store.ts';
import { discardFile } from '#platform/data/blobs/discard-file.ts';
import { type JobContext, type JobHandler, JobRefused, type Jobs } from '#platform/data/jobs/jobs.ts';
import type { Prisma, PrismaClient } from '#prisma/vision/client/client.ts';
import type { HeicDecoder } from './heic/heic.ts';
import { storedWords } from './images/image-words.ts';
import {
  analysedData,
  convertedOf,
  folderOf,
  type Images,
  MAX_BYTES,
  originalOf,
  pageCount,
  pictureOf,
} from './images/images.ts';
import type { LazyReading } from './ocr/reading.ts';
import type { ReadPage } from './ocr/recognise.ts';

type Tx = Prisma.TransactionClient;
type Handler = JobHandler<Tx>;

export interface JobParts {
  readonly db: PrismaClient;
  readonly blobs: BlobStore;
  readonly images: Images;
  readonly reading: LazyReading;
  readonly heic: HeicDecoder;
  readonly heavy: HeavyWork;
  /** Runs what is over in milliseconds. */
  readonly jobs: Jobs<Tx>;
  /** Runs what takes seconds, so that no upload waits behind a page of text. */
  readonly slowJobs: Jobs<Tx>;
}

/** Most bytes of a picture that was converted. */
const MAX_PICTURE_BYTES = 128 * 1024 * 1024;

/** Registers what is done about a picture in the background: it survives a killed process, takes effect once. */
export function registerJobs({ db, blobs, images, reading, heic, heavy, jobs, slowJobs }: JobParts): void {
  const ended = (payload: Json): void => void images.announce(imageIdOf(payload)).catch(() => {});

  const analyseImage: Handler = {
    ended,
    run: saying('The image could not be analysed; upload it again.', async (payload, { signal }) => {
      const id = imageIdOf(payload);
      const { upload } = payload as { upload: string };
      if ((await db.image.count({ where: { id } })) === 0)
        // A kind of its own: where nothing may be deleted for now, other pictures do not wait.
        return async (tx) => void (await jobs.enqueue(tx, 'delete-bytes', { imageIds: [id] }));
      const uploaded = await readBlob(blobs, upload, signal);
      const bytes = uploaded ?? (await readBlob(blobs, originalOf(id), signal));
      if (bytes === undefined) throw new JobRefused('The file is gone; upload it again.');
      // Loaded with the first picture: sharp takes a tenth of the start.
      const { analyse } = await import('./analysis/analysis.ts');
      const found = await analyse(bytes, { heic, heavy }, signal);
      if (found.picture) await blobs.put(convertedOf(id), found.picture, { maxBytes: MAX_PICTURE_BYTES, signal });
      if (uploaded) {
        await blobs.put(originalOf(id), uploaded, { maxBytes: MAX_BYTES, signal });
        await discardFile(blobs, upload);
      }
      return async (tx) => {
        // Locks the row before it is looked at: a wish for its text comes before this or sees READY.
        await tx.image.updateMany({ where: { id }, data: analysedData(found) as Prisma.ImageUpdateManyMutationInput });
        const image = await tx.image.findUnique({ where: { id }, select: { readOnArrival: true, ownerId: true } });
        if (image?.readOnArrival)
          await slowJobs.enqueue(tx, 'read-text', { imageId: id }, { key: id, userId: image.ownerId });
      };
    }),
    async parked(payload, problem, tx) {
      const id = imageIdOf(payload);
      await tx.image.updateMany({ where: { id }, data: { status: 'REFUSED', problem } });
      await tx.image.updateMany({
        where: { id, ocrStatus: 'RUNNING' },
        data: { ocrStatus: 'FAILED', ocrProblem: problem },
      });
    },
  };

  /** Reads one page and queues the next: people take turns page by page, and a killed process loses one page. */
  const readImageText: Handler = {
    attempts: 3,
    ended,
    run: saying('The text could not be read; ask for it again.', async (payload, { signal }) => {
      const id = imageIdOf(payload);
      const image = await db.image.findUnique({ where: { id } });
      if (image === null) return;
      const number = image.pagesRead + 1;
      const { readText } = await import('./ocr/recognise.ts');
      const { engine, languages } = await reading.get();
      const read = await heavy.run(engine, signal, async () => {
        const bytes = await readBlob(blobs, pictureOf(image), signal);
        if (bytes === undefined) throw new JobRefused('The file is gone.');
        return readText(bytes, engine, { page: number, languages: languages.used, signal });
      });
      return async (tx) => {
        const { count } = await tx.image.updateMany({
          where: { id, ocrStatus: 'RUNNING', pagesRead: number - 1 },
          data: { pagesRead: number },
        });
        if (count === 0) return;
        const page = { read: JSON.parse(JSON.stringify(read)) as Prisma.InputJsonValue };
        const key = { imageId: id, number };
        await tx.imagePage.upsert({ where: { imageId_number: key }, create: { ...key, ...page }, update: page });
        if (number < pageCount(image)) {
          await slowJobs.enqueue(tx, 'read-text', { imageId: id }, { key: id, userId: image.ownerId });
          return;
        }
        await tx.image.updateMany({ where: { id }, data: { ocrStatus: 'DONE', ocrProblem: null } });
        await refreshWords(tx, id);
      };
    }),
    async parked(payload, problem, tx) {
      const id = imageIdOf(payload);
      await tx.image.updateMany({ where: { id }, data: { ocrStatus: 'FAILED', ocrProblem: problem } });
    },
  };

  const deleteBytes: Handler = {
    async run(payload, { signal }) {
      for (const id of (payload as { imageIds: string[] }).imageIds) {
        signal.throwIfAborted();
        await blobs.deleteAll(folderOf(id));
      }
    },
  };

  jobs.handle('analyse', analyseImage);
  jobs.handle('delete-bytes', deleteBytes);
  slowJobs.handle('read-text', readImageText);
}

/** What a failed job leaves for its user is a refusal's own words or `problem`; the reason is the log's alone. */
const saying =
  (problem: string, run: Handler['run']): Handler['run'] =>
  async (payload: Json, context: JobContext) => {
    try {
      return await run(payload, context);
    } catch (error) {
      if (error instanceof JobRefused) throw error;
      throw new Error(problem, { cause: error });
    }
  };

/**
 * Stores again what a picture is found by: its recognised text and all that was said of it. The caller holds the
 * picture's row.
 */
export async function refreshWords(tx: Tx, id: string): Promise<void> {
  const image = await tx.image.findUnique({
    where: { id },
    include: { descriptions: true, pages: { orderBy: { number: 'asc' } } },
  });
  if (image === null) return;
  const read = image.pages.map((page) => (page.read as unknown as ReadPage).text);
  const said = image.descriptions.flatMap((description) => [description.text, ...description.labels]);
  await tx.image.update({ where: { id }, data: { words: storedWords([...read, ...said]) } });
}

function imageIdOf(payload: Json): string {
  const id = (payload as { imageId?: unknown } | null)?.imageId;
  if (typeof id !== 'string') throw new JobRefused('The job names no image.');
  return id;
}
