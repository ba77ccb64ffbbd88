import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CreateBucketCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestUser } from './testing/client.ts';
import { MODES } from './testing/modes.ts';
import type { RunningGraph } from './testing/sextant.ts';

const S3_TEST_URL = process.env['S3_TEST_URL'] || undefined;
const noBucket = S3_TEST_URL
  ? ''
  : ' [SKIPPED: set S3_TEST_URL to a storage that speaks S3, where tests may make buckets]';

const credentials = { accessKeyId: 'test', secretAccessKey: 'test-secret' };
const text = 'The lighthouse of Alexandria stood on the island of Pharos. '.repeat(20);

interface Document {
  readonly id: string;
  readonly status: string;
  readonly originalUrl: string | null;
}

describe.each(MODES)(`files in a bucket, %s${noBucket}`, (_title, notHere, start) => {
  const skipped = notHere || S3_TEST_URL === undefined;
  const lifecycle = new AsyncDisposableStack();
  const client = new S3Client({
    endpoint: S3_TEST_URL ?? 'http://127.0.0.1:9',
    region: 'us-east-1',
    credentials,
    forcePathStyle: true,
  });
  const bucket = `sextant-${randomUUID()}`;
  let folder: string;
  let graph: RunningGraph;
  let user: TestUser;
  beforeAll(async () => {
    if (skipped) return;
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    folder = await mkdtemp(path.join(tmpdir(), 'sextant-bucket-'));
    lifecycle.defer(() => rm(folder, { recursive: true, force: true }));
    graph = await start(
      {
        SEXTANT_DIR: folder,
        BLOBS_S3_BUCKET: bucket,
        BLOBS_S3_ENDPOINT: S3_TEST_URL!,
        BLOBS_S3_PREFIX: 'product/',
        BLOBS_S3_ACCESS_KEY_ID: credentials.accessKeyId,
        BLOBS_S3_SECRET_ACCESS_KEY: credentials.secretAccessKey,
        BLOBS_S3_DIRECT: 'true',
      },
      lifecycle,
    );
    user = await TestUser.signUp(graph.url);
  }, 180_000);
  afterAll(async () => {
    await lifecycle.disposeAsync();
    client.destroy();
  });

  /** The keys of all files, beside the marks by which an installation claims them. */
  const files = async (): Promise<string[]> =>
    ((await client.send(new ListObjectsV2Command({ Bucket: bucket }))).Contents ?? [])
      .map(({ Key }) => Key!)
      .filter((key) => !/^product\/(claims|uses)\//.test(key));
  const read = async (id: string): Promise<Document | null> =>
    (
      await user.run<{ document: Document | null }, { id: string }>(
        'query ($id: ID!) { document(id: $id) { id status originalUrl } }',
        { id },
      )
    ).document;

  it.skipIf(skipped)(
    'a document is uploaded, read, downloaded from the bucket and deleted; no file is on the disk',
    async () => {
      const bytes = new TextEncoder().encode(text);
      const { createDocumentUpload } = await user.run<
        { createDocumentUpload: { document: Document; upload: { url: string; method: string } } },
        { input: object }
      >(
        'mutation ($input: CreateDocumentUploadInput!) { createDocumentUpload(input: $input) { document { id } upload { url method } } }',
        {
          input: { fileName: 'lighthouse.txt', contentType: 'text/plain', size: bytes.byteLength },
        },
      );
      const { document, upload } = createDocumentUpload;
      const here = (url: string): string => graph.url + new URL(url).pathname + new URL(url).search;
      const stored = await fetch(here(upload.url), {
        method: upload.method,
        headers: { 'content-type': 'text/plain' },
        body: bytes,
      });
      expect(stored.status).toBe(200);
      await expect.poll(async () => (await read(document.id))?.status, { timeout: 30_000 }).toBe('READY');

      const link = (await read(document.id))!.originalUrl!;
      const answer = await fetch(here(link), { redirect: 'manual' });
      expect(answer.status).toBe(303);
      const direct = await fetch(answer.headers.get('location')!);
      expect(await direct.text()).toBe(text);
      expect(direct.headers.get('content-disposition')).toBe("attachment; filename*=UTF-8''lighthouse.txt");
      expect((await files()).every((key) => key.startsWith(`product/memory/documents/${document.id}/`))).toBe(true);
      expect(existsSync(path.join(folder, 'blobs'))).toBe(false);

      await user.run('mutation ($input: DeleteDocumentInput!) { deleteDocument(input: $input) { __typename } }', {
        input: { id: document.id },
      });
      await expect.poll(files, { timeout: 30_000 }).toEqual([]);
    },
    120_000,
  );
});
