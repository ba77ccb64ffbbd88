import { afterCommit } from '#platform/data/database/after-commit.ts';
import type { EventHandlers } from '#platform/data/outbox/outbox.ts';
import { removeConversation } from './conversations/conversations.ts';
import { blankMessagesOf } from './messages/delete-message.ts';
import type { ChatParts, Transaction } from './parts.ts';
import { noteForViewers } from './readers/viewer-events.ts';
import type { EndedAccounts } from './tool-accounts/ended-accounts.ts';

/**
 * Returns what chat does when an account is deleted: its conversations go, with everything in them; in those of others
 * its part ends and what it wrote is blanked, so that the branches hold together; tokens at tool servers are given
 * back. Twice is once.
 */
export const eventHandlers = (chat: ChatParts, accounts: EndedAccounts): EventHandlers<Transaction> => ({
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
    const invited = await tx.invitation.findMany({ where: { invitedById: userId } });
    await tx.invitation.deleteMany({ where: { OR: [{ userId }, { invitedById: userId }] } });
    await noteForViewers(tx, 'INVITATION', invited);
    afterCommit(tx, () => chat.viewers.changed(...invited.map((invitation) => invitation.userId)));
    // The order of locks: conversations, then messages, then participants.
    await tx.$queryRaw`SELECT 1 FROM conversations WHERE id IN (
      SELECT conversation_id FROM participants WHERE user_id = ${userId}::uuid
      UNION SELECT conversation_id FROM messages WHERE author_id = ${userId}::uuid) ORDER BY id FOR UPDATE`;
    await tx.participant.deleteMany({ where: { userId } });
    await tx.folder.deleteMany({ where: { userId } });
    await tx.viewerNotice.deleteMany({ where: { userId } });
    await tx.feedback.deleteMany({ where: { userId } });
    await accounts.end(tx, userId);
    await tx.toolAccountRequest.deleteMany({ where: { userId } });
    await blankMessagesOf(tx, userId);
  },
});
