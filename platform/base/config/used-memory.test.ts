import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { MemoryGroup, usedMemory } from './used-memory.ts';

const MIB = 1024 ** 2;

/** The folder of a group, as the kernel shows it. */
async function folderOf(files: Record<string, string>) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'sextant-group-'));
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text);
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

it('a container uses what cannot be dropped: what the kernel keeps of files does not count, in both versions', async () => {
  await using second = await folderOf({
    'memory.max': `${512 * MIB}\n`,
    'memory.current': `${300 * MIB}\n`,
    'memory.stat': `anon ${200 * MIB}\ninactive_anon 7\nactive_anon 9\ninactive_file ${40 * MIB}\nactive_file ${20 * MIB}\n`,
  });
  expect(await (await MemoryGroup.open(second.folder, 512))!.usedMb()).toBe(240);
  await using first = await folderOf({
    'memory.limit_in_bytes': `${512 * MIB}\n`,
    'memory.usage_in_bytes': `${300 * MIB}\n`,
    'memory.stat': `inactive_file 1\nactive_file 1\ntotal_inactive_file ${40 * MIB}\ntotal_active_file ${20 * MIB}\n`,
  });
  expect(await (await MemoryGroup.open(first.folder, 512))!.usedMb()).toBe(240);
});

it('a container without a limit, or with a larger one than is asked about, says nothing of this process', async () => {
  await using unlimited = await folderOf({ 'memory.max': 'max\n', 'memory.current': '1\n', 'memory.stat': '' });
  expect(await MemoryGroup.open(unlimited.folder, 512)).toBeUndefined();
  await using larger = await folderOf({ 'memory.max': `${4_096 * MIB}\n`, 'memory.current': '1\n', 'memory.stat': '' });
  expect(await MemoryGroup.open(larger.folder, 512)).toBeUndefined();
  expect(await MemoryGroup.open(path.join(os.tmpdir(), 'no such folder'), 512)).toBeUndefined();
});

it('without a container of that size, what this process itself uses is told', async () => {
  const used = await usedMemory(64)();
  expect(used).toBeGreaterThan(10);
  expect(used).toBeLessThanOrEqual(process.memoryUsage.rss() / MIB + 64);
});
