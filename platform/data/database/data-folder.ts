import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { ConfigError } from '../../base/config/config-error.ts';
import { outageOf } from '../../base/errors/outage.ts';
import { DatabaseError } from './error.ts';

/** What every data folder of Postgres has, whatever was stored: without, a start would make a new one in its place. */
const NEEDED = ['PG_VERSION', 'base', 'global/pg_control', 'pg_wal'];
/** What a database beside them was made for: with an empty one these would belong to no row. */
const BESIDE = ['vectors/vectors.db', 'blobs/memory', 'blobs/vision'];

/** What a data folder holds, all of which the product may delete. */
const OWN = new Set([
  ...['postgres', 'vectors', 'blobs', 'streams', 'cache', 'snapshots', 'restoring'],
  ...['secret', 'control.sock', 'lock.db', 'lock.db-journal', 'lock.pid'],
  // Of the file system that a volume has.
  'lost+found',
]);

/**
 * Checks that a folder that is about to be deleted holds nothing but what is of the product: SEXTANT_DIR may name
 * another one by mistake, such as a home, or a backup may lie in it.
 *
 * @throws {ConfigError} names some of the rest.
 */
export function checkOwnFolder(dataDir: string): void {
  const all = existsSync(dataDir) ? readdirSync(dataDir) : [];
  const foreign = all.filter((name) => !OWN.has(name) && !name.startsWith('secret.'));
  if (foreign.length === 0) return;
  const named = `${foreign.slice(0, 5).join(', ')}${foreign.length > 5 ? ', …' : ''}`;
  throw new ConfigError(
    `SEXTANT_DIR: ${dataDir} holds what is not of Sextant (${named}), and all that is in it would be deleted. Nothing was changed: move it elsewhere, or name another folder.`,
  );
}

const MENDING =
  'Nothing was changed. Bring it back from a copy of the folder, or from a backup: `sextant restore FILE --replace`. `sextant reset` deletes all and begins with nothing.';

/** What Node, V8 and Postgres' own memory say where there is no more of it, or no more files may be open. */
const SCARCE =
  /^ERR_WORKER_OUT_OF_MEMORY$|out of memory|(could not|cannot|failed to) (allocate|enlarge)|\b(OOM|ENOMEM|EMFILE|ENFILE)\b/i;
/** What Postgres and its WebAssembly say when they give up on data that cannot be, and Postgres' codes of such data. */
const GIVEN_UP = /\babort|unreachable|out of bounds|\bexit\(|PGlite failed|^(XX|58)\w{3}$|^EIO$/i;

const isFilled = (folder: string): boolean => existsSync(folder) && readdirSync(folder).length > 0;

/**
 * Checks that a start would not make a new database over one that is damaged, or beside what belongs to one that is
 * gone.
 *
 * @param dataDir SEXTANT_DIR.
 * @throws {DatabaseError} what is missing, and what to do, in one line.
 */
export function checkDataFolder(dataDir: string): void {
  const folder = path.join(dataDir, 'postgres');
  if (isFilled(folder)) {
    const missing = NEEDED.filter((name) => !existsSync(path.join(folder, name)));
    if (missing.length > 0)
      throw new DatabaseError(
        `SEXTANT_DIR: the database in ${folder} is damaged: it lacks ${missing.join(', ')}. ${MENDING}`,
      );
    return;
  }
  const left = BESIDE.filter((name) => existsSync(path.join(dataDir, name)));
  if (left.length > 0)
    throw new DatabaseError(
      `SEXTANT_DIR: ${dataDir} has ${left.join(', ')}, and the database that they belong to is gone (${folder}), or is DATABASE_URL missing? ${MENDING}`,
    );
}

/** Returns why the embedded database cannot be opened, in one line. */
export function unopened(cause: unknown, folder: string | undefined): DatabaseError {
  const [message] = (cause instanceof Error ? cause.message : String(cause)).split('\n', 1) as [string];
  const code = (cause as { code?: unknown } | undefined)?.code;
  const says = (words: RegExp): boolean => words.test(message) || (typeof code === 'string' && words.test(code));
  const place = folder ?? 'memory';
  const said = (): string => {
    const what = `the database in ${place} cannot be opened (${message})`;
    if (says(SCARCE))
      return `${what}: memory or open files do not suffice. Nothing was changed, and nothing is wrong with the data: allow the process more memory (the limit of its container) or more open files (ulimit -n), and start again.`;
    if (outageOf(cause) === 'no-writes')
      return `the disk of ${place} is full or takes no writes, and the database cannot be opened (${message}). Free room, or set SEXTANT_DIR to a folder on another disk.`;
    if (says(GIVEN_UP)) return `${what}: it is damaged, or the disk is. ${MENDING}`;
    return `${what}. Nothing was changed.`;
  };
  return new DatabaseError(`SEXTANT_DIR: ${said()}`, { cause });
}
