import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { watchFiles } from './watch-files.ts';

async function watched(file: string) {
  let changes = 0;
  const watcher = watchFiles(() => void changes++);
  onTestFinished(() => watcher.close());
  await watcher.follow([file], await watcher.mark());
  return () => changes;
}
const folderFor = (name: string) => mkdtempSync(path.join(tmpdir(), name));

it('sees a ConfigMap change: the link of the folder behind the file is swapped', async () => {
  const folder = folderFor('config-map-');
  for (const version of ['v1', 'v2']) {
    mkdirSync(path.join(folder, version));
    writeFileSync(path.join(folder, version, 'gateway.yaml'), 'all: {}');
  }
  symlinkSync('v1', path.join(folder, '..data'));
  symlinkSync(path.join('..data', 'gateway.yaml'), path.join(folder, 'gateway.yaml'));
  const changes = await watched(path.join(folder, 'gateway.yaml'));
  symlinkSync('v2', path.join(folder, '..data_tmp'));
  renameSync(path.join(folder, '..data_tmp'), path.join(folder, '..data'));
  await expect.poll(changes, { timeout: 15_000 }).toBe(1);
});

it('sees a file whose folder was removed and made again', async () => {
  const folder = path.join(folderFor('folder-'), 'inner');
  mkdirSync(folder);
  const file = path.join(folder, 'supergraph.graphql');
  writeFileSync(file, 'one');
  const changes = await watched(file);
  rmSync(folder, { recursive: true });
  mkdirSync(folder);
  writeFileSync(file, 'two, and longer');
  await expect.poll(changes, { timeout: 15_000 }).toBeGreaterThan(0);
  const before = changes();
  writeFileSync(file, 'three, which is longer still');
  await expect.poll(changes, { timeout: 15_000 }).toBeGreaterThan(before);
});

it('is not told of other files of the folder', async () => {
  const folder = folderFor('others-');
  const file = path.join(folder, 'supergraph.graphql');
  writeFileSync(file, 'one');
  const changes = await watched(file);
  writeFileSync(path.join(folder, 'other.txt'), 'x');
  await new Promise((resolve) => setTimeout(resolve, 400));
  writeFileSync(file, 'two, and longer');
  await expect.poll(changes, { timeout: 15_000 }).toBe(1);
});
