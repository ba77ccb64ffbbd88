import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { FolderBlobStore } from '../../data/blobs/folder-blob-store.ts';
import { receiveUpload } from './receive-upload.ts';
import type { Grant } from './url-signer.ts';

let folder: string;
let blobs: FolderBlobStore;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'uploads-'));
  blobs = await FolderBlobStore.open(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));
afterEach(() => void vi.useRealTimers());

const grant: Grant = {
  subgraph: 'memory',
  method: 'PUT',
  path: '/uploads/1',
  expiresAt: new Date(),
  maxBytes: 10,
  contentType: 'text/plain',
};
const put = (body: BodyInit | null, headers: Record<string, string> = {}) =>
  new Request('http://x/uploads/1', {
    method: 'PUT',
    body,
    headers: { 'content-type': 'text/plain;charset=UTF-8', ...headers },
    duplex: 'half',
  } as RequestInit);

it('stores what was sent', async () => {
  expect(await receiveUpload(put('0123456789'), grant, blobs, 'ok')).toMatchObject({ key: 'ok', size: 10 });
});

it('refuses another type before it reads anything', async () => {
  const request = put('hello', { 'content-type': 'application/pdf' });
  await expect(receiveUpload(request, grant, blobs, 'type')).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  expect(request.bodyUsed).toBe(false);
});

it('refuses a declared size above the limit before it reads anything', async () => {
  const request = put('hello', { 'content-length': '200000000' });
  await expect(receiveUpload(request, grant, blobs, 'declared')).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
  expect(request.bodyUsed).toBe(false);
});

it('refuses more than was declared while it is sent', async () => {
  let pulled = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulled++;
      controller.enqueue(new Uint8Array(4));
    },
  });
  const request = put(endless);
  await expect(receiveUpload(request, grant, blobs, 'endless')).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
  expect(pulled).toBeLessThan(10);
  expect(await blobs.head('endless')).toBeUndefined();
});

it('refuses no body', async () => {
  await expect(receiveUpload(put(null), grant, blobs, 'none')).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
});

it('ends an upload that stands still', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const stalling = new ReadableStream<Uint8Array>({ pull: () => new Promise(() => {}) });
  const received = receiveUpload(put(stalling), grant, blobs, 'stalled');
  const outcome = expect(received).rejects.toMatchObject({ code: 'TIMEOUT' });
  await vi.waitFor(() => expect(vi.getTimerCount()).toBe(1));
  vi.advanceTimersByTime(30_000);
  await outcome;
  expect(await blobs.head('stalled')).toBeUndefined();
});
