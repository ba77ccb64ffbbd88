import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ConfigError } from '../../base/config/config-error.ts';
import { makeFolder } from '../../base/files/make-folder.ts';

/** What SQLite says where another process has the lock. */
const SQLITE_BUSY = 5;
/** What it says where the file may not be written, or not be opened. */
const SQLITE_DENIED = [3, 8, 14];
/** What the system says there. A folder whose place is a file's is none of this user's either. */
const SYSTEM_DENIED = ['EACCES', 'EPERM', 'EROFS', 'EEXIST', 'ENOTDIR', 'ENOENT'];

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
 * @throws {ConfigError} this user may not write there, or the lock cannot be taken for another reason.
 */
export function lockDirectory(directory: string): Disposable {
  const holder = path.join(directory, 'lock.pid');
  let lock: DatabaseSync | undefined;
  try {
    makeFolder(directory);
    lock = new DatabaseSync(path.join(directory, 'lock.db'), { timeout: 0 });
    lock.exec('BEGIN EXCLUSIVE');
    writeFileSync(holder, String(process.pid));
  } catch (error) {
    lock?.close();
    const { code, errcode, message } = error as Error & { code?: string; errcode?: number };
    // The lowest byte says what it is, the others tell kinds of it apart.
    const said = (errcode ?? 0) % 256;
    if (said !== SQLITE_BUSY) {
      const isDenied = SQLITE_DENIED.includes(said) || SYSTEM_DENIED.includes(code ?? '');
      throw new ConfigError(
        isDenied
          ? `SEXTANT_DIR: ${directory} cannot be written to (${message}). It has to be a folder of the user that runs this.`
          : `SEXTANT_DIR: the lock of ${directory} cannot be taken (${message}). The disk may be full or damaged, or be that of a network folder; where lock.db alone is broken, delete it: it holds no data.`,
        { cause: error },
      );
    }
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
