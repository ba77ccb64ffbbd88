import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exportArchive, importArchive } from './archive.ts';
import { EmbeddedVectorStore } from './embedded/embedded-vector-store.ts';

describe('an archive', () => {
  let folder: string;
  let from: EmbeddedVectorStore;
  let to: EmbeddedVectorStore;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'sextant-archive-'));
    from = new EmbeddedVectorStore({ folder: path.join(folder, 'from') });
    to = new EmbeddedVectorStore({ folder: path.join(folder, 'to') });
    const vectors = { main: { model: 'm', dimensions: 3, metric: 'cosine' as const, threshold: 0.4 } };
    await from.ensureSpace({ name: 'shared', vectors, active: 'main', fields: { year: 'number' }, multiTenant: false });
    await from.ensureSpace({ name: 'owned', vectors, active: 'main', fields: {}, multiTenant: true });
    const objects = Array.from({ length: 1200 }, (_, i) => ({
      id: `o${i}`,
      text: `text ${i}`,
      properties: { year: i, more: [null, { a: 'b' }] },
      vectors: { main: Float32Array.of(i, 1, 2) },
    }));
    await from.upsert({ space: 'shared' }, objects);
    for (const tenant of ['ada', 'bob']) await from.upsert({ space: 'owned', tenant }, objects.slice(0, 3));
  });
  afterEach(async () => {
    await from[Symbol.asyncDispose]();
    await to[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });
  const lines = async (store = from) => {
    const all: string[] = [];
    for await (const line of exportArchive(store)) all.push(line);
    return all;
  };
  async function* read(given: readonly string[]) {
    yield* given;
  }

  it('carries everything from one store to another: equal counts, equal checksum', async () => {
    const archive = await lines();
    const summary = await importArchive(to, read(archive));
    expect(summary).toMatchObject({ spaces: 2, objects: 1206 });
    expect(await lines(to)).toEqual(archive);
    expect((await to.stats()).spaces).toEqual((await from.stats()).spaces);
  });

  it('can be imported again', async () => {
    const archive = await lines();
    await importArchive(to, read(archive));
    await importArchive(to, read(archive));
    expect((await to.aggregate({ space: 'shared' })).count).toBe(1200);
  });

  it('that was cut off, changed or is none is refused, and the line is named', async () => {
    const archive = await lines();
    await expect(importArchive(to, read(archive.slice(0, -1)))).rejects.toMatchObject({
      message: expect.stringContaining('cut off'),
    });
    await expect(importArchive(to, read(archive.toSpliced(5, 1)))).rejects.toMatchObject({
      message: expect.stringContaining('checksum'),
    });
    await expect(importArchive(to, read(['{"what":"else"}']))).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      message: expect.stringContaining('Line 1'),
    });
  });
});
