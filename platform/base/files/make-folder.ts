import { existsSync, mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { ConfigError } from '../config/config-error.ts';

/**
 * Makes a folder, and those that it lies in, its user's alone. Node's own `recursive` does not end where the system
 * denies a folder by ENOENT, as below `/proc`: it takes it for the lack of a parent, which is there, again and again.
 *
 * @throws what the system says.
 */
export function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, 0o700);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && statSync(folder).isDirectory()) return;
    const parent = path.dirname(folder);
    if (code !== 'ENOENT' || existsSync(parent)) throw error;
    makeFolder(parent);
    makeFolder(folder);
  }
}

/**
 * Makes a folder in SEXTANT_DIR.
 *
 * @throws {ConfigError} it cannot be made.
 */
export function makeDataFolder(folder: string): void {
  try {
    makeFolder(folder);
  } catch (error) {
    throw new ConfigError(
      `SEXTANT_DIR: ${folder} cannot be made (${(error as Error).message}). SEXTANT_DIR has to be a folder of the user that runs this, on a disk that takes writes.`,
      { cause: error },
    );
  }
}
