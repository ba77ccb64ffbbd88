import type { EventHandlers } from '#platform/data/outbox/outbox.ts';
import type { Prisma } from '#prisma/vector/client/client.ts';
import { REMOVE_COLLECTIONS } from './jobs.ts';
import type { VectorParts } from './parts.ts';

/**
 * Returns what vector does about what others tell: collections of a deleted user go with what is in them, by a job. The
 * store may take long, or be away, and no transaction waits for it.
 */
export const eventHandlers = ({ jobs }: Pick<VectorParts, 'jobs'>): EventHandlers<Prisma.TransactionClient> => ({
  async 'user.deleted'({ payload: { userId } }, tx) {
    await jobs.enqueue(tx, REMOVE_COLLECTIONS, { userId }, { key: userId, userId });
  },
});
