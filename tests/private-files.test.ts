import { chmodSync, lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { TestUser } from './testing/client.ts';
import { freePort, runToEnd, SextantProcess } from './testing/sextant.ts';

// As on most machines, and as loose as it gets: tests inherit it, and so does what they start.
const before = process.umask(0);
const folder = mkdtempSync(path.join(tmpdir(), 'sextant-private-'));
const data = path.join(folder, 'data');
afterAll(() => {
  process.umask(before);
  rmSync(folder, { recursive: true, force: true });
});

/** The folder and all that is in it, hidden files too. */
const filesOf = (root: string): string[] => [
  root,
  ...readdirSync(root, { recursive: true, encoding: 'utf8' }).map((name) => path.join(root, name)),
];

/** What another user of the machine could read, write or open below a folder, with its mode. */
const open = (root: string): string[] =>
  filesOf(root)
    .map((file) => [file, lstatSync(file, { throwIfNoEntry: false })?.mode ?? 0] as const)
    .filter(([, mode]) => (mode & 0o077) !== 0)
    .map(([file, mode]) => `${path.relative(root, file) || '.'} ${(mode & 0o777).toString(8)}`);

const start = async () =>
  SextantProcess.start(['up', '--no-banner'], {
    SEXTANT_DIR: data,
    PORT: String(await freePort()),
    NODE_COMPILE_CACHE: path.join(folder, 'compiled'),
  });

it('everything that is stored is its user’s alone, whatever the umask; so are backups, exports and what they restore', async () => {
  const first = await start();
  await TestUser.signUp(first.url);
  expect(open(data)).toEqual([]);
  await first.stop();
  expect(open(data)).toEqual([]);
  expect(filesOf(data).length).toBeGreaterThan(500);

  const env = { SEXTANT_DIR: data };
  const [backup, exported] = [path.join(folder, 'all.tar.gz'), path.join(folder, 'vectors.jsonl.gz')];
  await runToEnd(['backup', backup], env);
  await runToEnd(['vectors', 'export', exported], env);
  for (const file of [backup, exported]) expect((lstatSync(file).mode & 0o777).toString(8)).toBe('600');

  // As an earlier version left it, or a copy by hand.
  for (const file of filesOf(data)) chmodSync(file, 0o777);
  const second = await start();
  expect((lstatSync(data).mode & 0o777).toString(8)).toBe('700');
  await expect.poll(() => open(data), { timeout: 10_000 }).toEqual([]);
  await second.stop();

  const restored = path.join(folder, 'restored');
  await runToEnd(['restore', backup], { SEXTANT_DIR: restored });
  expect(filesOf(restored).length).toBeGreaterThan(500);
  expect(open(restored)).toEqual([]);
}, 300_000);
