import type { BlobStore } from '#platform/blobs/blob-store.ts';
import { readBlob } from '#platform/blobs/blob-store.ts';
import { type JobHandler, JobRefused, type Jobs } from '#platform/jobs/jobs.ts';
import type { Json } from '#platform/json/json.ts';
import type { Prisma, PrismaClient } from '#prisma/vision/client/client.ts';
import { analyse } from './analysis.ts';
import { analysedData, type Images, originalOf } from './images.ts';
import type { OcrEngine } from './ocr/engine.ts';
import { readText } from './ocr/recognise.ts';

type Handler = JobHandler<Prisma.TransactionClient>;

/** What is done about a picture in the background: survives a killed process, takes effect once. */
export function registerJobs(
  jobs: Jobs<Prisma.TransactionClient>,
  { db, blobs, images, engine }: { db: PrismaClient; blobs: BlobStore; images: Images; engine: OcrEngine },
): void {
  const bytesOf = async (id: string, signal: AbortSignal): Promise<Uint8Array> => {
    const bytes = await readBlob(blobs, originalOf(id), signal);
    if (bytes === undefined) throw new JobRefused('The file is gone.');
    return bytes;
  };
  const announceAfter = (id: string) => setImmediate(() => void images.announce(id));

  const analyseImage: Handler = {
    async run(payload, { signal }) {
      const id = imageIdOf(payload);
      if ((await db.image.count({ where: { id } })) === 0) return;
      const found = await analyse(await bytesOf(id, signal));
      return async (tx) => {
        await tx.image.updateMany({ where: { id }, data: analysedData(found) as Prisma.ImageUpdateManyMutationInput });
        announceAfter(id);
      };
    },
    async parked(payload, problem, tx) {
      const id = imageIdOf(payload);
      await tx.image.updateMany({ where: { id }, data: { status: 'REFUSED', problem } });
      announceAfter(id);
    },
  };

  const readImageText: Handler = {
    attempts: 3,
    async run(payload, { signal }) {
      const id = imageIdOf(payload);
      if ((await db.image.count({ where: { id } })) === 0) return;
      const bytes = await bytesOf(id, signal);
      // Whatever cannot be analysed cannot be read either; the refusal says why.
      await analyse(bytes);
      const read = await readText(bytes, engine, signal);
      return async (tx) => {
        const ocr = JSON.parse(JSON.stringify(read)) as Prisma.InputJsonValue;
        await tx.image.updateMany({ where: { id }, data: { ocrStatus: 'DONE', ocrProblem: null, ocr } });
        await refreshWords(tx, id);
        announceAfter(id);
      };
    },
    async parked(payload, problem, tx) {
      const id = imageIdOf(payload);
      await tx.image.updateMany({ where: { id }, data: { ocrStatus: 'FAILED', ocrProblem: problem } });
      announceAfter(id);
    },
  };

  jobs.handle('analyse', analyseImage);
  jobs.handle('read-text', readImageText);
}

/** What a picture is found by: its recognised text and all that was said of it. */
export async function refreshWords(tx: Prisma.TransactionClient, id: string): Promise<void> {
  const image = await tx.image.findUnique({ where: { id }, include: { descriptions: true } });
  if (image === null) return;
  const read = (image.ocr as { text?: string } | null)?.text ?? '';
  const said = image.descriptions.flatMap((description) => [description.text, ...description.labels]);
  await tx.image.update({ where: { id }, data: { words: [read, ...said].join('\n').slice(0, 200_000) } });
}

function imageIdOf(payload: Json): string {
  const id = (payload as { imageId?: unknown } | null)?.imageId;
  if (typeof id !== 'string') throw new JobRefused('The job names no image.');
  return id;
}
