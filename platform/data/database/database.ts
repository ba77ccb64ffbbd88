import { createHmac } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import type { Registry } from 'prom-client';
import type { Config } from '../../base/config/config.ts';
import { lackOfRoom } from '../../base/files/disk-room.ts';
import type { Logger } from '../../base/log/log.ts';
import { OWNERS, type Owner, roleOf } from '../../contracts/owners.ts';
import { tellsCommits } from './after-commit.ts';
import { lockDirectory } from './directory-lock.ts';
import { openEmbedded } from './embedded.ts';
import { DatabaseError } from './error.ts';
import { AFTER_BREAKING_OFF, brokenRestore, lockRestore, openAgain } from './fence.ts';
import { migrate, pendingMigrations, settleMigration } from './migrate.ts';
import { createOwnerPool } from './owner-pool.ts';
import { finishRestore } from './restored-folder.ts';
import { dropStaging } from './staging.ts';
import { StatementNames } from './statement-names.ts';
import { templateDirectory } from './template.ts';

/** Statements of an owner that are prepared: those of Postgres for each connection, the embedded ones for all. */
const MAX_NAMED = 100;
const MAX_NAMED_EMBEDDED = 40;

/** A generated Prisma client class: `prisma/<owner>/client/client.ts` exports it. */
export type ClientClass<Client> = new (options: {
  adapter: PrismaPg;
  transactionOptions: TransactionOptions;
}) => Client;

interface TransactionOptions {
  readonly maxWait: number;
  readonly timeout: number;
}

/** In milliseconds. A burst waits its turn: Prisma's own 2 s would turn away what the next second could do. */
const TRANSACTIONS: TransactionOptions = { maxWait: 10_000, timeout: 15_000 };

export interface Database extends AsyncDisposable {
  /**
   * Resolves when the database can be used; rejects when it cannot be opened. Queries that come before wait. Postgres
   * is asked with the first `client` instead.
   */
  readonly opened: Promise<void>;
  /** The owner's Prisma client, as the owner's role on the owner's schema. One a process: call it once and keep it. */
  client<Client>(owner: Owner, Client: ClientClass<Client>): Promise<Client>;
  /** Whether the database answers within two seconds. */
  health(): Promise<{ status: 'up' | 'down'; detail?: string }>;
  /** Registers counters of what the embedded database does; Postgres has its own. */
  observe(metrics: Registry): void;
  /**
   * Copies the folder of the embedded database, as it is at one moment, to a folder that does not exist yet; answers
   * wait meanwhile. Undefined for Postgres, which is copied by its own means.
   */
  readonly copyTo: ((folder: string) => Promise<void>) | undefined;
}

/**
 * Opens Postgres where DATABASE_URL is set, the embedded database otherwise. Connections to Postgres are made on
 * demand; the embedded database goes on opening in its thread.
 */
export async function openDatabase(config: Config, log: Logger): Promise<Database> {
  const source =
    config.DATABASE_URL === undefined
      ? await openEmbeddedSource(config, log)
      : openPostgresSource(config, config.DATABASE_URL, log);
  const clients: { $disconnect?(): Promise<void> }[] = [];
  const names = new Map<Owner, StatementNames>();
  /** The names of an owner's statements. All clients share them, as they may share connections. */
  const namesOf = (owner: Owner): StatementNames | undefined => {
    if (source.mostNamed > 0 && !names.has(owner)) names.set(owner, new StatementNames(owner, source.mostNamed));
    return names.get(owner);
  };
  return {
    opened: source.opened,
    async client(owner, Client) {
      const pool = await source.pool(owner);
      const named = namesOf(owner);
      const adapter = new PrismaPg(pool, {
        schema: owner,
        ...(named && { statementNameGenerator: ({ sql, args }) => named.of(sql, args.length) }),
      });
      const client = new Client({ adapter, transactionOptions: TRANSACTIONS });
      clients.push(client as { $disconnect?(): Promise<void> });
      return tellsCommits(client);
    },
    health: source.health,
    observe: source.observe,
    copyTo: source.copyTo,
    async [Symbol.asyncDispose]() {
      await Promise.all(clients.map((client) => client.$disconnect?.()));
      await source[Symbol.asyncDispose]();
    },
  };
}

interface PoolSource extends AsyncDisposable {
  readonly opened: Promise<void>;
  /** Most statements of an owner that are prepared in a session. */
  readonly mostNamed: number;
  pool(owner: Owner): Promise<pg.Pool>;
  health: Database['health'];
  observe: Database['observe'];
  readonly copyTo?: Database['copyTo'];
}

