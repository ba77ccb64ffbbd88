import { chmodSync, statSync } from 'node:fs';
import { chmod, lstat, opendir } from 'node:fs/promises';
import path from 'node:path';

/** What the owner alone may do: no bit of group and others. */
const OTHERS = 0o077;

/**
 * Makes every file and folder that this process creates from now on its user's alone (0600 and 0700), whatever umask
 * the process was started with. Workers have it too.
 */
export function keepFilesPrivate(): void {
  process.umask(OTHERS);
}

/**
 * Closes a folder to other users, then everything in it. The folder itself is closed when this returns, so the rest is
 * out of reach at once; the promise resolves when the rest is closed as well. Links are not followed.
 *
 * @returns how many entries were open; 0 for a folder that does not exist.
 */
export function closeFolder(folder: string): Promise<number> {
  try {
    const { mode } = statSync(folder);
    if ((mode & OTHERS) !== 0) chmodSync(folder, mode & 0o700);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Promise.resolve(0);
    return Promise.reject(error);
  }
  return closeEntries(folder);
}

async function closeEntries(folder: string): Promise<number> {
  let closed = 0;
  for await (const entry of await opendir(folder, { recursive: true })) {
    if (entry.isSymbolicLink()) continue;
    const file = path.join(entry.parentPath, entry.name);
    try {
      const { mode } = await lstat(file);
      if ((mode & OTHERS) === 0) continue;
      await chmod(file, mode & 0o700);
      closed++;
    } catch (error) {
      // Temporary files come and go while this looks.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return closed;
}
