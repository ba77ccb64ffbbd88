import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, describe, expect, it } from 'vitest';
import { blobStoreContract } from './blob-store.contract.ts';
import { readBlob } from './blob-store.ts';
import { S3BlobStore, type S3Options } from './s3-blob-store.ts';

const S3_TEST_URL = process.env['S3_TEST_URL'] || undefined;
const skipped = S3_TEST_URL
  ? ''
  : ' [SKIPPED: set S3_TEST_URL to a storage that speaks S3, where tests may make buckets]';

const credentials = { accessKeyId: 'test', secretAccessKey: 'test-secret' };
const server = { endpoint: S3_TEST_URL ?? 'http://127.0.0.1:9', region: 'us-east-1', credentials };

describe.skipIf(!S3_TEST_URL)(`blobs in a bucket${skipped}`, () => {
  const client = new S3Client({ ...server, forcePathStyle: true });
  afterAll(() => client.destroy());

  async function newBucket(): Promise<string> {
    const bucket = `sextant-${randomUUID()}`;
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    return bucket;
  }
  const open = (bucket: string, options: Partial<S3Options> = {}): S3BlobStore =>
    new S3BlobStore({ ...server, bucket, prefix: '', pathStyle: true, direct: false, ...options });
  const unfinished = async (bucket: string) =>
    (await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }))).Uploads ?? [];

  blobStoreContract('S3', async () => open(await newBucket()));
  blobStoreContract('S3 with a prefix', async () => open(await newBucket(), { prefix: 'team/product/' }));

  it('stores in parts what is larger than a part, and gives it back to the byte', async () => {
    const bucket = await newBucket();
    await using store = open(bucket);
    const part = new Uint8Array(1024 * 1024 + 7).map((_, index) => index % 251);
    const body = (async function* () {
      for (let i = 0; i < 12; i++) yield part;
    })();
    const { size } = await store.put('large', body, { maxBytes: 1e9 });
    expect(size).toBe(12 * part.byteLength);
    const stored = await readBlob(store, 'large');
    expect(Buffer.from(stored!).equals(Buffer.concat(Array(12).fill(part)))).toBe(true);
    expect(await unfinished(bucket)).toEqual([]);
  });

  it.each([
    ['breaks off', 'hung up', undefined],
    ['is too large', 'larger than', 6_000_000],
  ])('no part stays of an upload that %s after its first parts', async (_, message, maxBytes = 1e9) => {
    const bucket = await newBucket();
    await using store = open(bucket);
    const body = (async function* () {
      for (let i = 0; i < 8; i++) yield new Uint8Array(1024 * 1024);
      throw new Error('hung up');
    })();
    await expect(store.put('large', body, { maxBytes })).rejects.toThrow(message);
    expect(await store.head('large')).toBeUndefined();
    expect(await unfinished(bucket)).toEqual([]);
  });

  it('ends what a killed process left unfinished, and not what is younger or lies elsewhere in the bucket', async () => {
    const bucket = await newBucket();
    await using store = open(bucket, { prefix: 'mine/' });
    for (const Key of ['mine/a', 'theirs/b'])
      await client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key }));
    expect(await store.endAbandoned(Number.POSITIVE_INFINITY)).toBe(0);
    expect(await store.endAbandoned(0)).toBe(1);
    expect((await unfinished(bucket)).map(({ Key }) => Key)).toEqual(['theirs/b']);
  });

  it('two installations share a bucket and do not see one another', async () => {
    const bucket = await newBucket();
    await using one = open(bucket, { prefix: 'one/' });
    await using two = open(bucket, { prefix: 'two/' });
    await one.put('a/k', new Uint8Array([1]), { maxBytes: 1 });
    expect(await two.head('a/k')).toBeUndefined();
    expect(await two.deleteAll('a/')).toBe(0);
    expect(await one.head('a/k')).toMatchObject({ size: 1 });
  });

  it('deletes more than one request may name', async () => {
    await using store = open(await newBucket());
    const keys = Array.from({ length: 1_003 }, (_, index) => `many/${index}`);
    for (let i = 0; i < keys.length; i += 50)
      await Promise.all(keys.slice(i, i + 50).map((key) => store.put(key, new Uint8Array(), { maxBytes: 0 })));
    expect(await store.deleteAll('many/')).toBe(1_003);
    expect(await store.deleteAll('many/')).toBe(0);
  });

  it('asks the server to encrypt', async () => {
    const bucket = await newBucket();
    await using store = open(bucket, { encryption: { algorithm: 'AES256' } });
    await store.put('k', new Uint8Array([1]), { maxBytes: 1 });
    const head = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: 'k' }));
    expect(head.ServerSideEncryption).toBe('AES256');
  });

  it('signs a link that downloads the blob with the type and name that are given, where clients may', async () => {
    const bucket = await newBucket();
    await using store = open(bucket, { direct: true });
    await store.put('k', new TextEncoder().encode('hello'), { maxBytes: 5 });
    const download = { expiresInS: 60, contentType: 'text/plain', disposition: 'attachment; filename="a.txt"' };
    const answer = await fetch((await store.downloadUrl('k', download))!);
    expect(await answer.text()).toBe('hello');
    expect(answer.headers.get('content-type')).toBe('text/plain');
    expect(answer.headers.get('content-disposition')).toBe(download.disposition);
    await using closed = open(bucket);
    expect(await closed.downloadUrl('k', download)).toBeUndefined();
  });

  it('a bucket that is not there is a fault, and not an empty store', async () => {
    await using store = open('sextant-no-such-bucket');
    await expect(store.get('k')).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    await expect(store.list('').next()).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    expect(await store.health()).toMatchObject({ status: 'down' });
  });
});

