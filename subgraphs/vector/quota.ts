import type { Config } from '#platform/base/config/config.ts';
import { holdToQuotas, type Quota, type QuotaUse, quotaUse } from '#platform/data/quotas.ts';
import type { Prisma, PrismaClient } from '#prisma/vector/client/client.ts';

type Reader = Pick<PrismaClient, 'collection'>;

/**
 * The quotas of one user: collections and what is in them. What a collection holds is counted beside its row,
 * because the store cannot be asked in a transaction: an upsert reserves what it may add, and gives back what it did
 * not.
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

  /** Gives back what was reserved and not added, or was deleted. */
  async giveBack(db: PrismaClient, id: string, objects: number): Promise<void> {
    if (objects === 0) return;
    await db.$executeRaw`
      UPDATE collections SET object_count = GREATEST(object_count - ${objects}, 0) WHERE id = ${id}::uuid`;
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
