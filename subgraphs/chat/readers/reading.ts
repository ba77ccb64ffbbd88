import { notFound } from '#platform/base/errors/errors.ts';
import type { UserIdentity } from '#platform/identity/identity.ts';
import { Prisma } from '#prisma/chat/client/client.ts';
import { type ConversationView, conversationFor } from '../access.ts';
import { isId } from '../input.ts';
import type { ChatParts, Database } from '../parts.ts';

/**
 * What a person has not read: messages of others, and replies that have ended. Each gets a number when it arrives,
 * under the lock of the conversation, so the numbers stand in the order of the commits whatever process wrote them; a
 * mark is the number up to which a person has read.
 */

/** Returns SQL that says whether a message `m` waits to be read by a participant `p`. */
const waits = (userId: string): Prisma.Sql =>
  Prisma.sql`m.conversation_id = p.conversation_id AND m.arrival > p.last_read AND m.removed_at IS NULL
    AND m.author_id IS DISTINCT FROM ${userId}::uuid AND NOT (m.status = 'STOPPED' AND m.text = '')`;

/** Counts what waits to be read by a user, by conversation; those where nothing waits are left out. */
export async function countUnread(
  db: Database,
  userId: string,
  conversationIds: readonly string[],
): Promise<Map<string, number>> {
  const rows = await db.$queryRaw<{ id: string; unread: number }[]>`
    SELECT p.conversation_id::text AS id, count(*)::int AS unread
    FROM participants p JOIN messages m ON ${waits(userId)}
    WHERE p.user_id = ${userId}::uuid AND p.conversation_id = ANY(${conversationIds}::uuid[])
    GROUP BY 1`;
  return new Map(rows.map(({ id, unread }) => [id, unread]));
}

/** Returns SQL that says whether something waits to be read in the conversation of a participant `p`, the user. */
export const isUnread = (userId: string): Prisma.Sql =>
  Prisma.sql`(EXISTS (SELECT FROM conversations c WHERE c.id = p.conversation_id AND c.arrivals > p.last_read)
    AND EXISTS (SELECT FROM messages m WHERE ${waits(userId)}))`;

/**
 * Marks a conversation as read by the user: up to a message, or all that has arrived. A mark never goes back.
 *
 * @throws {CodedError} NOT_FOUND for a conversation that the user takes no part in and a message that is not in it.
 */
export async function markRead(
  { db, viewers }: ChatParts,
  user: UserIdentity,
  conversationId: string,
  messageId: string | null,
): Promise<ConversationView> {
  const { userId } = user;
  const before = await conversationFor(db, userId, conversationId);
  const message =
    messageId !== null && isId(messageId)
      ? await db.message.findFirst({ where: { id: messageId, conversationId } })
      : undefined;
  if (messageId !== null && !message) throw notFound('The message');
  // A reply that has not ended has no number yet, and what was deleted has that of its deletion: what was there when
  // the message came is read.
  const upTo = message
    ? ((message.removedAt === null ? message.arrival : null) ??
      (
        await db.message.aggregate({
          where: { conversationId, completedAt: { lte: message.createdAt } },
          _max: { arrival: true },
        })
      )._max.arrival ??
      0)
    : before.arrivals;
  const last = message ?? (await lastArrival(db, conversationId, upTo));
  const { count } = await db.participant.updateMany({
    where: { conversationId, userId, lastRead: { lt: upTo } },
    data: { lastRead: upTo, ...(last && { lastReadMessageId: last.id }) },
  });
  if (count > 0) viewers.changed(userId);
  return conversationFor(db, userId, conversationId);
}

const lastArrival = (db: Database, conversationId: string, upTo: number) =>
  db.message.findFirst({ where: { conversationId, arrival: { lte: upTo } }, orderBy: { arrival: 'desc' } });
