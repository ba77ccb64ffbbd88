import { mkdtemp, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { compareFiles, type FileRows, GRACE_MS } from './compare-files.ts';
import { FolderBlobStore } from './folder-blob-store.ts';

let folder: string;
let blobs: FolderBlobStore;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'compare-files-'));
  blobs = await FolderBlobStore.open(folder);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const longAgo = new Date(Date.now() - GRACE_MS - 1_000);

async function store(key: string, modifiedAt?: Date): Promise<void> {
  await blobs.put(key, Buffer.from('12345'), { maxBytes: 5 });
  if (modifiedAt) await utimes(path.join(folder, key), modifiedAt, modifiedAt);
}

/** Rows that name these files, and need them. */
const rowsOf = (...named: string[]): FileRows => ({
  prefix: 'a/',
  strangers: async (keys) => keys.filter((key) => !named.includes(key)),
  needed: async (after, limit) => {
    const from = after === undefined ? 0 : named.indexOf(after) + 1;
    const keys = named.slice(from, from + limit);
    return { keys, next: keys.length === limit ? keys.at(-1) : undefined };
  },
});

const there = async (): Promise<string[]> => {
  const keys: string[] = [];
  for await (const { key } of blobs.list('')) keys.push(key);
  return keys.sort();
};

it('a file without a row goes when its upload must be over; what a row names, and what is not the owner’s, stays', async () => {
  await store('a/1/orphan', longAgo);
  await store('a/2/named', longAgo);
  await store('a/3/new');
  await store('b/1/other', longAgo);
  expect(await compareFiles(blobs, rowsOf('a/2/named'))).toEqual({
    files: 3,
    strangers: 1,
    removed: 1,
    removedBytes: 5,
    needed: 1,
    missing: 0,
    examples: [],
  });
  expect(await there()).toEqual(['a/2/named', 'a/3/new', 'b/1/other']);
});

it('a file whose row comes, or that is stored again, while files are compared stays', async () => {
  await store('a/1/row', longAgo);
  await store('a/2/restored', longAgo);
  const rows = rowsOf();
  let asked = 0;
  const { removed } = await compareFiles(blobs, {
    ...rows,
    async strangers(keys) {
      if (++asked === 1) return keys;
      await store('a/2/restored');
      return keys.filter((key) => key !== 'a/1/row');
    },
  });
  expect(removed).toBe(0);
  expect(await there()).toEqual(['a/1/row', 'a/2/restored']);
});

it('what rows need and is gone is counted, in all pages, and not what was deleted meanwhile', async () => {
  const named = Array.from({ length: 450 }, (_, index) => `a/${index}/file`);
  const lost = new Set(['a/3/file', 'a/222/file', 'a/449/file', 'a/7/file']);
  await Promise.all(named.filter((key) => !lost.has(key)).map((key) => store(key)));
  const rows = rowsOf(...named);
  const found = await compareFiles(blobs, {
    ...rows,
    strangers: async (keys) => keys.filter((key) => key === 'a/7/file'),
  });
  expect(found).toMatchObject({ needed: 450, missing: 3, examples: ['a/3/file', 'a/222/file', 'a/449/file'] });
});

it('nothing is removed where most files have no row, unless that is what is wanted', async () => {
  for (let index = 0; index < 101; index++) await store(`a/${index}/file`, longAgo);
  await expect(compareFiles(blobs, rowsOf('a/1/file'))).resolves.toMatchObject({ removed: 100 });
  for (let index = 0; index < 102; index++) await store(`a/${index}/file`, longAgo);
  await expect(compareFiles(blobs, rowsOf('a/1/file'))).rejects.toThrow('101 of 102 files in a/ belong to no row');
  await expect(compareFiles(blobs, rowsOf('a/1/file'), { removes: 'none' })).resolves.toMatchObject({
    strangers: 101,
    removed: 0,
  });
  expect(await there()).toHaveLength(102);
  await expect(compareFiles(blobs, rowsOf('a/1/file'), { removes: 'all' })).resolves.toMatchObject({ removed: 101 });
});
