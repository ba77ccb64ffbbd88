import { DatabaseSync } from 'node:sqlite';
import { CodedError } from '#platform/base/errors/errors.ts';
import type { Space, SpaceDefinition } from '../vector-store.ts';

/**
 * One file for all spaces. A row of `objects` is never changed: storing an object again makes a new row and deletes the
 * old one, so that a cache of rows (in another thread, another process) catches up from the highest row and the last
 * removal it has seen. AUTOINCREMENT keeps both numbers rising.
 */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS spaces (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, definition TEXT NOT NULL, created_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS objects (
    row INTEGER PRIMARY KEY AUTOINCREMENT, space INTEGER NOT NULL, tenant TEXT NOT NULL, id TEXT NOT NULL,
    text TEXT NOT NULL, properties TEXT NOT NULL, words BLOB NOT NULL, updated_at INTEGER NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX IF NOT EXISTS objects_id ON objects (space, tenant, id);
  CREATE INDEX IF NOT EXISTS objects_row ON objects (space, tenant, row);
  CREATE TABLE IF NOT EXISTS vectors (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, row INTEGER NOT NULL, space INTEGER NOT NULL, tenant TEXT NOT NULL,
    name TEXT NOT NULL, data BLOB NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX IF NOT EXISTS vectors_row ON vectors (row, name);
  CREATE INDEX IF NOT EXISTS vectors_seq ON vectors (space, tenant, name, seq);
  CREATE TABLE IF NOT EXISTS removals (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, space INTEGER NOT NULL, tenant TEXT NOT NULL, row INTEGER NOT NULL
  ) STRICT;
`;

const VERSION = 1;
/** How long a writer waits for another process's write, in milliseconds. */
const BUSY_TIMEOUT_MS = 10_000;

/**
 * Opens the file, creating it if need be.
 *
 * @throws {CodedError} SERVICE_UNAVAILABLE when the file was written by a newer version, or is not a database.
 */
export function openDatabase(file: string): DatabaseSync {
  try {
    const db = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS });
    // FULL: what was acknowledged survives a loss of power, not only of the process.
    db.exec(
      'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16384; PRAGMA mmap_size = 268435456;',
    );
    const version = (db.prepare('PRAGMA user_version').get() as { user_version: number }).user_version;
    if (version > VERSION) throw new Error(`it has layout ${version}, and this program knows ${VERSION}`);
    if (version < VERSION) inTransaction(db, () => db.exec(`${SCHEMA} PRAGMA user_version = ${VERSION};`));
    return db;
  } catch (error) {
    throw new CodedError('SERVICE_UNAVAILABLE', `The vector database cannot be opened: ${(error as Error).message}.`);
  }
}

/** Runs the work as one write transaction. */
export function inTransaction<T>(db: DatabaseSync, work: () => T): T {
  db.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    db.exec('COMMIT');
    return result;
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

/** Runs the work on one state of the database. */
export function inSnapshot<T>(db: DatabaseSync, work: () => T): T {
  db.exec('BEGIN');
  try {
    return work();
  } finally {
    db.exec('COMMIT');
  }
}

/** A space with its number, which is never used again for another space. */
export interface SpaceRow extends Space {
  readonly number: number;
}

/** Returns a space as callers see it. */
export const publicSpace = ({ number: _, ...space }: SpaceRow): Space => space;

interface RawSpace {
  id: number;
  name: string;
  definition: string;
  created_at: number;
}

/** Reads all spaces, by name. */
export const readSpaces = (db: DatabaseSync): SpaceRow[] =>
  (db.prepare('SELECT * FROM spaces ORDER BY name').all() as unknown as RawSpace[]).map(toSpace);

/** Finds a space by its name. */
export function findSpace(db: DatabaseSync, name: string): SpaceRow | undefined {
  const raw = db.prepare('SELECT * FROM spaces WHERE name = ?').get(name) as unknown as RawSpace | undefined;
  return raw && toSpace(raw);
}

/**
 * Finds a space by its name, which must be there.
 *
 * @throws {CodedError} NOT_FOUND.
 */
export function getSpace(db: DatabaseSync, name: string): SpaceRow {
  const space = findSpace(db, name);
  if (space === undefined) throw new CodedError('NOT_FOUND', `The vector space ${name} was not found.`);
  return space;
}

const toSpace = (raw: RawSpace): SpaceRow => {
  const definition = JSON.parse(raw.definition) as SpaceDefinition;
  return { ...definition, createdAt: new Date(raw.created_at), number: raw.id };
};
