import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EmbeddedVectorStore } from './embedded-vector-store.ts';

const SCRIPT = path.join(import.meta.dirname, 'testing', 'writing-process.ts');

describe('the embedded store', () => {
  let folder: string;
  const children: ChildProcess[] = [];
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'sextant-durable-'));
  });
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });

  function start(...args: string[]) {
    const child = spawn(process.execPath, [SCRIPT, folder, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    const lines: string[] = [];
    let rest = '';
    child.stdout.on('data', (data: Buffer) => {
      const parts = (rest + data.toString()).split('\n');
      rest = parts.pop()!;
      lines.push(...parts);
    });
    return { child, acknowledged: () => lines.slice(1), ended: once(child, 'close') };
  }

  async function missing(store: EmbeddedVectorStore, ids: readonly string[]): Promise<string[]> {
    const found = new Set((await store.get({ space: 'load' }, ids)).map(({ id }) => id));
    return ids.filter((id) => !found.has(id));
  }

  it('has everything that was acknowledged before a kill -9', async () => {
    const { child, acknowledged, ended } = start('killed');
    await expect.poll(() => acknowledged().length, { timeout: 25_000 }).toBeGreaterThan(200);
    child.kill('SIGKILL');
    await ended;
    await using store = new EmbeddedVectorStore({ folder });
    expect(await missing(store, acknowledged())).toEqual([]);
    const { hits } = await store.search({ space: 'load' }, { mode: 'text', text: acknowledged().at(-1)!, limit: 1 });
    expect(hits[0]?.id).toBe(acknowledged().at(-1));
  });

  it('loses nothing of two processes that write at once, and each finds what the other wrote', async () => {
    await using store = new EmbeddedVectorStore({ folder });
    const one = start('one', '300');
    const two = start('two', '300');
    await Promise.all([one.ended, two.ended]);
    expect(one.acknowledged()).toHaveLength(300);
    expect(two.acknowledged()).toHaveLength(300);
    expect(await missing(store, [...one.acknowledged(), ...two.acknowledged()])).toEqual([]);
    const near = {
      mode: 'vector',
      vector: { values: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8), model: 'm' },
      limit: 1000,
    } as const;
    expect((await store.search({ space: 'load' }, near)).hits).toHaveLength(600);
    // The cache of this process follows what a third one writes and this one deletes.
    const three = start('three', '5');
    await three.ended;
    await store.delete({ space: 'load' }, ['one-0', 'two-7']);
    expect((await store.search({ space: 'load' }, near)).hits).toHaveLength(603);
  });

  it('says what is wrong with a file that is not a database', async () => {
    await writeFile(path.join(folder, 'vectors.db'), 'this is not a database, it is a letter to my aunt'.repeat(100));
    await using store = new EmbeddedVectorStore({ folder });
    await expect(store.spaces()).rejects.toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
      message: expect.stringContaining('not a database'),
    });
    expect(await store.health()).toMatchObject({ status: 'down' });
  });
});
