import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import type { Config } from '#platform/base/config/config.ts';
import { OWNERS, type Owner } from '#platform/contracts/owners.ts';
import type { BlobStore } from '#platform/data/blobs/blob-store.ts';
import { type FileClaim, hasFilesOfAnother } from '#platform/data/blobs/file-claim.ts';
import { usedByAnother } from '#platform/data/blobs/file-use.ts';
import { openBlobs } from '#platform/data/blobs/open-blobs.ts';
import { checkOwnFolder } from '#platform/data/database/data-folder.ts';
import { lockDirectory } from '#platform/data/database/directory-lock.ts';
import { openEmbedded } from '#platform/data/database/embedded.ts';
import {
  AFTER_BREAKING_OFF,
  brokenRestore,
  closeDatabase,
  lockRestore,
  noteStep,
  openAgain,
} from '#platform/data/database/fence.ts';
import { preparePostgres } from '#platform/data/database/migrate-postgres.ts';
import { migrationsOf } from '#platform/data/database/migrations.ts';
import { connectAdmin } from '#platform/data/database/owner-session.ts';
import { completeRestore, finishRestore, restoringFolder } from '#platform/data/database/restored-folder.ts';
import { Staging } from '#platform/data/database/staging.ts';
import { templateDirectory } from '#platform/data/database/template.ts';
import { openVectorStore } from '#retrieval/vectors/open.ts';
import type { VectorStore } from '#retrieval/vectors/vector-store.ts';
import { CommandError } from '../report.ts';
import { ownFiles } from './contents.ts';

/** The installation that a backup is brought back into. */
export interface Target {
  readonly staging: Staging;
  /** Whether there is something that would be lost. */
  readonly holdsData: boolean;
  /** Owners whose files in the storage are not known to be those of the database that is replaced: they are left. */
  readonly foreignFiles: readonly Owner[];
  /** Owners whose files another installation uses at this moment. */
  readonly otherUse: OtherUse | undefined;
  /** The storage, as it is before anything is changed. */
  readonly blobs: BlobStore;
  /**
   * Keeps processes of the product out until `finish`, and opens the stores.
   */
  close(): Promise<{ readonly vectors: VectorStore; readonly blobs: BlobStore }>;
  /** Notes that from now on what is there is replaced. */
  replacing(): Promise<void>;
  /** Puts the tables in the place of those that are there. */
  swap(): Promise<void>;
  /** Stores the secret of an embedded installation. Returns whether it is used here. */
  keepSecret(secret: Buffer): Promise<boolean>;
  /** Puts everything in place and lets processes in. */
  finish(): Promise<void>;
  /** What to do where the restore breaks off after `close`. */
  advice(): Promise<string>;
}

/** The use of files by another installation. */
export interface OtherUse {
  readonly owners: readonly Owner[];
  /** Time since its last sign, in ms. */
  readonly agoMs: number;
}

const silent = pino({ level: 'silent' });

/** Opens what the configuration names. @throws {CommandError} or the error of a database that cannot be opened. */
export const openTarget = (root: string, config: Config, stack: AsyncDisposableStack): Promise<Target> =>
  config.DATABASE_URL === undefined
    ? openEmbeddedTarget(root, config, stack)
    : openPostgresTarget(root, config, config.DATABASE_URL, stack);

async function openEmbeddedTarget(root: string, config: Config, stack: AsyncDisposableStack): Promise<Target> {
  const { dataDir } = config;
  checkOwnFolder(dataDir);
  // A running product has it: it has to be stopped.
  stack.use(lockDirectory(dataDir));
  await finishRestore(dataDir);
  const folder = restoringFolder(dataDir);
  stack.defer(() => finishRestore(dataDir));
  await mkdir(folder, { recursive: true });
  const embedded = openEmbedded({
    root,
    directory: path.join(folder, 'postgres'),
    template: await templateDirectory(root),
    durable: true,
    log: silent,
  });
  const stores = new AsyncDisposableStack();
  stack.use(stores);
  stores.use(embedded);
  await embedded.opened;
  const admin = await embedded.admin.connect();
  stores.defer(() => admin.release());
  const staging = new Staging(admin, (owner) => migrationsOf(root, owner));
  const blobs = stores.use(await openBlobs({ ...config, dataDir: folder }, silent));
  const holdsData = existsSync(path.join(dataDir, 'postgres'));
  return {
    staging,
    blobs,
    holdsData,
    // A folder is new. Of a bucket the database that is there may know more, which may be broken and is not opened.
    foreignFiles: await ownersOfForeignFiles(blobs, !holdsData, async () => undefined),
    otherUse: await otherUseOf(blobs, async () => []),
    close: async () => ({ vectors: stores.use(await openVectorStore({ ...config, dataDir: folder })), blobs }),
    replacing: async () => {},
    swap: () => staging.swap(),
    async keepSecret(secret) {
      if (config.JWT_SECRET !== undefined) return false;
      await writeFile(path.join(folder, 'secret'), secret, { mode: 0o600, flush: true });
      return true;
    },
    async finish() {
      await stores.disposeAsync();
      await completeRestore(dataDir);
      await finishRestore(dataDir);
    },
    advice: async () => `What was in ${dataDir} is as it was.`,
  };
}

