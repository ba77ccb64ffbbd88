import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { checkDataFolder, unopened } from './data-folder.ts';

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(path.join(tmpdir(), 'data-folder-'));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const put = (...names: readonly string[]) => {
  for (const name of names) {
    mkdirSync(path.dirname(path.join(dataDir, name)), { recursive: true });
    writeFileSync(path.join(dataDir, name), 'x');
  }
};
const WHOLE = ['PG_VERSION', 'base/1/1', 'global/pg_control', 'pg_wal/1'].map((name) => `postgres/${name}`);

it('a new database is made in a folder that holds nothing of an earlier one', () => {
  checkDataFolder(path.join(dataDir, 'nowhere'));
  put('secret', 'lock.db', 'blobs/.incoming/1');
  mkdirSync(path.join(dataDir, 'postgres'));
  checkDataFolder(dataDir);
  put(...WHOLE, 'vectors/vectors.db');
  checkDataFolder(dataDir);
});

it('no new database is made over one that is damaged, nor beside files and vectors without one', () => {
  put(...WHOLE.slice(1));
  expect(() => checkDataFolder(dataDir)).toThrow(/damaged: it lacks PG_VERSION\. Nothing was changed.*restore FILE/);
  rmSync(path.join(dataDir, 'postgres'), { recursive: true });
  put('vectors/vectors.db', 'blobs/vision/1/original');
  expect(() => checkDataFolder(dataDir)).toThrow(
    /vectors\.db, blobs\/vision, and the database .* is gone .*or is DATABASE_URL missing\?.*sextant reset/,
  );
});

it('a database that cannot be opened says so in one line', () => {
  expect(unopened(new Error('Aborted()'), dataDir).message).toMatch(/cannot be opened \(Aborted\(\)\).*damaged[^\n]*$/);
  for (const [message, code] of [
    ['Worker terminated due to reaching memory limit: JS heap out of memory', 'ERR_WORKER_OUT_OF_MEMORY'],
    ['WebAssembly.instantiate(): Out of memory: Cannot allocate Wasm memory for new instance'],
    ['Aborted(OOM). Build with -sASSERTIONS for more info.'],
    ['EMFILE: too many open files', 'EMFILE'],
  ]) {
    const scarce = unopened(Object.assign(new Error(`${message}\n    at more`), { code }), dataDir).message;
    expect(scarce).toMatch(/cannot be opened .*more memory[^\n]*$/);
    expect(scarce).not.toMatch(/damaged|reset/);
  }
  expect(unopened(new Error('No such module'), dataDir).message).toMatch(/\(No such module\)\. Nothing was changed\.$/);
  const full = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
  expect(unopened(full, dataDir).message).toMatch(/^SEXTANT_DIR: the disk of .* is full .*Free room/);
});
