import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import pg from 'pg';
import type { Logger } from '../log/log.ts';
import { DurableFilesystem } from './durable-filesystem.ts';
import { EmbeddedSession } from './embedded-session.ts';
import { migrate } from './migrate.ts';
import { hashOfMigrations } from './migrations.ts';
import { OWNERS, type Owner, roleOf } from './owners.ts';

export interface EmbeddedOptions {
  /** Folder of the data; absent for a database in memory. */
  readonly directory?: string;
  /** Folder that holds prisma/<owner>/migrations. */
  readonly root: string;
  /** A migrated data folder to start from, which is five times faster than initdb. */
  readonly template?: string;
  /** Whether each commit reaches the disk before it is acknowledged. */
  readonly durable: boolean;
  readonly log: Logger;
}

/** Postgres in this process. */
export interface EmbeddedDatabase extends AsyncDisposable {
  pool(owner: Owner): pg.Pool;
}

/** The embedded server has no background processes: the time between the checkpoints and vacuums made for it. */
const CHECKPOINT_EVERY_MS = 5 * 60_000;
const VACUUM_EVERY_MS = 60 * 60_000;

/** Opens the embedded database, creates what is missing and applies the migrations. The caller holds the folder's lock. */
export async function openEmbedded({
  directory,
  root,
  template,
  durable,
  log,
}: EmbeddedOptions): Promise<EmbeddedDatabase> {
  if (directory && template && !existsSync(directory)) await copyTemplate(template, directory);
  const db = await createServer(directory, durable);
  const session = new EmbeddedSession(db, (user) =>
    user === 'postgres'
      ? 'SET SESSION AUTHORIZATION postgres; RESET search_path'
      : `SET SESSION AUTHORIZATION "${user}"; SET search_path = "${user.replace(/^sextant_/, '')}"`,
  );
  const open = (user: string, max: number) => new pg.Pool({ stream: session.connect, user, database: 'postgres', max });
  const admin = open('postgres', 1);
  const pools = new Map(OWNERS.map((owner) => [owner, open(roleOf(owner), 4)]));
  await upToDate(directory, root, async () => {
    await createOwners(admin);
    await migrateAll(pools, root, log);
  });
  const housekeeping = keepHouse(admin, log);
  return {
    pool: (owner) => pools.get(owner)!,
    async [Symbol.asyncDispose]() {
      housekeeping[Symbol.dispose]();
      await admin.query('CHECKPOINT').catch((error) => log.warn({ err: error }, 'last checkpoint failed'));
      await Promise.all([...pools.values(), admin].map((pool) => pool.end()));
      await db.close();
    },
  };
}

/**
 * Calls `make` unless a start before has made the same tables in this folder. Asking the database instead, owner by
 * owner, is a tenth of the start.
 */
async function upToDate(directory: string | undefined, root: string, make: () => Promise<void>): Promise<void> {
  if (directory === undefined) return make();
  const mark = path.join(directory, 'sextant-migrations');
  const hash = await hashOfMigrations(root);
  if ((await readFile(mark, 'utf8').catch(() => undefined)) === hash) return;
  await make();
  await writeFile(mark, hash);
}

async function migrateAll(pools: ReadonlyMap<Owner, pg.Pool>, root: string, log: Logger): Promise<void> {
  for (const [owner, pool] of pools) {
    const client = await pool.connect();
    try {
      const applied = await migrate(client, path.join(root, 'prisma', owner, 'migrations'));
      if (applied.length > 0) log.debug({ owner, applied }, 'migrations applied');
    } catch (error) {
      throw new Error(`The tables of ${owner} could not be made: ${(error as Error).message}`, { cause: error });
    } finally {
      client.release();
    }
  }
}

async function createServer(directory: string | undefined, durable: boolean): Promise<PGlite> {
  if (directory === undefined) return PGlite.create();
  await mkdir(directory, { recursive: true });
  if (!durable) return PGlite.create(directory);
  return PGlite.create({
    fs: new DurableFilesystem(directory),
    startParams: [
      ...PGlite.defaultStartParams.filter((parameter) => parameter !== '-F'),
      '-c',
      'wal_sync_method=fsync',
    ],
  });
}

/** Copies beside the target and renames, so that a process killed meanwhile leaves no half database. */
async function copyTemplate(template: string, directory: string): Promise<void> {
  if (!existsSync(template)) return;
  const partial = `${directory}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(path.dirname(directory), { recursive: true });
  await cp(template, partial, { recursive: true });
  await rename(partial, directory);
}

async function createOwners(admin: pg.Pool): Promise<void> {
  const statements = OWNERS.map(
    (owner) => `
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${roleOf(owner)}') THEN CREATE ROLE ${roleOf(owner)} LOGIN; END IF;
    CREATE SCHEMA IF NOT EXISTS ${owner} AUTHORIZATION ${roleOf(owner)};`,
  );
  await admin.query(`DO $$ BEGIN REVOKE ALL ON SCHEMA public FROM PUBLIC; ${statements.join('')} END $$`);
}

function keepHouse(admin: pg.Pool, log: Logger): Disposable {
  const run = (statement: string) => () =>
    void admin.query(statement).catch((error) => log.warn({ err: error }, `${statement} failed`));
  const timers = [
    setInterval(run('CHECKPOINT'), CHECKPOINT_EVERY_MS),
    setInterval(run('VACUUM (ANALYZE)'), VACUUM_EVERY_MS),
  ];
  for (const timer of timers) timer.unref();
  return {
    [Symbol.dispose]: () => {
      for (const timer of timers) clearInterval(timer);
    },
  };
}
