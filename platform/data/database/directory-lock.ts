import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ConfigError } from '../../base/config/config-error.ts';

/** What SQLite says where another process has the lock. */
const SQLITE_BUSY = 5;

/** The folder is in use by another process. */
export class DirectoryInUseError extends Error {
  override name = 'DirectoryInUseError';
}

/**
 * Keeps a second process out of a folder, because two embedded databases on one folder lose data silently.
 *
 * An exclusive SQLite transaction is a kernel lock with a portable face: it ends with the process, however that ends,
 * so there is never a stale lock to remove by hand.
 *
 * @throws {DirectoryInUseError} naming the process that has it.
 * @throws {ConfigError} this user may not write there.
 */
export function lockDirectory(directory: string): Disposable {
  const holder = path.join(directory, 'lock.pid');
  let lock: DatabaseSync | undefined;
  try {
    mkdirSync(directory, { recursive: true });
    lock = new DatabaseSync(path.join(directory, 'lock.db'), { timeout: 0 });
    lock.exec('BEGIN EXCLUSIVE');
    writeFileSync(holder, String(process.pid));
  } catch (error) {
    lock?.close();
    // The lowest byte says what it is, the others tell kinds of it apart.
    if (((error as { errcode?: number }).errcode ?? 0) % 256 !== SQLITE_BUSY)
      throw new ConfigError(
        `SEXTANT_DIR: ${directory} cannot be written to (${(error as Error).message}). It has to be a folder of the user that runs this.`,
        { cause: error },
      );
    const pid = readHolder(holder);
    throw new DirectoryInUseError(
      `${directory} is in use by another Sextant${pid ? ` (process ${pid})` : ''}. Stop it first, or set SEXTANT_DIR to another folder.`,
      { cause: error },
    );
  }
  const held = lock;
  return {
    [Symbol.dispose]() {
      rmSync(holder, { force: true });
      held.close();
    },
  };
}

function readHolder(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
