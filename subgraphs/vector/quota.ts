import type { Config } from '#platform/base/config/config.ts';
import { holdToQuotas, type Quota, type QuotaUse, quotaUse } from '#platform/data/quotas.ts';
import type { Prisma, PrismaClient } from '#prisma/vector/client/client.ts';

type Reader = Pick<PrismaClient, 'collection'>;

/**
 * The quotas of one user: collections and what is in them. What a collection holds is counted beside its row,
 * because the store cannot be asked in a transaction: an upsert reserves what it may add, and gives back what it did
 * not. What the store must hold is counted as well, from below, so that a fall under it is a loss (reconcile.ts).
 */
export class VectorQuotas {
  readonly #collections: Quota;
  readonly #objects: Quota;

  constructor(config: Pick<Config, 'QUOTA_COLLECTIONS' | 'QUOTA_OBJECTS'>) {
    const { QUOTA_COLLECTIONS, QUOTA_OBJECTS } = config;
    this.#collections = {
      name: 'COLLECTIONS',
      limit: QUOTA_COLLECTIONS,
      things: 'vector collections',
      remedy: 'delete some with deleteVectorCollection',
    };
    this.#objects = {
      name: 'OBJECTS',
      limit: QUOTA_OBJECTS,
      things: 'objects in vector collections',
      remedy: 'delete some with deleteVectors',
    };
  }

  /** In the transaction that adds a collection. @throws {CodedError} QUOTA_EXCEEDED. */
  holdCollection(tx: Prisma.TransactionClient, ownerId: string): Promise<void> {
    return holdToQuotas(tx, ownerId, [{ quota: this.#collections, adding: 1, used: () => collectionsOf(tx, ownerId) }]);
  }

  /** Reserves objects of a collection. @throws {CodedError} QUOTA_EXCEEDED. */
  async reserve(db: PrismaClient, { id, ownerId }: { id: string; ownerId: string }, objects: number): Promise<void> {
    await db.$transaction(async (tx) => {
      await holdToQuotas(tx, ownerId, [{ quota: this.#objects, adding: objects, used: () => objectsOf(tx, ownerId) }]);
      await tx.collection.updateMany({ where: { id }, data: { objectCount: { increment: objects } } });
    });
  }

  /**
   * Counts what an upsert has added, and gives back what it reserved for more. What is sent again is no longer lost.
   *
   * The store must hold it from now on, but only where no other upsert was under way: two that add the same
   * object at a time may both have created it.
   */
  async confirm(db: PrismaClient, id: string, reserved: number, added: number): Promise<void> {
    await db.$executeRaw`
      UPDATE collections SET
        held_count = held_count + CASE WHEN object_count - held_count = ${reserved} THEN ${added} ELSE 0 END,
        object_count = GREATEST(object_count - ${reserved - added}, 0),
        lost_count = GREATEST(lost_count - ${added}, 0)
      WHERE id = ${id}::uuid`;
  }

  /**
   * Gives back what a failed upsert had reserved. A part may be stored nevertheless, if it was sent: where objects are
   * lost, it must not be taken for them, so that its reservation stays until the next look at the store.
   *
   * @returns false: it stays.
   */
  async giveBack(db: PrismaClient, id: string, reserved: number, wasSent: boolean): Promise<boolean> {
    const given = await db.$executeRaw`
      UPDATE collections SET object_count = GREATEST(object_count - ${reserved}, 0)
      WHERE id = ${id}::uuid AND (lost_count = 0 OR NOT ${wasSent}::boolean)`;
    return given > 0;
  }

  /**
   * Deletes objects. While it is under way, the store need not hold any that it may delete; a process that is killed
   * meanwhile leaves it at that, until the next look at the store.
   *
   * @param atMost how many it may delete; undefined: all.
   * @param remove returns how many it has deleted.
   */
  async deleting(
    db: PrismaClient,
    id: string,
    atMost: number | undefined,
    remove: () => Promise<number>,
  ): Promise<number> {
    const [row] = await db.$queryRaw<{ taken: number }[]>`
      UPDATE collections SET held_count = held_count - COALESCE(${atMost ?? null}::int, object_count)
      WHERE id = ${id}::uuid RETURNING COALESCE(${atMost ?? null}::int, object_count) AS taken`;
    const deleted = await remove();
    const taken = row?.taken ?? 0;
    await db.$executeRaw`
      UPDATE collections SET
        held_count = LEAST(held_count + ${taken - deleted}, GREATEST(object_count - ${deleted}, 0)),
        object_count = GREATEST(object_count - ${deleted}, 0)
      WHERE id = ${id}::uuid`;
    return deleted;
  }

  async use(db: Reader, ownerId: string): Promise<QuotaUse[]> {
    return [
      quotaUse(this.#collections, await collectionsOf(db, ownerId)),
      quotaUse(this.#objects, await objectsOf(db, ownerId)),
    ];
  }
}

const collectionsOf = (db: Reader, ownerId: string): Promise<number> => db.collection.count({ where: { ownerId } });

const objectsOf = async (db: Reader, ownerId: string): Promise<number> =>
  (await db.collection.aggregate({ where: { ownerId }, _sum: { objectCount: true } }))._sum.objectCount ?? 0;
