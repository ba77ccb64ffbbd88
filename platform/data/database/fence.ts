import type pg from 'pg';
import { OWNERS, roleOf } from '../../contracts/owners.ts';
import { DatabaseError } from './error.ts';

const ROLES = OWNERS.map(roleOf);
/** Held by a restore as long as it runs. */
const RESTORE_LOCK = 72707371;
/** A schema without tables, whose comment says how far a restore is; it goes with the restore's end. */
const NOTE = 'sextant_restore';

/**
 * The progress of a restore that has closed the database: nothing of what is there is touched yet; vectors and files
 * are being replaced, and the rows are those of before; rows, vectors and files are those of the backup.
 */
export type RestoreStep = 'closed' | 'replacing' | 'swapped';

interface Note {
  readonly step: RestoreStep;
  /** Whether everybody could connect before. */
  readonly all: boolean;
}

/** The advice about a restore that broke off, by its step. */
export const AFTER_BREAKING_OFF: Readonly<Record<RestoreStep, string>> = {
  closed: 'Nothing was replaced: run the restore again, or open the database as it was with `sextant migrate`.',
  replacing:
    'The rows are those of before; vectors and files are partly replaced. Run the restore again. `sextant migrate --open` opens the database as it is: `sextant reindex` makes the indexes of memory again then, and what vector collections held may be missing.',
  swapped:
    'Rows, vectors and files are those of the backup, and Redis may still hold what belonged to those of before. Run the restore again, or delete the keys of REDIS_PREFIX and open the database with `sextant migrate --open`.',
};

/**
 * Takes the lock of a restore for this connection, or keeps restores out. Postgres frees it when the connection ends,
 * however that ends.
 *
 * @throws {DatabaseError} a restore is under way, or something that keeps it out.
 */
export async function lockRestore(admin: pg.Client, as: 'restore' | 'other'): Promise<void> {
  const lock = as === 'restore' ? 'pg_try_advisory_lock' : 'pg_try_advisory_lock_shared';
  const { rows } = await admin.query<{ free: boolean }>(`SELECT ${lock}(${RESTORE_LOCK}) AS free`);
  if (!rows[0]!.free)
    throw new DatabaseError('A restore or a migration of this database is under way: wait until it has ended.');
}

/** Returns how far a restore was that has closed the database and not opened it; undefined where it is open. */
export async function brokenRestore(admin: pg.Client): Promise<RestoreStep | undefined> {
  return (await readNote(admin))?.step;
}

/**
 * Keeps the processes of the product out of their database: no role of an owner may connect, and the connections that
 * are there end. Postgres itself holds the fence, so a process that knows nothing of it is kept out as well; each
 * answers SERVICE_UNAVAILABLE until it is opened. It outlives this process, with a note of how far the restore is.
 *
 * @param admin a connection of the database's owner.
 */
export async function closeDatabase(admin: pg.Client): Promise<void> {
  const known = await readNote(admin);
  const { rows } = await admin.query<{ all: boolean }>(
    `SELECT has_database_privilege('public', current_database(), 'CONNECT') AS all`,
  );
  const database = await nameOf(admin);
  await together(admin, async () => {
    // A restore before this one may have broken off further on: what it replaced stays replaced.
    await writeNote(admin, { step: known?.step ?? 'closed', all: known?.all ?? rows[0]!.all });
    await admin.query(`REVOKE CONNECT ON DATABASE ${database} FROM PUBLIC, ${ROLES.join(', ')}`);
  });
  await admin.query(
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND usename = ANY($1)',
    [ROLES],
  );
}

/** Notes how far the restore is, in the running transaction where there is one. */
export async function noteStep(admin: pg.ClientBase, step: RestoreStep): Promise<void> {
  const known = await readNote(admin);
  if (known) await writeNote(admin, { ...known, step });
}

/** Lets the processes of the product in again. */
export async function openAgain(admin: pg.Client): Promise<void> {
  const known = await readNote(admin);
  const database = await nameOf(admin);
  await together(admin, async () => {
    await admin.query(
      `GRANT CONNECT ON DATABASE ${database} TO ${[...(known?.all ? ['PUBLIC'] : []), ...ROLES].join(', ')}`,
    );
    await admin.query(`DROP SCHEMA IF EXISTS ${NOTE}`);
  });
}

async function readNote(admin: pg.ClientBase): Promise<Note | undefined> {
  const { rows } = await admin.query<{ note: string | null }>(
    `SELECT obj_description(oid, 'pg_namespace') AS note FROM pg_namespace WHERE nspname = '${NOTE}'`,
  );
  return rows[0]?.note == null ? undefined : (JSON.parse(rows[0].note) as Note);
}

async function writeNote(admin: pg.ClientBase, note: Note): Promise<void> {
  await admin.query(`CREATE SCHEMA IF NOT EXISTS ${NOTE}`);
  await admin.query(`COMMENT ON SCHEMA ${NOTE} IS '${JSON.stringify(note)}'`);
}

async function nameOf(admin: pg.Client): Promise<string> {
  const { rows } = await admin.query<{ name: string }>('SELECT current_database() AS name');
  return admin.escapeIdentifier(rows[0]!.name);
}

async function together(admin: pg.Client, work: () => Promise<void>): Promise<void> {
  await admin.query('BEGIN');
  try {
    await work();
    await admin.query('COMMIT');
  } catch (error) {
    await admin.query('ROLLBACK').catch(() => {});
    throw error;
  }
}
