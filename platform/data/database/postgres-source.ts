import type pg from 'pg';
import type { Config } from '../../base/config/config.ts';
import { stateOf } from '../../base/faults/state-of.ts';
import type { Logger } from '../../base/log/log.ts';
import { OWNERS, type Owner } from '../../contracts/owners.ts';
import { DatabaseError } from './error.ts';
import { pendingMigrations } from './migrate.ts';
import { migrationsOf } from './migrations.ts';
import { createOwnerPool } from './owner-pool.ts';
import { ownerPasswords, ownerUrl, refusalOf, sessionOf } from './owner-session.ts';
import type { PoolSource } from './pool-source.ts';

/** Statements of an owner that are prepared for each connection. */
const MAX_NAMED = 100;

/** Returns pools at the Postgres of a URL: one for each owner, made when it is asked for. */
export function openPostgresSource(config: Config, url: string, log?: Logger): PoolSource {
  const pools = new Map<Owner, pg.Pool>();
  const opened = new Map<Owner, Promise<pg.Pool>>();
  const refusals = new Map<pg.Pool, () => string | undefined>();
  async function open(owner: Owner): Promise<pg.Pool> {
    const { pool, refusal } = createOwnerPool(
      { ...sessionOf(owner), max: config.DATABASE_POOL, connectionTimeoutMillis: 10_000 },
      ownerPasswords(config, owner).map((password) => ownerUrl(url, owner, password)),
      { log },
    );
    // An idle connection that the server closes is replaced by the pool; without a listener it would end the process.
    pool.on('error', () => {});
    pools.set(owner, pool);
    refusals.set(pool, refusal);
    try {
      await checkMigrated(pool, owner, config.root);
      return pool;
    } catch (error) {
      pools.delete(owner);
      await pool.end();
      throw error;
    }
  }
  return {
    opened: Promise.resolve(),
    mostNamed: config.DATABASE_PREPARED ? MAX_NAMED : 0,
    pool(owner) {
      const pool = opened.get(owner) ?? open(owner);
      opened.set(owner, pool);
      // The next one tries again.
      pool.catch(() => opened.delete(owner));
      return pool;
    },
    observe: () => {},
    copyTo: undefined,
    async health() {
      const pool = pools.values().next().value;
      if (!pool) return { status: 'up' };
      return stateOf(async () => {
        const sql = "SELECT current_setting('transaction_read_only')::boolean AS reads";
        const { rows } = await pool.query<{ reads: boolean }>(sql);
        if (rows[0]?.reads) return { status: 'down', detail: 'Postgres is read-only.' };
        const refused = refusals.get(pool)?.();
        return refused === undefined
          ? { status: 'up' }
          : { status: 'down', detail: `Postgres takes no writes: ${refused}` };
      });
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...pools.values()].map((pool) => pool.end()));
    },
  };
}

async function checkMigrated(pool: pg.Pool, owner: Owner, root: string): Promise<void> {
  let client: pg.PoolClient;
  try {
    client = await pool.connect();
  } catch (error) {
    throw new DatabaseError(refusalOf(error, owner), { cause: error });
  }
  try {
    const pending = await pendingMigrations(client, migrationsOf(root, owner));
    if (pending.length > 0)
      throw new DatabaseError(
        `The database lacks ${pending.length} migration(s) of ${owner}: run \`sextant migrate\` first.`,
      );
  } finally {
    client.release();
  }
}

/**
 * Signs in to the Postgres of DATABASE_URL as each subgraph does, and looks for its tables.
 *
 * @throws {DatabaseError} what stands in the way, in one line.
 */
export async function checkPostgres(config: Config, url: string): Promise<void> {
  await using source = openPostgresSource(config, url);
  for (const owner of OWNERS) await source.pool(owner);
}
