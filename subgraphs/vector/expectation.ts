import type { PrismaClient } from '#prisma/vector/client/client.ts';

type Rows = Pick<PrismaClient, 'collection' | '$queryRaw'>;

/** The objects that the store was let off, by collection, to be expected again. */
export type LetOff = readonly { readonly id: string; readonly taken: number }[];

/**
 * Lets the store lack what it holds of these collections, spaces included: it is about to be replaced or removed. Less
 * than nothing is expected then, so that what is added or deleted meanwhile does not make it more than that.
 */
export async function expectNothing(db: Rows, ids: readonly string[]): Promise<LetOff> {
  return await db.$queryRaw<{ id: string; taken: number }[]>`
    UPDATE collections SET held_count = held_count - object_count - 1 WHERE id = ANY(${ids}::uuid[])
    RETURNING id::text, object_count + 1 AS taken`;
}

/** Lets the store hold again what it was let off, unless a look at it has counted meanwhile what is there. */
export async function expectAgain(db: Rows, letOff: LetOff): Promise<void> {
  for (const { id, taken } of letOff)
    await db.collection.updateMany({ where: { id, heldCount: { lt: 0 } }, data: { heldCount: { increment: taken } } });
}
