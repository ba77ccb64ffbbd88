import { setTimeout as sleep } from 'node:timers/promises';
import type { PrismaClient } from '#prisma/vector/client/client.ts';
import type { VectorStore } from '#retrieval/vectors/vector-store.ts';
import { idOfSpace, spaceOf } from './collections.ts';

type Rows = Pick<PrismaClient, 'collection'>;

/** Collections that are read at a time. */
const PAGE = 500;

/** A collection whose row counts another number of objects than the store holds. */
export interface Difference {
  readonly id: string;
  readonly counted: number;
  readonly held: number;
}

/** Returns the spaces of collections that do not exist, which the restore of an old backup brings back. */
export async function orphansOf(db: Rows, store: VectorStore): Promise<string[]> {
  const found: string[] = [];
  for (const { name } of await store.spaces()) {
    const id = idOfSpace(name);
    if (id !== undefined && (await db.collection.count({ where: { id } })) === 0) found.push(name);
  }
  return found;
}

/** Deletes spaces of collections that do not exist. Returns how many. */
export async function deleteOrphans(db: Rows, store: VectorStore): Promise<number> {
  const orphans = await orphansOf(db, store);
  for (const name of orphans) await store.deleteSpace(name);
  return orphans.length;
}

/**
 * Finds the collections whose rows count another number of objects than the store holds.
 *
 * @param settleMs after which those that were found are looked at again, in ms: while an upsert is under way its
 * objects are counted and not there. Those whose numbers have changed meanwhile are left out.
 */
export async function differencesOf(
  db: Rows,
  store: VectorStore,
  { settleMs, signal }: { readonly settleMs: number; readonly signal?: AbortSignal },
): Promise<Difference[]> {
  const found: Difference[] = [];
  for (let after: string | undefined; ; ) {
    const rows = await db.collection.findMany({
      ...(after !== undefined && { where: { id: { gt: after } } }),
      orderBy: { id: 'asc' },
      take: PAGE,
      select: { id: true },
    });
    for (const { id } of rows) {
      signal?.throwIfAborted();
      const difference = await differenceOf(db, store, id);
      if (difference) found.push(difference);
    }
    if (rows.length < PAGE) break;
    after = rows.at(-1)!.id;
  }
  if (found.length === 0 || settleMs === 0) return found;
  await sleep(settleMs, undefined, { signal });
  const settled: Difference[] = [];
  for (const { id, counted, held } of found) {
    const again = await differenceOf(db, store, id);
    if (again?.counted === counted && again.held === held) settled.push(again);
  }
  return settled;
}

async function differenceOf(db: Rows, store: VectorStore, id: string): Promise<Difference | undefined> {
  const row = await db.collection.findUnique({ where: { id }, select: { ownerId: true, objectCount: true } });
  if (row === null) return undefined;
  const [space, counted] = [spaceOf(id), row.objectCount];
  // A collection that was never used has no space.
  const isThere = (await store.space(space)) !== undefined;
  const held = isThere ? (await store.aggregate({ space, tenant: row.ownerId })).count : 0;
  return held === counted ? undefined : { id, counted, held };
}

/** Makes rows count what the store holds of these collections. What it lacks is lost, what it has more is back. */
export async function countObjects(db: Rows, differences: readonly Difference[]): Promise<void> {
  for (const { id, counted, held } of differences) {
    const row = await db.collection.findUnique({ where: { id }, select: { lostCount: true } });
    // Unless something was added or deleted since.
    await db.collection.updateMany({
      where: { id, objectCount: counted },
      data: { objectCount: held, lostCount: Math.max(0, (row?.lostCount ?? 0) + counted - held) },
    });
  }
}

/** Returns how many objects of all collections the store has lost. */
export async function lostObjects(db: Rows): Promise<number> {
  const { _sum } = await db.collection.aggregate({ _sum: { lostCount: true } });
  return _sum.lostCount ?? 0;
}

/** Makes collections and the store agree where both were restored: what was copied later may hold more, or less. */
export async function reconcileCollections(db: Rows, store: VectorStore): Promise<void> {
  await deleteOrphans(db, store);
  await countObjects(db, await differencesOf(db, store, { settleMs: 0 }));
  await acceptLoss(db);
}

/** Forgets what was lost: it will not come back. */
export async function acceptLoss(db: Rows): Promise<void> {
  await db.collection.updateMany({ where: { lostCount: { gt: 0 } }, data: { lostCount: 0 } });
}
