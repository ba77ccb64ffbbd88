import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { type Config, loadConfig } from '#platform/base/config/config.ts';
import type { Owner } from '#platform/contracts/owners.ts';
import type { BlobStore } from '#platform/data/blobs/blob-store.ts';
import { compareFiles, type FileRows, MostFilesHaveNoRow } from '#platform/data/blobs/compare-files.ts';
import { claimFiles, FilesOfAnother } from '#platform/data/blobs/file-claim.ts';
import { keepUse, knownUse, saysInUse, takeUse, usedByAnother } from '#platform/data/blobs/file-use.ts';
import { noteComparison } from '#platform/data/blobs/owned-files.ts';
import type { ClientClass } from '#platform/data/database/database.ts';
import type { SqlTransaction } from '#platform/data/outbox/outbox.ts';
import { createSubgraph } from '#platform/host/host.ts';
import { openPlatform } from '#platform/host/open.ts';
import { ROLE_SCOPES, type UserIdentity } from '#platform/identity/identity.ts';
import { PrismaClient as Memory } from '#prisma/memory/client/client.ts';
import { PrismaClient as Vector } from '#prisma/vector/client/client.ts';
import { PrismaClient as Vision } from '#prisma/vision/client/client.ts';
import { openVectorStore } from '#retrieval/vectors/open.ts';
import { documentFiles } from '#subgraphs/memory/documents/files.ts';
import {
  acceptLoss,
  countObjects,
  deleteOrphans,
  differencesOf,
  lostObjects,
  reconcileCollections,
  settleMsOf,
} from '#subgraphs/vector/reconcile.ts';
import { imageFiles } from '#subgraphs/vision/images/files.ts';
import { CommandError } from '../report.ts';
import { loadDefinition } from '../serving/subgraphs.ts';

const FILE_OWNERS = ['memory', 'vision'] as const;
const LOOK_EVERY_MS = 500;
/** Collections that are named. */
const EXAMPLES = 5;
const STATUS = '{ memoryStatus { jobs { kind state count } indexes { name } } }';

interface Status {
  readonly memoryStatus: { readonly jobs: readonly { kind: string; state: string; count: number }[] };
}

/**
 * Compares files and the indexes of memory with the rows and waits until they agree: after a store was lost, or a
 * restore. Works beside running processes on Postgres. The embedded database belongs to one process: a running product
 * is told by the mutation `reindexMemory`.
 *
 * @throws {CommandError} when work on the indexes was parked because it failed too often; in the end when most
 * files have no row, or are claimed by another installation.
 */
export async function reindex(root: string, options: ReindexOptions = {}): Promise<void> {
  const config = loadConfig(process.env, root);
  await using lifecycle = new AsyncDisposableStack();
  const platform = await openPlatform({
    config,
    log: pino({ level: 'silent' }),
    metrics: new Registry(),
    lifecycle,
    transportOf: () => undefined,
  });
  const view = platform.of('memory', new AsyncDisposableStack());
  await platform.database.opened;
  const clients = {
    memory: await platform.database.client('memory', Memory as ClientClass<Memory>),
    vision: await platform.database.client('vision', Vision as ClientClass<Vision>),
  };
  for (const owner of FILE_OWNERS) await checkUse(owner, clients[owner], view.blobs, options);
  // A start right behind counts from the end: all this may take longer than another installation is waited for.
  if (options.claimsFiles)
    lifecycle.defer(async () => {
      for (const owner of FILE_OWNERS) await keepUse(clients[owner], owner);
    });
  // Before anything that may break off: what a restore has made different would be told as lost by running processes.
  await agreeCollections(config, await platform.database.client('vector', Vector as ClientClass<Vector>), options);
  const refusals = [
    await agree('memory', clients.memory, view.blobs, documentFiles(clients.memory), options),
    await agree('vision', clients.vision, view.blobs, imageFiles(clients.vision), options),
  ].filter((refusal) => refusal !== undefined);
  for (const refusal of refusals) console.error(refusal);
  const definition = await loadDefinition(root, 'memory');
  const { transport } = lifecycle.use(await createSubgraph(definition, view));
  platform.events.start();
  const ask = async <Data>(query: string): Promise<Data> => {
    const { result } = await transport.execute({ query, identity: administrator(), requestId: randomUUID() });
    if (result.errors?.[0]) throw new CommandError(result.errors[0].message);
    return result.data as Data;
  };
  await ask('mutation { reindexMemory { status { indexes { name } } } }');
  for (let said = ''; ; await sleep(LOOK_EVERY_MS)) {
    const { jobs } = (await ask<Status>(STATUS)).memoryStatus;
    const left = jobs.filter(({ state }) => state === 'WAITING' || state === 'RUNNING');
    const line = left.map(({ kind, state, count }) => `${kind} ${state.toLowerCase()} ${count}`).join(', ');
    if (line !== said && line !== '') console.log(line);
    said = line;
    if (left.length > 0) continue;
    const parked = jobs.filter(({ state }) => state === 'PARKED');
    if (parked.length === 0) break;
    const what = parked.map(({ kind, count }) => `${count} of ${kind}`).join(', ');
    throw new CommandError(`Work was given up after it had failed too often: ${what}. The log of memory says why.`);
  }
  console.log('The indexes of memory agree with what is stored.');
  if (refusals.length > 0) throw new CommandError('The indexes are whole; files were not compared, as said above.');
}

