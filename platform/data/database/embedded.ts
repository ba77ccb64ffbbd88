import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import type { Registry } from 'prom-client';
import { every } from '../../base/faults/every.ts';
import type { Logger } from '../../base/log/log.ts';
import { OWNERS, type Owner, roleOf } from '../../contracts/owners.ts';
import { observeEmbedded } from './embedded-metrics.ts';
import { EmbeddedPostgres, type EmbeddedServer } from './embedded-postgres.ts';
import { migrate } from './migrate.ts';
import { hashOfMigrations } from './migrations.ts';
import { vacuumTables } from './vacuum.ts';

export interface EmbeddedOptions extends EmbeddedServer {
  /** Folder that holds prisma/<owner>/migrations. */
  readonly root: string;
  readonly log: Logger;
}

/** The Postgres in this process. */
export interface EmbeddedDatabase extends AsyncDisposable {
  /** Resolves when all tables are there. Queries that come before wait for it, and fail if it does. */
  readonly opened: Promise<void>;
  /** Whether its thread runs. One that has died is started again by the next query. */
  readonly alive: boolean;
  pool(owner: Owner): pg.Pool;
  /** One connection that may do everything. */
  readonly admin: pg.Pool;
  /** Copies the folder as it is at one moment. Answers wait meanwhile. */
  copyTo(folder: string): Promise<void>;
  /** Registers counters of what it does. */
  observe(metrics: Registry): void;
}

/** The embedded server has no background processes: the time between the checkpoints and vacuums made for it. */
const CHECKPOINT_EVERY_MS = 5 * 60_000;
const VACUUM_EVERY_MS = 60 * 60_000;
/** How old a kept plan may get, in ms: it was made for tables of the size that they had. */
const PLANS_LAST_MS = 60_000;

/**
 * Opens the embedded database beside whatever else is done meanwhile, creates what is missing and applies the
 * migrations. The caller holds the folder's lock.
 */
export function openEmbedded({ root, log, ...server }: EmbeddedOptions): EmbeddedDatabase {
  const thread = new EmbeddedPostgres(server);
  const open = (user: string, max: number, after?: () => Promise<void>) => {
    const pool = new pg.Pool({ stream: () => thread.connect(after?.()), user, database: 'postgres', max });
    // Idle connections of a thread that dies are replaced; without a listener they would end the process.
    pool.on('error', (err) => log.error({ err, user }, 'a connection to the embedded database broke'));
    return pool;
  };
  const admin = open('postgres', 1);
  const pools = new Map(OWNERS.map((owner) => [owner, open(roleOf(owner), 4, () => opened)]));
  const opened = upToDate(server.directory, root, thread.opened, () =>
    makeTables(admin, (user) => open(user, 1), root, log),
  );
  opened.catch(() => {});
  const cleanup = startCleanup(admin, log);
  return {
    opened,
    get alive() {
      return thread.alive;
    },
    pool: (owner) => pools.get(owner)!,
    admin,
    async copyTo(folder) {
      await opened;
      await admin.query('CHECKPOINT');
      await thread.copyTo(folder);
    },
    observe: (metrics) => observeEmbedded(admin, () => thread.syncs, metrics),
    async [Symbol.asyncDispose]() {
      cleanup[Symbol.dispose]();
      const isOpen = await opened.then(
        () => true,
        () => false,
      );
      if (isOpen) await admin.query('CHECKPOINT').catch((err) => log.warn({ err }, 'last checkpoint failed'));
      await Promise.all([...pools.values(), admin].map((pool) => pool.end()));
      await thread[Symbol.asyncDispose]();
    },
  };
}

/**
 * Calls `make` unless a start before has made the same tables in this folder. Asking the database instead, owner by
 * owner, is a tenth of the start.
 */
async function upToDate(
  directory: string | undefined,
  root: string,
  opened: Promise<void>,
  make: () => Promise<void>,
): Promise<void> {
  const [hash] = await Promise.all([hashOfMigrations(root), opened]);
  if (directory === undefined) return make();
  const mark = path.join(directory, 'sextant-migrations');
  if ((await readFile(mark, 'utf8').catch(() => undefined)) === hash) return;
  await make();
  await writeFile(mark, hash, { mode: 0o600 });
}

async function makeTables(admin: pg.Pool, open: (user: string) => pg.Pool, root: string, log: Logger): Promise<void> {
  await createOwners(admin);
  for (const owner of OWNERS) {
    // Not the owner's pool, whose connections wait for this.
    const pool = open(roleOf(owner));
    const client = await pool.connect();
    try {
      const applied = await migrate(client, path.join(root, 'prisma', owner, 'migrations'));
      if (applied.length > 0) log.debug({ owner, applied }, 'migrations applied');
    } catch (error) {
      throw new Error(`The tables of ${owner} could not be made: ${(error as Error).message}`, { cause: error });
    } finally {
      client.release();
      await pool.end();
    }
  }
}

async function createOwners(admin: pg.Pool): Promise<void> {
  const statements = OWNERS.map(
    (owner) => `
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${roleOf(owner)}') THEN CREATE ROLE ${roleOf(owner)} LOGIN; END IF;
    CREATE SCHEMA IF NOT EXISTS ${owner} AUTHORIZATION ${roleOf(owner)};`,
  );
  await admin.query(`DO $$ BEGIN REVOKE ALL ON SCHEMA public FROM PUBLIC; ${statements.join('')} END $$`);
}

function startCleanup(admin: pg.Pool, log: Logger): Disposable {
  const closing = new AbortController();
  const repeat = (ms: number, statement: string, run: () => unknown = () => admin.query(statement)) =>
    every(ms, { where: 'embedded database', log, about: () => ({ statement }) }, run);
  const stops = [
    repeat(PLANS_LAST_MS, 'DISCARD PLANS'),
    repeat(CHECKPOINT_EVERY_MS, 'CHECKPOINT'),
    repeat(VACUUM_EVERY_MS, 'VACUUM (ANALYZE)', () => vacuumTables(admin, closing.signal)),
  ];
  return {
    [Symbol.dispose]: () => {
      closing.abort();
      for (const stop of stops) stop();
    },
  };
}
