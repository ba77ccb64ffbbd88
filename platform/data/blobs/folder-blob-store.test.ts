import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { blobStoreContract } from './blob-store.contract.ts';
import { FolderBlobStore } from './folder-blob-store.ts';

const folders: string[] = [];
const newFolder = async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'blobs-'));
  folders.push(folder);
  return folder;
};
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

blobStoreContract('folder', async () => FolderBlobStore.open(await newFolder()));

it('an upload that a killed process left behind is cleared away a day later', async () => {
  const folder = await newFolder();
  await FolderBlobStore.open(folder);
  const [old, recent] = ['old', 'recent'].map((name) => path.join(folder, '.incoming', name)) as [string, string];
  await writeFile(old, 'half');
  await writeFile(recent, 'half');
  const yesterday = new Date(Date.now() - 25 * 3_600_000);
  await utimes(old, yesterday, yesterday);
  await FolderBlobStore.open(folder);
  await expect(rm(old)).rejects.toMatchObject({ code: 'ENOENT' });
  await rm(recent);
});
