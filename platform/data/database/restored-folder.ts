import { existsSync } from 'node:fs';
import { readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** Where a restore makes the content of the data folder, within it: a mounted volume cannot be renamed. */
const FOLDER = 'restoring';
/** The file in it that says that nothing is missing. */
const COMPLETE = 'complete';
/** Its name when what was there before is gone. */
const CLEARED = 'cleared';
/** Of the running process and of the machine, not of the data. */
const KEPT = new Set([FOLDER, 'lock.db', 'lock.db-journal', 'lock.pid']);

/** Returns the folder where a restore makes what the data folder is going to hold. */
export const restoringFolder = (dataDir: string): string => path.join(dataDir, FOLDER);

/** Says that a restored folder is complete: from now on every start puts it in place. */
export async function completeRestore(dataDir: string): Promise<void> {
  await writeFile(path.join(restoringFolder(dataDir), COMPLETE), '', { flush: true });
}

/**
 * Puts a restored folder in the place of what is there, or goes on with that where a killed process broke off. One that
 * is not complete is deleted: nothing of it counts. The caller holds the lock of the data folder.
 */
export async function finishRestore(dataDir: string): Promise<void> {
  const folder = restoringFolder(dataDir);
  const [complete, cleared] = [path.join(folder, COMPLETE), path.join(folder, CLEARED)];
  if (existsSync(complete)) {
    for (const name of await readdir(dataDir))
      if (!KEPT.has(name)) await rm(path.join(dataDir, name), { recursive: true, force: true });
    await rename(complete, cleared);
  }
  if (existsSync(cleared)) {
    for (const name of await readdir(folder))
      if (name !== CLEARED) await rename(path.join(folder, name), path.join(dataDir, name));
  }
  await rm(folder, { recursive: true, force: true });
}
