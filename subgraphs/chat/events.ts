import type { EventHandlers } from '#platform/data/outbox/outbox.ts';
import { Prisma } from '#prisma/chat/client/client.ts';
import { removeConversation } from './conversations.ts';
import type { ChatParts, Transaction } from './parts.ts';

/**
 * Returns what chat does when an account is deleted: its conversations go, with everything in them; in those of others
 * its part ends and what it wrote is blanked, so that the branches hold together. Twice is once.
 */
export const eventHandlers = (chat: ChatParts): EventHandlers<Transaction> => ({
  'user.deleted': async ({ payload: { userId } }, tx) => {
    const owned = await tx.conversation.findMany({ where: { ownerId: userId }, select: { id: true } });
    for (const { id } of owned) {
      const running = await tx.message.findMany({
        where: { conversationId: id, status: 'STREAMING' },
        select: { id: true },
      });
      await Promise.all(running.map((reply) => chat.streams.requestStop(reply.id)));
      await removeConversation(chat, tx, id, userId);
      await chat.topics.publish(id, { type: 'ConversationDeleted' });
    }
    await tx.invitation.deleteMany({ where: { OR: [{ userId }, { invitedById: userId }] } });
    await tx.participant.deleteMany({ where: { userId } });
    await tx.message.updateMany({
      where: { authorId: userId },
      data: { authorId: null, text: '', attachments: [], removedAt: new Date() },
    });
    // Replies that others read stay; what they drew on was this user's own.
    await tx.message.updateMany({ where: { requesterId: userId }, data: { citations: [] } });
    await tx.$executeRaw`
      UPDATE messages SET tool_calls = (
        SELECT jsonb_agg(CASE WHEN call ? 'result' THEN jsonb_set(call, '{result,content}', '""') ELSE call END ORDER BY place)
        FROM jsonb_array_elements(tool_calls) WITH ORDINALITY AS calls(call, place))
      WHERE requester_id = ${userId}::uuid AND tool_calls <> '[]'`;
    await tx.message.updateMany({
      where: { requesterId: userId, status: { notIn: ['PENDING', 'STREAMING'] } },
      data: { requesterId: null, requester: Prisma.DbNull },
    });
  },
});