async function openEmbeddedSource(config: Config, log: Logger): Promise<PoolSource> {
  const lock = lockDirectory(config.dataDir);
  try {
    await finishRestore(config.dataDir);
    const directory = path.join(config.dataDir, 'postgres');
    const embedded = openEmbedded({
      directory,
      root: config.root,
      template: existsSync(directory) ? undefined : await templateDirectory(config.root),
      durable: config.EMBEDDED_FSYNC,
      log,
    });
    return {
      opened: embedded.opened,
      mostNamed: MAX_NAMED_EMBEDDED,
      pool: async (owner) => embedded.pool(owner),
      observe: embedded.observe,
      copyTo: embedded.copyTo,
      async health() {
        if (!embedded.alive) return { status: 'down', detail: 'It broke, and starts again with the next query.' };
        const lack = await lackOfRoom(config.dataDir);
        return lack === undefined ? { status: 'up' } : { status: 'down', detail: lack };
      },
      async [Symbol.asyncDispose]() {
        await embedded[Symbol.asyncDispose]();
        lock[Symbol.dispose]();
      },
    };
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}

function openPostgresSource(config: Config, url: string, log?: Logger): PoolSource {
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
    async health() {
      const pool = pools.values().next().value;
      if (!pool) return { status: 'up' };
      try {
        const { rows } = await Promise.race([
          pool.query<{ reads: boolean }>("SELECT current_setting('transaction_read_only')::boolean AS reads"),
          timeout(2_000),
        ]);
        if (rows[0]?.reads) return { status: 'down', detail: 'Postgres is read-only.' };
        const refused = refusals.get(pool)?.();
        return refused === undefined
          ? { status: 'up' }
          : { status: 'down', detail: `Postgres takes no writes: ${refused}` };
      } catch (error) {
        return { status: 'down', detail: error instanceof Error ? error.message : String(error) };
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...pools.values()].map((pool) => pool.end()));
    },
  };
}

/** Tries to change a role that others change at the same time. */
const MAX_ROLE_TRIES = 10;

const timeout = (ms: number) =>
  new Promise<never>((_, reject) => setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms).unref());

/**
 * How a subgraph signs in: its own role, whose password follows from JWT_SECRET, so that DATABASE_URL of the subgraphs
 * need not hold the administrator's.
 */
function ownerUrl(url: string, owner: Owner, password: string): string {
  const target = new URL(url);
  target.username = roleOf(owner);
  target.password = password;
  return target.href;
}

const sessionOf = (owner: Owner): pg.ClientConfig => ({
  // What is asked here takes milliseconds; to compile it takes a hundred.
  options: `-c search_path=${owner} -c jit=off`,
  application_name: `sextant-${owner}`,
});

/** The password of a role, and that of JWT_SECRET_PREVIOUS where there is one. */
function ownerPasswords(config: Config, owner: Owner): [string, ...string[]] {
  const { JWT_SECRET: secret, JWT_SECRET_PREVIOUS: previous } = config;
  if (secret === undefined) throw new DatabaseError('JWT_SECRET is not set; with DATABASE_URL it is needed.');
  const passwordOf = (one: string): string =>
    createHmac('sha256', one).update(`database role ${owner}`).digest('base64url');
  return previous === undefined ? [passwordOf(secret)] : [passwordOf(secret), passwordOf(previous)];
}

