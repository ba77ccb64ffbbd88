import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { pino } from 'pino';
import { openEmbedded } from './embedded.ts';
import { hashOfMigrations } from './migrations.ts';

/**
 * Returns where a migrated, empty data folder for this set of migrations is kept. Installing makes it; a first start
 * copies it instead of running initdb, which takes several seconds in WebAssembly.
 */
export async function templateDirectory(root: string): Promise<string> {
  return path.join(root, 'node_modules', '.cache', 'sextant', `postgres-${await hashOfMigrations(root)}`);
}

/** Makes the template unless it is there. A killed process leaves no half template: it is renamed into place. */
export async function buildTemplate(root: string): Promise<void> {
  const directory = await templateDirectory(root);
  if (existsSync(directory)) return;
  const partial = `${directory}.${process.pid}`;
  const database = openEmbedded({ directory: partial, root, durable: false, log: pino({ level: 'silent' }) });
  try {
    await database.opened;
  } finally {
    await database[Symbol.asyncDispose]();
  }
  await rename(partial, directory).catch((error) => {
    // Another process was faster.
    if (!existsSync(directory)) throw error;
  });
  await rm(partial, { recursive: true, force: true });
}
