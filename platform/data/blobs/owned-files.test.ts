import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import type { JobHandler, Jobs } from '../jobs/jobs.ts';
import type { SqlClient, SqlTransaction } from '../outbox/outbox.ts';
import { FolderBlobStore } from './folder-blob-store.ts';
import { OwnedFiles } from './owned-files.ts';

it('files are compared with rows where the storage does not tell of uploads that were left unfinished', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'owned-files-'));
  await using blobs = await FolderBlobStore.open(folder);
  blobs.endAbandoned = () => Promise.reject(new Error('AccessDenied: s3:ListBucketMultipartUploads'));
  const handlers: JobHandler<SqlTransaction>[] = [];
  const metrics = new Registry();
  new OwnedFiles({
    owner: 'vision',
    client: {
      $queryRawUnsafe: async (sql: string) => (sql.startsWith('INSERT') ? [{ claimedAt: new Date() }] : []),
    } as unknown as SqlClient<SqlTransaction>,
    used: { blobs, isContested: () => false },
    rows: {
      prefix: 'vision/',
      strangers: async () => [],
      needed: async () => ({ keys: ['vision/1/original'], next: undefined }),
    },
    jobs: {
      handle: (_: string, handler: JobHandler<SqlTransaction>) => handlers.push(handler),
    } as unknown as Jobs<SqlTransaction>,
    log: pino({ level: 'silent' }),
    metrics,
  });
  const context = { id: randomUUID(), attempt: 1, signal: new AbortController().signal, progress: () => {} };
  const written: unknown[][] = [];
  const effect = await handlers[0]!.run(null, context);
  await effect!({
    $executeRawUnsafe: async (_: string, ...values: unknown[]) => written.push(values),
  } as unknown as SqlTransaction);
  expect(written).toEqual([[context.id, 0, 1]]);
  await rm(folder, { recursive: true });
});
