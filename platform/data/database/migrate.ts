import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type pg from 'pg';

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
 * Prisma CLI goes on from there. Runs in the client's search_path.
 *
 * @returns the names of the migrations that were applied.
 * @throws when an applied migration was edited since, or an earlier one failed half-way.
 */
export async function migrate(client: pg.ClientBase, directory: string): Promise<string[]> {
  const migrations = await readMigrations(directory);
  await client.query(`SELECT pg_advisory_lock(${LOCK})`);
  try {
    await client.query(HISTORY);
    const applied: string[] = [];
    for (const migration of await pendingOf(client, migrations)) {
      const id = randomUUID();
      await client.query('INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES ($1, $2, $3)', [
        id,
        migration.checksum,
        migration.name,
      ]);
      try {
        await client.query(migration.sql);
      } catch (error) {
        await client.query('UPDATE _prisma_migrations SET logs = $2 WHERE id = $1', [id, String(error)]);
        throw new Error(`migration ${migration.name} failed: ${error instanceof Error ? error.message : error}`, {
          cause: error,
        });
      }
      await client.query('UPDATE _prisma_migrations SET finished_at = now(), applied_steps_count = 1 WHERE id = $1', [
        id,
      ]);
      applied.push(migration.name);
    }
    return applied;
  } finally {
    await client.query(`SELECT pg_advisory_unlock(${LOCK})`);
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
  const { rows } = await client.query<{ migration_name: string; checksum: string; finished_at: Date | null }>(
    'SELECT migration_name, checksum, finished_at FROM _prisma_migrations WHERE rolled_back_at IS NULL',
  );
  const done = new Map(rows.map((row) => [row.migration_name, row]));
  return migrations.filter((migration) => {
    const row = done.get(migration.name);
    if (row && row.finished_at === null) {
      throw new Error(`migration ${migration.name} failed earlier; repair it with \`prisma migrate resolve\``);
    }
    if (row && row.checksum !== migration.checksum) {
      throw new Error(
        `migration ${migration.name} was edited after it was applied; restore its file and add a new one`,
      );
    }
    return !row;
  });
}