async function checkMigrated(pool: pg.Pool, owner: Owner, root: string): Promise<void> {
  let client: pg.PoolClient;
  try {
    client = await pool.connect();
  } catch (error) {
    throw new DatabaseError(explain(error, owner), { cause: error });
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

function explain(error: unknown, owner: Owner): string {
  const { code, message } = error as { code?: string; message?: string };
  if (code === '28P01' || code === '28000')
    return `Postgres refuses the role ${roleOf(owner)}: run \`sextant migrate\` first, with the same JWT_SECRET.`;
  if (code === '42501')
    return `Postgres does not let the role ${roleOf(owner)} in: a restore is under way, or has broken off. \`sextant migrate\` says how far it is, and opens the database where nothing was replaced yet.`;
  if (code === '3D000') return 'The database of DATABASE_URL does not exist: create it, then run `sextant migrate`.';
  return `The database of DATABASE_URL cannot be reached (${message || code || String(error)}).`;
}

/** Returns the folder of an owner's migrations. */
export const migrationsOf = (root: string, owner: Owner): string => path.join(root, 'prisma', owner, 'migrations');

/**
 * Creates schemas and roles and applies all migrations to the Postgres of DATABASE_URL, whose user must own the
 * database and may create roles. Any number may run at once: each migration is applied once.
 *
 * @param options.opens whether it is opened also where a restore broke off that had begun to replace what is there.
 * @returns the names of the migrations that were applied, by owner.
 * @throws {DatabaseError} a restore is under way, or has broken off.
 */
export async function migratePostgres(
  config: Config,
  url: string,
  { opens = false }: { readonly opens?: boolean | undefined } = {},
): Promise<Partial<Record<Owner, string[]>>> {
  const admin = await connectAdmin(url);
  try {
    // As long as this connection lives: a restore that began in between would be let in upon, and its tables changed.
    await lockRestore(admin, 'other');
    await openPostgres(admin, opens);
    await preparePostgres(config, url);
    const applied: Partial<Record<Owner, string[]>> = {};
    for (const owner of OWNERS) {
      const client = ownerClient(config, url, owner);
      await client.connect();
      try {
        applied[owner] = await migrate(client, migrationsOf(config.root, owner));
      } finally {
        await client.end();
      }
    }
    return applied;
  } finally {
    await admin.end();
  }
}

/** Waits until no other process prepares the database. */
const PREPARE = 'SELECT pg_advisory_lock(72707370)';
const PREPARED = 'SELECT pg_advisory_unlock(72707370)';

/** Lets the owners in where a restore broke off, and removes what is left of it. */
async function openPostgres(admin: pg.Client, opens: boolean): Promise<void> {
  await admin.query(PREPARE);
  const step = await brokenRestore(admin);
  if (step !== undefined && step !== 'closed' && !opens)
    throw new DatabaseError(`A restore of this database broke off. ${AFTER_BREAKING_OFF[step]}`);
  await dropStaging(admin);
  if (step !== undefined) await openAgain(admin);
  await admin.query(PREPARED);
}

/**
 * Creates the schemas and roles of all owners where they are missing, and gives the roles their passwords. Whom a
 * restore keeps out stays out.
 */
export async function preparePostgres(config: Config, url: string): Promise<void> {
  const admin = await connectAdmin(url);
  try {
    await admin.query(PREPARE);
    await admin.query('REVOKE ALL ON SCHEMA public FROM PUBLIC');
    const { rows } = await admin.query<{ name: string }>('SELECT current_database() AS name');
    const isOpen = (await brokenRestore(admin)) === undefined;
    for (const owner of OWNERS)
      await withRetries(() => createOwner(admin, rows[0]!.name, owner, ownerPasswords(config, owner)[0], isOpen));
  } finally {
    await admin.end();
  }
}

/**
 * Connects as an owner's role, with the password of either secret.
 *
 * @throws {DatabaseError} what stands in the way, in one line.
 */
export async function connectOwner(config: Config, url: string, owner: Owner): Promise<pg.Client> {
  let refusal: unknown;
  for (const password of ownerPasswords(config, owner)) {
    const client = new pg.Client({ ...sessionOf(owner), connectionString: ownerUrl(url, owner, password) });
    // What asks it next is told that it broke.
    client.on('error', () => {});
    try {
      await client.connect();
      return client;
    } catch (error) {
      refusal = error;
      if ((error as { code?: string }).code !== '28P01') break;
    }
  }
  throw new DatabaseError(explain(refusal, owner), { cause: refusal });
}

/**
 * Connects as the user of DATABASE_URL, who owns the database.
 *
 * @throws {DatabaseError} what stands in the way, in one line.
 */
export async function connectAdmin(url: string): Promise<pg.Client> {
  const admin = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  admin.on('error', () => {});
  try {
    await admin.connect();
    return admin;
  } catch (error) {
    throw new DatabaseError(explain(error, 'auth'), { cause: error });
  }
}

/** A connection of its own as an owner's role, to be connected and ended by the caller. */
const ownerClient = (config: Config, url: string, owner: Owner): pg.Client =>
  new pg.Client({ ...sessionOf(owner), connectionString: ownerUrl(url, owner, ownerPasswords(config, owner)[0]) });

/**
 * Settles a migration whose end is not known, for the owners that have one of that name.
 *
 * @returns the owners.
 */
export async function settlePostgresMigration(
  config: Config,
  url: string,
  name: string,
  outcome: 'applied' | 'rolled-back',
): Promise<Owner[]> {
  const settled: Owner[] = [];
  for (const owner of OWNERS) {
    const client = ownerClient(config, url, owner);
    try {
      await client.connect();
      if (await settleMigration(client, name, outcome)) settled.push(owner);
    } catch (error) {
      throw new DatabaseError(explain(error, owner), { cause: error });
    } finally {
      await client.end().catch(() => {});
    }
  }
  return settled;
}

/** Roles are the server's, and the lock is the database's: two databases of one server may change a role at a time. */
async function withRetries(work: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      const isRace = code === '23505' || code === '42710' || /tuple concurrently updated/.test(message);
      if (!isRace || tries >= MAX_ROLE_TRIES) throw error;
    }
  }
}

async function createOwner(
  admin: pg.Client,
  database: string,
  owner: Owner,
  password: string,
  isOpen: boolean,
): Promise<void> {
  const role = admin.escapeIdentifier(roleOf(owner));
  const exists = await admin.query('SELECT FROM pg_roles WHERE rolname = $1', [roleOf(owner)]);
  await admin.query(
    `${exists.rowCount === 0 ? 'CREATE' : 'ALTER'} ROLE ${role} LOGIN PASSWORD ${admin.escapeLiteral(password)}`,
  );
  if (isOpen) await admin.query(`GRANT CONNECT ON DATABASE ${admin.escapeIdentifier(database)} TO ${role}`);
  // Managed servers let their administrator hand a schema to a role only as a member of that role.
  await admin.query(`GRANT ${role} TO CURRENT_USER`);
  await admin.query(`CREATE SCHEMA IF NOT EXISTS ${admin.escapeIdentifier(owner)} AUTHORIZATION ${role}`);
  await admin.query(`ALTER ROLE ${role} SET search_path = ${admin.escapeIdentifier(owner)}`);
}
