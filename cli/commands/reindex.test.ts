import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { MemoryWorld, user } from '../../subgraphs/memory/testing/memory-world.ts';

it('sextant reindex makes a lost index again, and says when it agrees', async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'sextant-reindex-'));
  const world = await MemoryWorld.open({}, directory);
  await world.ask(user(), 'mutation ($input: RememberInput!) { remember(input: $input) { memories { id } } }', {
    input: { memories: [{ text: 'The key is under the mat.' }] },
  });
  await world.idle();
  const before = await world.indexed();
  await (await world.vectors()).deleteSpace('memories');
  await world[Symbol.asyncDispose]();

  const sextant = new URL('../sextant.ts', import.meta.url).pathname;
  const env = { PATH: process.env['PATH'], HOME: directory, SEXTANT_DIR: directory, LLM_DISCOVERY: 'false' };
  const { stdout } = await promisify(execFile)(process.execPath, [sextant, 'reindex'], { env, timeout: 90_000 });
  expect(stdout).toMatch(/The indexes of memory agree with what is stored\.\n$/);

  const after = await MemoryWorld.open({}, directory);
  expect(await after.indexed()).toEqual(before);
  await after[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
}, 180_000);
