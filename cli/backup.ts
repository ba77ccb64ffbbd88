import { existsSync, readdirSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import * as tar from 'tar';
import { loadConfig } from '#platform/base/config/config.ts';
import { closeFolder } from '#platform/base/files/private-files.ts';
import { lockDirectory } from '#platform/data/database/directory-lock.ts';
import { CommandError } from './report.ts';

/** Files that belong to a running process and not to its data. */
const LEFT_OUT = new Set(['lock.db', 'lock.db-journal', 'lock.pid']);

/** Archives the data folder while no process uses it; the archive appears under its name when it is complete. */
export async function backup(root: string, target: string): Promise<void> {
  const config = loadConfig(process.env, root);
  if (config.DATABASE_URL !== undefined) {
    throw new CommandError(
      'DATABASE_URL is set: back up Postgres with pg_dump, Redis and Weaviate with their own tools (docs/operations.md).',
    );
  }
  if (!existsSync(config.dataDir))
    throw new CommandError(`${config.dataDir} does not exist: there is nothing to back up.`);
  if (existsSync(target)) throw new CommandError(`${target} exists already; choose another name.`);
  using _lock = lockDirectory(config.dataDir);
  const partial = `${target}.partial`;
  const entries = readdirSync(config.dataDir).filter((name) => !LEFT_OUT.has(name));
  await tar.create({ file: partial, gzip: true, cwd: config.dataDir, portable: true }, entries);
  await rename(partial, target);
  console.log(`${target} holds all data of ${config.dataDir}.`);
}

/** Unpacks an archive beside the target and renames it, so that a broken archive leaves nothing half restored. */
export async function restore(root: string, source: string): Promise<void> {
  const { dataDir } = loadConfig(process.env, root);
  if (!existsSync(source)) throw new CommandError(`${source} does not exist.`);
  if (existsSync(dataDir))
    throw new CommandError(`${dataDir} exists: run \`sextant reset\` first, or set SEXTANT_DIR to another folder.`);
  const partial = `${dataDir}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  try {
    await tar.extract({ file: source, cwd: partial, strict: true });
    if (!existsSync(path.join(partial, 'postgres'))) throw new CommandError(`${source} holds no Sextant data.`);
    // An archive of an earlier version holds open files.
    await closeFolder(partial);
    await rename(partial, dataDir);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    if (error instanceof CommandError) throw error;
    throw new CommandError(`${source} is not a readable archive: ${(error as Error).message}`, { cause: error });
  }
  console.log(`${dataDir} holds the data of ${source}.`);
}
