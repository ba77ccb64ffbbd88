import type { EventHandlers } from '#platform/data/outbox/outbox.ts';
import type { Prisma } from '#prisma/vision/client/client.ts';
import type { VisionParts } from './parts.ts';

/** Returns what vision does about what others tell: pictures of a deleted user go with their bytes. */
export const eventHandlers = ({ images }: Pick<VisionParts, 'images'>): EventHandlers<Prisma.TransactionClient> => ({
  async 'user.deleted'({ payload }, tx) {
    await images.deleteWhere(tx, { ownerId: payload.userId });
  },
});
