import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '#platform/base/config/config.ts';
import type { PrismaClient } from '#prisma/vector/client/client.ts';
import type { VectorStore } from '#retrieval/vectors/vector-store.ts';
import { idOfSpace, spaceOf } from './collections.ts';

type Rows = Pick<PrismaClient, 'collection' | '$queryRaw' | '$executeRaw'>;

/** Collections that are read at a time. */
const PAGE = 500;

/** Times that a collection is looked at whose row changes meanwhile. */
const LOOKS = 5;

/** What a look at a collection has found. */
interface Look {
  readonly id: string;
  /** Of its row: any change makes another. */
  readonly version: string;
  readonly counted: number;
  /** What the store must hold at least. */
  readonly least: number;
  readonly held: number;
  /** Whether there is a space: its first use made it, before anything was counted. */
  readonly isThere: boolean;
}

/** A collection whose row counts another number of objects than the store holds. */
export interface Difference extends Look {
  /** What is lost, whatever is under way. */
  readonly gone: number;
  /** Whether no upsert and no deletion is under way. */
  readonly isQuiet: boolean;
}

/** Returns a time that is longer than an upsert or a deletion takes, in ms. */
export const settleMsOf = ({ REQUEST_TIMEOUT_MS }: Pick<Config, 'REQUEST_TIMEOUT_MS'>): number =>
  Math.max(REQUEST_TIMEOUT_MS, 60_000) + 10_000;

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
 * @param settleMs after which those found are looked at again, in ms: longer than an upsert or a deletion takes.
 */
export async function differencesOf(
  db: Rows,
  store: VectorStore,
  { settleMs, signal }: { readonly settleMs: number; readonly signal?: AbortSignal },
): Promise<Difference[]> {
  const found: Look[] = [];
  for (let after: string | undefined; ; ) {
    const rows = await db.collection.findMany({
      ...(after !== undefined && { where: { id: { gt: after } } }),
      orderBy: { id: 'asc' },
      take: PAGE,
      select: { id: true },
    });
    for (const { id } of rows) {
      signal?.throwIfAborted();
      const look = await differenceOf(db, store, id);
      if (look) found.push(look);
    }
    if (rows.length < PAGE) break;
    after = rows.at(-1)!.id;
  }
  if (settleMs === 0) return found.map((look) => ({ ...look, gone: goneOf(look), isQuiet: true }));
  if (found.length > 0) await sleep(settleMs, undefined, { signal });
  const settled: Difference[] = [];
  for (const first of found) {
    const look = await differenceOf(db, store, first.id);
    if (look === undefined) continue;
    // What used the collection meanwhile has made its space again.
    const isThere = first.isThere && look.isThere;
    const gone = Math.min(goneOf(first), goneOf({ ...look, isThere }));
    settled.push({ ...look, gone, isQuiet: look.version === first.version && look.held === first.held });
  }
  return settled;
}

/** Without a space all is gone; otherwise what the store must hold, and does not. */
const goneOf = ({ isThere, counted, least, held }: Look): number =>
  Math.max((isThere || least < 0 ? least : counted) - held, 0);

/** Looks at the row, at the store, and again, until the row has not changed meanwhile. */
async function differenceOf(db: Rows, store: VectorStore, id: string): Promise<Look | undefined> {
  for (let time = 0; time < LOOKS; time++) {
    const row = await read(db, id);
    if (row === undefined) return undefined;
    const space = spaceOf(id);
    // A collection that was never used has no space.
    const isThere = (await store.space(space)) !== undefined;
    const held = isThere ? (await store.aggregate({ space, tenant: row.ownerId })).count : 0;
    if ((await read(db, id))?.version !== row.version) continue;
    return held === row.counted && held === row.least ? undefined : { id, held, isThere, ...row };
  }
  return undefined;
}

async function read(db: Rows, id: string) {
  const rows = await db.$queryRaw<{ ownerId: string; version: string; counted: number; least: number }[]>`
    SELECT owner_id AS "ownerId", xmin::text AS version, object_count AS counted, held_count AS least
    FROM collections WHERE id = ${id}::uuid`;
  return rows[0];
}

/** Tells whether a row counts what the store need not hold: an upsert is under way, or was of unknown effect. */
export async function isUnsure(db: Rows): Promise<boolean> {
  const { heldCount } = db.collection.fields;
  return (await db.collection.count({ where: { NOT: { objectCount: { equals: heldCount } } }, take: 1 })) > 0;
}

/**
 * Makes rows count what the store holds of these collections.
 *
 * Lost is what the store must hold and does not, whatever is under way: a row counts that only when it was stored, and
 * takes off what may be deleted beforehand. Reservations do not matter, unless the space is gone. The rest is corrected
 * where nothing is under way: what processes that were killed have reserved, and what is back, which is not lost then.
 *
 * @param isRestored whether rows and store were just put into another state: nothing is lost then, nor back.
 * @returns what was lost of each.
 */
export async function countObjects(
  db: Rows,
  differences: readonly Difference[],
  { isRestored = false }: { readonly isRestored?: boolean } = {},
): Promise<{ readonly id: string; readonly lost: number }[]> {
  const losses: { id: string; lost: number }[] = [];
  for (const { id, version, counted, held, gone, isQuiet } of differences) {
    const lost = isRestored ? 0 : gone;
    const back = isRestored || gone > 0 ? 0 : Math.max(held - counted, 0);
    // Unless something was added or deleted since, or another comparison was quicker.
    const changed = isQuiet
      ? await db.$executeRaw`
          UPDATE collections SET object_count = ${held}, held_count = ${held},
            lost_count = GREATEST(lost_count + ${lost - back}, 0)
          WHERE id = ${id}::uuid AND xmin::text = ${version}`
      : gone > 0 &&
        (await db.$executeRaw`
          UPDATE collections SET object_count = GREATEST(object_count - ${gone}, 0),
            held_count = GREATEST(held_count - ${gone}, 0), lost_count = lost_count + ${lost}
          WHERE id = ${id}::uuid AND xmin::text = ${version}`);
    if (changed && lost > 0) losses.push({ id, lost });
  }
  return losses;
}

/** Returns how many objects of all collections the store has lost. */
export async function lostObjects(db: Rows): Promise<number> {
  const { _sum } = await db.collection.aggregate({ _sum: { lostCount: true } });
  return _sum.lostCount ?? 0;
}

/** Makes collections and the store agree where both were restored: what was copied later may hold more, or less. */
export async function reconcileCollections(db: Rows, store: VectorStore, settleMs: number): Promise<void> {
  await deleteOrphans(db, store);
  await countObjects(db, await differencesOf(db, store, { settleMs }), { isRestored: true });
}

/** Forgets what was lost: it will not come back. */
export async function acceptLoss(db: Rows): Promise<void> {
  await db.collection.updateMany({ where: { lostCount: { gt: 0 } }, data: { lostCount: 0 } });
}