export interface ReindexOptions {
  /** Whether files are claimed that another installation has claimed, and removed whatever their share is. */
  readonly removesFiles?: boolean | undefined;
  /** Whether files are claimed: another installation no longer uses them. A restore has its own claim. */
  readonly claimsFiles?: boolean | undefined;
  /** Whether objects that the vector store has lost are given up. */
  readonly acceptsLoss?: boolean | undefined;
  /** Whether everything was just restored, files too. */
  readonly restored?: boolean | undefined;
}

/** @throws {CommandError} another installation uses the files of an owner, and no person said that it is gone. */
async function checkUse(
  owner: Owner,
  client: Pick<SqlTransaction, '$queryRawUnsafe'>,
  blobs: BlobStore,
  { claimsFiles }: ReindexOptions,
): Promise<void> {
  if (claimsFiles) return takeUse(client, blobs, owner);
  const ago = await usedByAnother(blobs, owner, async () => (await knownUse(client, owner)).signs);
  if (ago !== undefined) throw new CommandError(saysInUse([owner], ago, '--claim-files'));
}

/** Makes the files of an owner agree with its rows, and says what was found. Returns why it must not be done. */
async function agree(
  owner: Owner,
  client: Pick<SqlTransaction, '$queryRawUnsafe' | '$executeRawUnsafe'>,
  blobs: BlobStore,
  rows: FileRows,
  { removesFiles = false, claimsFiles = false, restored = false }: ReindexOptions,
): Promise<string | undefined> {
  const compare = async () => {
    const takes = restored ? 'restored' : claimsFiles || removesFiles ? 'all' : 'own';
    const { removesFrom } = await claimFiles(client, blobs, owner, takes);
    const removes = removesFiles ? 'all' : removesFrom.getTime() > Date.now() ? 'none' : 'some';
    const found = await compareFiles(blobs, rows, { removes });
    if (removes === 'none' && found.strangers > 0)
      console.log(
        `${owner}: ${found.strangers} files belong to no row. They are removed from ${removesFrom.toISOString()} on, or by \`sextant reindex --remove-files\`.`,
      );
    return found;
  };
  const found = await compare().catch((error: Error) => {
    if (error instanceof FilesOfAnother || error instanceof MostFilesHaveNoRow) return error.message;
    throw new CommandError(error.message, { cause: error });
  });
  if (typeof found === 'string') return found;
  await noteComparison(client, found);
  if (found.removed > 0)
    console.log(`${owner}: removed ${found.removed} files that belonged to no row (${found.removedBytes} bytes).`);
  if (found.missing > 0)
    console.log(
      `${owner}: ${found.missing} of ${found.needed} files that rows name are missing, such as ${found.examples.join(', ')}.`,
    );
  return undefined;
}

/**
 * Makes vector collections and the store agree, and says what was found. What the store has lost cannot be made again:
 * it is said until it is there again, or a person gives it up.
 */
async function agreeCollections(
  config: Config,
  db: Vector,
  { restored = false, acceptsLoss = false }: ReindexOptions,
): Promise<void> {
  await using store = await openVectorStore(config);
  // Running processes may be storing objects.
  const settleMs = config.DATABASE_URL === undefined ? 0 : settleMsOf(config);
  // Awaited: the store is closed at the end.
  if (restored) return await reconcileCollections(db, store, settleMs);
  const removed = await deleteOrphans(db, store);
  if (removed > 0) console.log(`vector: removed ${removed} spaces of collections that do not exist.`);
  await countObjects(db, await differencesOf(db, store, { settleMs }));
  if (acceptsLoss) await acceptLoss(db);
  const lost = await lostObjects(db);
  if (lost === 0) return;
  const collections = await db.collection.findMany({
    where: { lostCount: { gt: 0 } },
    orderBy: { lostCount: 'desc' },
    take: EXAMPLES,
    select: { id: true, lostCount: true },
  });
  console.log(
    `vector: the store has lost ${lost} objects of collections, such as ${collections.map(({ id, lostCount }) => `${lostCount} of ${id}`).join(', ')}. They exist nowhere else: restore a backup, or have their owners send them again; --accept-loss gives them up.`,
  );
}

/** Who may see and change everything, on the command line of the machine that holds the data. */
const administrator = (): UserIdentity => ({
  kind: 'user',
  userId: randomUUID(),
  roles: ['admin'],
  scopes: ROLE_SCOPES['admin']!,
  expiresAt: Math.floor(Date.now() / 1000) + 3_600,
});
