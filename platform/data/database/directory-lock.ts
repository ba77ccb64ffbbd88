import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';

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
 */
export function lockDirectory(directory: string): Disposable {
  mkdirSync(directory, { recursive: true });
  const holder = path.join(directory, 'lock.pid');
  const lock = new DatabaseSync(path.join(directory, 'lock.db'), { timeout: 0 });
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    const pid = readHolder(holder);
    throw new DirectoryInUseError(
      `${directory} is in use by another Sextant${pid ? ` (process ${pid})` : ''}. Stop it first, or set SEXTANT_DIR to another folder.`,
      { cause: error },
    );
  }
  writeFileSync(holder, String(process.pid));
  return {
    [Symbol.dispose]() {
      rmSync(holder, { force: true });
      lock.close();
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
