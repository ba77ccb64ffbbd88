import type { EventHandlers } from '#platform/data/outbox/outbox.ts';
import type { Prisma } from '#prisma/vector/client/client.ts';
import type { VectorParts } from './parts.ts';

type Parts = Pick<VectorParts, 'collections'>;

/** Returns what vector does about what others tell: collections of a deleted user go with what is in them. */
export const eventHandlers = ({ collections }: Parts): EventHandlers<Prisma.TransactionClient> => ({
  'user.deleted': ({ payload }, tx) => collections.deleteAll(payload.userId, tx),
});
