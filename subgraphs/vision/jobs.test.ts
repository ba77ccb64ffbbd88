import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it, vi } from 'vitest';
import { CodedError } from '#platform/base/errors/errors.ts';
import { HeavyWork } from '#platform/base/thread/heavy-work.ts';
import { FolderBlobStore } from '#platform/data/blobs/folder-blob-store.ts';
import type { JobContext, JobHandler } from '#platform/data/jobs/jobs.ts';
import type { Prisma } from '#prisma/vision/client/client.ts';
import { HeicDecoder } from './heic/heic.ts';
import { originalOf, uploadOf } from './images/images.ts';
import { type JobParts, registerJobs } from './jobs.ts';

const lifecycle = new AsyncDisposableStack();
afterAll(() => lifecycle.disposeAsync());

it('pictures are analysed also while no file may be deleted, and what is left of deleted ones waits on its own', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'vision-jobs-'));
  lifecycle.defer(() => rm(folder, { recursive: true }));
  const blobs = await FolderBlobStore.open(folder);
  const refuse = () => Promise.reject(new CodedError('SERVICE_UNAVAILABLE', 'Files cannot be deleted at the moment.'));
  [blobs.delete, blobs.deleteAll] = [refuse, refuse];
  const heavy = new HeavyWork({ memoryMb: 4_096 });
  const handlers = new Map<string, JobHandler<Prisma.TransactionClient>>();
  const enqueue = vi.fn();
  const queue = {
    enqueue,
    handle: (kind: string, handler: JobHandler<Prisma.TransactionClient>) => handlers.set(kind, handler),
  };
  const count = vi.fn(async () => 1);
  registerJobs({
    db: { image: { count } },
    blobs,
    heavy,
    heic: lifecycle.use(new HeicDecoder(heavy)),
    jobs: queue,
    slowJobs: queue,
  } as unknown as JobParts);
  const analyse = async () => {
    const payload = { imageId: 'one', upload: uploadOf('one', 'first') };
    return handlers.get('analyse')!.run(payload, { signal: AbortSignal.timeout(60_000) } as JobContext);
  };

  const page = await readFile(new URL('./testing/page.png', import.meta.url));
  await blobs.put(uploadOf('one', 'first'), page, { maxBytes: page.byteLength });
  expect(await analyse()).toBeTypeOf('function');
  expect((await blobs.head(originalOf('one')))?.size).toBe(page.byteLength);

  count.mockResolvedValue(0);
  const tx = {} as Prisma.TransactionClient;
  await (await analyse())?.(tx);
  expect(enqueue).toHaveBeenCalledExactlyOnceWith(tx, 'delete-bytes', { imageIds: ['one'] });
});
