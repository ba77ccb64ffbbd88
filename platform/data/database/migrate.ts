import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type pg from 'pg';
import { DatabaseError } from './error.ts';

/** The advisory lock that Prisma's own schema engine takes, so that both may run side by side. */
const LOCK = 72707369;

const HISTORY = `CREATE TABLE IF NOT EXISTS "_prisma_migrations" (
  "id" VARCHAR(36) PRIMARY KEY NOT NULL, "checksum" VARCHAR(64) NOT NULL, "finished_at" TIMESTAMPTZ,
  "migration_name" VARCHAR(255) NOT NULL, "logs" TEXT, "rolled_back_at" TIMESTAMPTZ,
  "started_at" TIMESTAMPTZ NOT NULL DEFAULT now(), "applied_steps_count" INTEGER NOT NULL DEFAULT 0)`;

interface Migration {
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
}

/** The migrations of one owner, oldest first. */
async function readMigrations(directory: string): Promise<Migration[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(
    names.sort().map(async (name) => {
      const sql = await readFile(path.join(directory, name, 'migration.sql'), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

/**
 * Applies an owner's migrations as `prisma migrate deploy` would and leaves the same `_prisma_migrations`, so that the
 * Prisma CLI goes on from there. Runs in the client's search_path. A migration and its entry are one transaction: one
 * that fails leaves nothing but a note of why, and is tried again by the next run.
 *
 * @param only the names of those that are wanted; default: all.
 * @returns the names of the migrations that were applied.
 * @throws {DatabaseError} one line: a migration fails, one was edited after it was applied, or the Prisma CLI left one
 * half-way.
 */
export async function migrate(client: pg.ClientBase, directory: string, only?: ReadonlySet<string>): Promise<string[]> {
  const migrations = (await readMigrations(directory)).filter(({ name }) => only === undefined || only.has(name));
  await client.query(`SELECT pg_advisory_lock(${LOCK})`);
  try {
    await client.query(HISTORY);
    const applied: string[] = [];
    for (const migration of await pendingOf(client, migrations)) {
      await apply(client, migration);
      applied.push(migration.name);
    }
    return applied;
  } finally {
    await client.query(`SELECT pg_advisory_unlock(${LOCK})`);
  }
}

async function apply(client: pg.ClientBase, { name, checksum, sql }: Migration): Promise<void> {
  const entry = [randomUUID(), checksum, name];
  await client.query('BEGIN');
  try {
    await client.query(sql);
    await client.query(
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count)
       VALUES ($1, $2, $3, clock_timestamp(), 1)`,
      entry,
    );
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    await client.query(
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, rolled_back_at, logs)
       VALUES ($1, $2, $3, clock_timestamp(), $4)`,
      [...entry, String(error)],
    );
    const { message, code, position } = error as { message?: string; code?: string; position?: string };
    const where = position === undefined ? '' : ` in line ${sql.slice(0, Number(position)).split('\n').length}`;
    throw new DatabaseError(
      `migration ${name} failed${where}: ${message ?? String(error)}${code === undefined ? '' : ` (${code})`}. Nothing of it was applied: mend what the message names and run the command again.`,
      { cause: error },
    );
  }
}

/** Returns the names of migrations that are not applied yet; creates nothing. */
export async function pendingMigrations(client: pg.ClientBase, directory: string): Promise<string[]> {
  const migrations = await readMigrations(directory);
  const { rows } = await client.query<{ history: string | null }>(
    "SELECT to_regclass('_prisma_migrations')::text AS history",
  );
  if (rows[0]?.history == null) return migrations.map(({ name }) => name);
  return (await pendingOf(client, migrations)).map(({ name }) => name);
}

async function pendingOf(client: pg.ClientBase, migrations: Migration[]): Promise<Migration[]> {
  // One that failed in a run of an earlier version: its statements were one transaction, which was rolled back.
  const { rows } = await client.query<{ migration_name: string; checksum: string; finished_at: Date | null }>(
    `SELECT migration_name, checksum, finished_at FROM _prisma_migrations
     WHERE rolled_back_at IS NULL AND NOT (finished_at IS NULL AND logs IS NOT NULL AND applied_steps_count = 0)`,
  );
  const done = new Map(rows.map((row) => [row.migration_name, row]));
  return migrations.filter((migration) => {
    const row = done.get(migration.name);
    if (row && row.finished_at === null) {
      throw new DatabaseError(
        `migration ${migration.name} was begun and its end is not known: look whether its tables are there, then run \`sextant migrate --rolled-back ${migration.name}\` or \`sextant migrate --applied ${migration.name}\``,
      );
    }
    if (row && row.checksum !== migration.checksum) {
      throw new DatabaseError(
        `migration ${migration.name} was edited after it was applied; restore its file and add a new one`,
      );
    }
    return !row;
  });
}

/**
 * Settles a migration whose end is not known, as `prisma migrate resolve` does.
 *
 * @returns whether there was such a migration.
 */
export async function settleMigration(
  client: pg.ClientBase,
  name: string,
  outcome: 'applied' | 'rolled-back',
): Promise<boolean> {
  const { rows } = await client.query<{ history: string | null }>(
    "SELECT to_regclass('_prisma_migrations')::text AS history",
  );
  if (rows[0]?.history == null) return false;
  const column = outcome === 'applied' ? 'finished_at' : 'rolled_back_at';
  const { rowCount } = await client.query(
    `UPDATE _prisma_migrations SET ${column} = now()
     WHERE migration_name = $1 AND finished_at IS NULL AND rolled_back_at IS NULL`,
    [name],
  );
  return (rowCount ?? 0) > 0;
}