it('storage that is away is unavailable for each call, says so in its health, and names no address', async () => {
  await using store = new S3BlobStore({
    ...server,
    endpoint: 'http://127.0.0.1:9',
    bucket: 'b',
    prefix: '',
    pathStyle: true,
    direct: false,
  });
  for (const call of [
    () => store.put('k', new Uint8Array([1]), { maxBytes: 1 }),
    () =>
      store.put(
        'k',
        (async function* () {
          yield new Uint8Array([1]);
        })(),
        { maxBytes: 1 },
      ),
    () => store.get('k'),
    () => store.head('k'),
    () => store.delete('k'),
    () => store.deleteAll('k/'),
  ]) {
    const error = await call().then(
      () => undefined,
      (reason: Error) => reason,
    );
    expect(error).toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    expect(error?.message).not.toContain('127.0.0.1');
  }
  expect(await store.health()).toEqual({ status: 'down', detail: 'the bucket cannot be reached (ECONNREFUSED)' });
});

it.each([
  ['falls silent', (answer: ServerResponse) => answer],
  ['hangs up', (answer: ServerResponse) => answer.destroy()],
])('storage that %s in the middle of a file is unavailable, and holds up nothing that reads it', async (_, then) => {
  const half = createServer((_request, answer) => {
    answer.writeHead(200, { 'content-length': '1000' });
    answer.write('x'.repeat(500), () => setImmediate(then, answer));
  });
  await once(half.listen(0, '127.0.0.1'), 'listening');
  try {
    const endpoint = `http://127.0.0.1:${(half.address() as AddressInfo).port}`;
    const where = { bucket: 'b', prefix: '', pathStyle: true, direct: false, silenceMs: 200 };
    await using store = new S3BlobStore({ ...server, ...where, endpoint });
    await expect(readBlob(store, 'k')).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  } finally {
    half.closeAllConnections();
    half.close();
  }
});

it('storage that is stopped is down for /health, which waits no longer than it likes', async () => {
  const stopped = createServer(() => {});
  await once(stopped.listen(0, '127.0.0.1'), 'listening');
  try {
    const endpoint = `http://127.0.0.1:${(stopped.address() as AddressInfo).port}`;
    const where = { bucket: 'b', prefix: '', pathStyle: true, direct: false };
    await using store = new S3BlobStore({ ...server, ...where, endpoint });
    const detail = 'the bucket cannot be reached (no answer)';
    expect(await store.health(AbortSignal.timeout(100))).toEqual({ status: 'down', detail });
  } finally {
    stopped.closeAllConnections();
    stopped.close();
  }
});

it('a file that is left unread gives its connection back', async () => {
  const left = Promise.withResolvers<void>();
  const endless = createServer((_request, answer) => {
    answer.once('close', left.resolve);
    answer.writeHead(200, { 'content-length': '1000000000' });
    answer.write('x');
  });
  await once(endless.listen(0, '127.0.0.1'), 'listening');
  try {
    const endpoint = `http://127.0.0.1:${(endless.address() as AddressInfo).port}`;
    await using store = new S3BlobStore({
      ...server,
      endpoint,
      bucket: 'b',
      prefix: '',
      pathStyle: true,
      direct: false,
    });
    const blob = await store.get('k');
    await blob!.stream.cancel();
    await left.promise;
  } finally {
    endless.closeAllConnections();
    endless.close();
  }
});
