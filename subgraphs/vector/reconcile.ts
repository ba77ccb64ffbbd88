import type { PrismaClient } from '#prisma/vector/client/client.ts';
import type { VectorStore } from '#retrieval/vectors/vector-store.ts';
import { idOfSpace } from './collections.ts';

type Rows = Pick<PrismaClient, 'collection'>;

/** Deletes spaces of collections that do not exist, which the restore of an old backup brings back. */
export async function deleteOrphans(db: Rows, store: VectorStore): Promise<void> {
  for (const { name } of await store.spaces()) {
    const id = idOfSpace(name);
    if (id !== undefined && (await db.collection.count({ where: { id } })) === 0) await store.deleteSpace(name);
  }
}

/** Makes collections and the store agree where both were restored: what was copied later may hold more, or less. */
export async function reconcileCollections(db: Rows, store: VectorStore): Promise<void> {
  await deleteOrphans(db, store);
  for (const { name } of await store.spaces()) {
    const id = idOfSpace(name);
    if (id === undefined) continue;
    const { ownerId } = await db.collection.findUniqueOrThrow({ where: { id } });
    const { count } = await store.aggregate({ space: name, tenant: ownerId });
    await db.collection.updateMany({ where: { id, objectCount: { not: count } }, data: { objectCount: count } });
  }
}
