import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { pino } from 'pino';
import { openEmbedded } from './embedded.ts';
import { OWNERS } from './owners.ts';

/**
 * Where a migrated, empty data folder for this set of migrations is kept. Installing makes it; a first start copies it
 * instead of running initdb, which takes several seconds in WebAssembly.
 */
export async function templateDirectory(root: string): Promise<string> {
  const hash = createHash('sha256');
  for (const owner of OWNERS) {
    const directory = path.join(root, 'prisma', owner, 'migrations');
    for (const entry of (await readdir(directory, { recursive: true })).sort()) {
      if (entry.endsWith('.sql'))
        hash
          .update(owner)
          .update(entry)
          .update(await readFile(path.join(directory, entry)));
    }
  }
  return path.join(root, 'node_modules', '.cache', 'sextant', `postgres-${hash.digest('hex').slice(0, 16)}`);
}

/** Makes the template unless it is there. A killed process leaves no half template: it is renamed into place. */
export async function buildTemplate(root: string): Promise<void> {
  const directory = await templateDirectory(root);
  if (existsSync(directory)) return;
  const partial = `${directory}.${process.pid}`;
  const database = await openEmbedded({ directory: partial, root, durable: false, log: pino({ level: 'silent' }) });
  await database[Symbol.asyncDispose]();
  await rename(partial, directory).catch((error) => {
    // Another process was faster.
    if (!existsSync(directory)) throw error;
  });
  await rm(partial, { recursive: true, force: true });
}
