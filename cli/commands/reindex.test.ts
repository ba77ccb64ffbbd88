import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { lastMissing } from '#platform/data/blobs/owned-files.ts';
import { MemoryWorld, user } from '../../subgraphs/memory/testing/memory-world.ts';

it('sextant reindex makes a lost index again, removes files without a row, and names files that are gone', async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'sextant-reindex-'));
  const world = await MemoryWorld.open({}, directory);
  await world.ask(user(), 'mutation ($input: RememberInput!) { remember(input: $input) { memories { id } } }', {
    input: { memories: [{ text: 'The key is under the mat.' }] },
  });
  const added = await world.ask(
    user(),
    'mutation ($input: AddDocumentInput!) { addDocument(input: $input) { document { id } } }',
    { input: { title: 'Keys', text: 'The key is under the mat.', format: 'TEXT' } },
  );
  await world.idle();
  const before = await world.indexed();
  await (await world.vectors()).deleteSpace('memories');
  const lost = `memory/documents/${added.data.addDocument.document.id}/original`;
  await world.blobs.delete(lost);
  await world[Symbol.asyncDispose]();
  const stray = path.join(directory, 'blobs', 'vision', randomUUID());
  await mkdir(stray, { recursive: true });
  await writeFile(path.join(stray, 'original'), 'picture');
  const longAgo = new Date(Date.now() - 25 * 3_600_000);
  await utimes(path.join(stray, 'original'), longAgo, longAgo);

  const sextant = new URL('../sextant.ts', import.meta.url).pathname;
  const env = { PATH: process.env['PATH'], HOME: directory, SEXTANT_DIR: directory, LLM_DISCOVERY: 'false' };
  const reindex = (...options: string[]) =>
    promisify(execFile)(process.execPath, [sextant, 'reindex', ...options], { env, timeout: 90_000 });
  // What the files are waiting for does not keep the indexes from being made again.
  await writeFile(path.join(directory, 'blobs', 'claims', 'memory'), randomUUID());
  const refused = await reindex().catch((error: { stdout: string; stderr: string }) => error);
  expect(refused.stderr).toMatch(/The files of memory are claimed by another installation.*files were not compared/s);
  expect(refused.stdout).toContain('The indexes of memory agree with what is stored.');

  const { stdout } = await reindex('--remove-files');
  expect(stdout).toContain('vision: removed 1 files that belonged to no row (7 bytes).');
  expect(stdout).toContain(`memory: 1 of 2 files that rows name are missing, such as ${lost}.`);
  expect(await readdir(path.join(directory, 'blobs', 'vision'))).toEqual([]);
  expect(stdout).toMatch(/The indexes of memory agree with what is stored\.\n$/);

  const after = await MemoryWorld.open({}, directory);
  expect(await after.indexed()).toEqual(before);
  // The product says what was found when it looks next, not a day later.
  expect(await lastMissing(after.db)).toBe(1);
  await after[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
}, 180_000);
