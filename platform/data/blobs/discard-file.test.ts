import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { CodedError } from '../../base/errors/errors.ts';
import type { BlobStore } from './blob-store.ts';
import { discardFile } from './discard-file.ts';
import { FolderBlobStore } from './folder-blob-store.ts';

it('a file goes whose row was refused, and stays where the row may have been committed', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'discard-'));
  const blobs = await FolderBlobStore.open(folder);
  const stays = async (failure?: unknown) => {
    await blobs.put('a/file', Buffer.from('x'), { maxBytes: 1 });
    await discardFile(blobs, 'a/file', failure);
    return (await blobs.head('a/file')) !== undefined;
  };
  expect(await stays()).toBe(false);
  expect(await stays(new CodedError('QUOTA_EXCEEDED', 'Too many.'))).toBe(false);
  // The server was killed between the commit and its answer.
  expect(await stays(Object.assign(new Error('Connection terminated unexpectedly')))).toBe(true);
  expect(await stays(Object.assign(new Error('terminated'), { code: '57P01' }))).toBe(true);
  await rm(folder, { recursive: true });
});

it('a storage that is away does not hide why there is no row', async () => {
  const away = { delete: () => Promise.reject(new CodedError('SERVICE_UNAVAILABLE', 'Away.')) };
  await discardFile(away as unknown as BlobStore, 'a/file', new CodedError('QUOTA_EXCEEDED', 'Too many.'));
});
