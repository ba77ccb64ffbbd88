import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, expect, it } from 'vitest';
import { HeavyWork } from '#platform/base/thread/heavy-work.ts';
import { FolderBlobStore } from '#platform/data/blobs/folder-blob-store.ts';
import { UrlSigner } from '#platform/identity/signed-urls/url-signer.ts';
import { type ImageRow, originalOf } from './images.ts';
import { linkTo, serveVariant, type VariantRequest } from './variants.ts';

const lifecycle = new AsyncDisposableStack();
afterAll(() => lifecycle.disposeAsync());

/** Stores a picture of so many pixels. @returns what serves variants of it, AVIF unless the request says more. */
async function variantsOf(width: number, height: number) {
  const folder = await mkdtemp(path.join(tmpdir(), 'variants-'));
  lifecycle.defer(() => rm(folder, { recursive: true }));
  const blobs = await FolderBlobStore.open(folder);
  const urls = new UrlSigner(['a secret of at least 32 characters!!'], 'http://sextant');
  const heavy = new HeavyWork({ memoryMb: 4096 });
  const picture = sharp({ create: { width, height, channels: 3, background: '#336699' } });
  await blobs.put(originalOf('1'), await picture.jpeg().toBuffer(), { maxBytes: 1e7 });
  const image = { id: '1', contentType: 'image/jpeg', analysis: null } as ImageRow;
  return (request: Partial<VariantRequest>) => {
    const url = linkTo(urls, image, { format: 'AVIF', fit: 'INSIDE', page: 1, original: false, ...request });
    const name = new URL(url).pathname.split('/').at(-1)!;
    return serveVariant({ urls, blobs, heavy }, '1', name, new Request(url.replace('/_/vision', '')));
  };
}

it('an AVIF of more pixels than its encoder has memory for is refused with what to ask for instead', async () => {
  const serve = await variantsOf(6000, 3000);
  await expect(serve({})).rejects.toThrow(/format is AVIF, .* 18 megapixels; at most 17 .* smaller width, or for WEBP/);
  const { width, height, format } = await sharp(await (await serve({ width: 300 })).arrayBuffer()).metadata();
  expect([width, height, format]).toEqual([300, 150, 'heif']);
  const tall = await serve({ width: 40, height: 80, fit: 'COVER' });
  expect(await sharp(await tall.arrayBuffer()).metadata()).toMatchObject({ width: 40, height: 80 });
});

it('of many sizes that are asked for at once, as many are made as there is room for, and the others are refused', async () => {
  const variant = await variantsOf(400, 300);
  const serve = (width: number) => variant({ width, format: 'WEBP' });
  const answers = await Promise.allSettled(Array.from({ length: 60 }, (_, i) => serve(i + 10)));
  expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(24);
  const refused = answers.find((answer) => answer.status === 'rejected')!;
  expect(refused.reason).toMatchObject({ code: 'SERVICE_UNAVAILABLE', extensions: { retryAfter: 5 } });
  // There is room again afterwards.
  expect((await serve(200)).status).toBe(200);
});
