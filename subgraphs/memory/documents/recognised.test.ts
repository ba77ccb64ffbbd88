import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { FolderBlobStore } from '#platform/data/blobs/folder-blob-store.ts';
import { forgetRecognised, readRecognised, storeRecognised } from './recognised.ts';

it('what was read in pictures is forgotten, also in a storage that deletes nothing for now', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'recognised-'));
  const blobs = await FolderBlobStore.open(folder);
  blobs.delete = () => Promise.reject(new Error('Nothing may be deleted.'));
  const read = { pages: [1, 2], texts: { 1: 'One' } };
  await forgetRecognised(blobs, 'a');
  expect(await readRecognised(blobs, 'a')).toBe(undefined);
  await storeRecognised(blobs, 'a', read);
  expect(await readRecognised(blobs, 'a')).toEqual(read);
  await forgetRecognised(blobs, 'a');
  expect(await readRecognised(blobs, 'a')).toBe(undefined);
  await rm(folder, { recursive: true });
});