async function openPostgresTarget(
  root: string,
  config: Config,
  url: string,
  stack: AsyncDisposableStack,
): Promise<Target> {
  if (config.redisUrl === undefined)
    throw new CommandError(
      'REDIS_URL is not set: what Redis holds belongs to what is replaced, and has to be deleted.',
    );
  const { redisUrl } = config;
  // Not when everything is replaced and Redis alone stands in the way.
  await withRedis(redisUrl, (redis) => redis.ping());
  const admin = await connectAdmin(url);
  stack.defer(() => admin.end());
  await lockRestore(admin, 'restore');
  await preparePostgres(config, url);
  const staging = new Staging(admin, (owner) => migrationsOf(root, owner));
  const blobs = stack.use(await openBlobs(config, silent));
  const step = await brokenRestore(admin);
  // What a restore left that broke off may be replaced: that was said then.
  const isBegun = step === 'replacing' || step === 'swapped';
  const isEmpty = !(await hasUsers(admin));
  let finished = false;
  stack.defer(async () => {
    if (!finished) await staging.drop().catch(() => {});
  });
  return {
    staging,
    blobs,
    holdsData: !isBegun && !isEmpty,
    // One that broke off may have brought its rows to files of another: they do not say whose unclaimed files are.
    foreignFiles: await ownersOfForeignFiles(blobs, isBegun || isEmpty, (owner) => claimOf(admin, owner)),
    otherUse: await otherUseOf(blobs, (owner) => signsOf(admin, owner)),
    async close() {
      await closeDatabase(admin);
      return { vectors: stack.use(await openVectorStore(config)), blobs };
    },
    replacing: () => noteStep(admin, 'replacing'),
    swap: () => staging.swap(() => noteStep(admin, 'swapped')),
    keepSecret: async () => false,
    async finish() {
      await withRedis(redisUrl, (redis) => deleteKeys(redis, config.REDIS_PREFIX));
      await openAgain(admin);
      finished = true;
    },
    async advice() {
      const step = await brokenRestore(admin).catch(() => undefined);
      return step === undefined
        ? 'The database may be closed to the product: `sextant migrate` says how far the restore was.'
        : `The database is closed to the product. ${AFTER_BREAKING_OFF[step]}`;
    },
  };
}

async function hasUsers(admin: Awaited<ReturnType<typeof connectAdmin>>): Promise<boolean> {
  const { rows } = await admin.query<{ there: boolean }>("SELECT to_regclass('auth.users') IS NOT NULL AS there");
  if (!rows[0]!.there) return false;
  return (await admin.query('SELECT FROM auth.users LIMIT 1')).rows.length > 0;
}

async function claimOf(admin: Awaited<ReturnType<typeof connectAdmin>>, owner: Owner): Promise<FileClaim | undefined> {
  const table = `${owner}.file_claims`;
  const { rows } = await admin.query<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [table]);
  if (!rows[0]!.there) return undefined;
  const sql = `SELECT token::text, previous::text FROM ${table} WHERE owner = $1`;
  return (await admin.query<FileClaim & object>(sql, [owner])).rows[0];
}

async function signsOf(admin: Awaited<ReturnType<typeof connectAdmin>>, owner: Owner): Promise<readonly string[]> {
  const table = `${owner}.file_uses`;
  const { rows } = await admin.query<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [table]);
  if (!rows[0]!.there) return [];
  const found = await admin.query<{ signs: string[] }>(`SELECT signs FROM ${table} WHERE owner = $1`, [owner]);
  return found.rows[0]?.signs ?? [];
}

async function otherUseOf(
  blobs: BlobStore,
  signs: (owner: Owner) => Promise<readonly string[]>,
): Promise<OtherUse | undefined> {
  const found = new Map<Owner, number>();
  for (const owner of OWNERS) {
    const agoMs = await usedByAnother(blobs, owner, () => signs(owner));
    if (agoMs !== undefined) found.set(owner, agoMs);
  }
  return found.size === 0 ? undefined : { owners: [...found.keys()], agoMs: Math.min(...found.values()) };
}

async function ownersOfForeignFiles(
  blobs: BlobStore,
  isEmpty: boolean,
  claim: (owner: Owner) => Promise<FileClaim | undefined>,
): Promise<Owner[]> {
  const found: Owner[] = [];
  for (const owner of OWNERS) if (await hasFilesOfAnother(blobs, owner, await claim(owner), isEmpty)) found.push(owner);
  return found;
}

/** Events, streams and counters of what was replaced. Owners hand over again what the restored tables hold. */
async function deleteKeys(redis: Redis, prefix: string): Promise<void> {
  const match = `${prefix.replace(/[\\*?[\]]/g, '\\$&')}*`;
  for await (const keys of redis.scanStream({ match, count: 1_000 }) as AsyncIterable<string[]>)
    if (keys.length > 0) await redis.unlink(keys);
}

async function withRedis(url: string, work: (redis: Redis) => Promise<unknown>): Promise<void> {
  const redis = new Redis(url, { connectTimeout: 5_000, maxRetriesPerRequest: 1 });
  // What it fails with is told by the command.
  redis.on('error', () => {});
  try {
    await work(redis);
  } catch (error) {
    throw new CommandError(`Redis cannot be reached (${(error as Error).message}).`, { cause: error });
  } finally {
    redis.disconnect();
  }
}

/** Deletes all spaces of a store. */
export async function emptyVectors(vectors: VectorStore): Promise<void> {
  for (const { name } of await vectors.spaces()) await vectors.deleteSpace(name);
}

/**
 * Removes files of these owners that a restored installation does not know. A storage that refuses it does not keep the
 * product out: the comparison of files with rows finds them later.
 *
 * @returns what stood in the way.
 */
export async function deleteOtherFiles(
  blobs: BlobStore,
  kept: ReadonlySet<string>,
  owners: readonly Owner[],
): Promise<Error | undefined> {
  try {
    const others: string[] = [];
    for await (const key of ownFiles(blobs, owners)) if (!kept.has(key)) others.push(key);
    for (const key of others) await blobs.delete(key);
    return undefined;
  } catch (error) {
    return error as Error;
  }
}
