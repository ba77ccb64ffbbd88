import type { JobHandler } from '#platform/data/jobs/jobs.ts';
import type { EventHandlers } from '#platform/data/outbox/outbox.ts';
import { REMOVE_DOCUMENT } from './documents/ingest.ts';
import { EXTRACT_MEMORIES } from './extraction/extract-memories.ts';
import { INDEX_NAMES, tenantOf } from './indexes.ts';
import { INDEX_MEMORIES } from './memories/index-memories.ts';
import type { MemoryParts, Transaction } from './parts.ts';
import { INDEX_MESSAGE } from './transcript.ts';

export const REMOVE_CONVERSATION = 'remove-conversation';
export const REMOVE_USER = 'remove-user';

/**
 * Returns what memory does about what others tell. Each effect and its jobs are written in the event's own transaction.
 */
export function eventHandlers({ quick, slow }: Pick<MemoryParts, 'quick' | 'slow'>): EventHandlers<Transaction> {
  return {
    async 'message.completed'({ payload }, tx) {
      const { messageId: id, conversationId, userId, role, text, at } = payload;
      const wanted = payload.remember && payload.status === 'COMPLETED' && (role === 'USER' || role === 'ASSISTANT');
      if (!wanted || text.trim() === '') return;
      const row = {
        conversationId,
        userId,
        role,
        text: text.replaceAll('\0', ''),
        parentId: payload.parentId ?? null,
        at,
      };
      await tx.transcriptMessage.upsert({ where: { id }, create: { id, ...row }, update: row });
      await slow.enqueue(tx, INDEX_MESSAGE, { id }, { key: id, userId });
      if (role === 'ASSISTANT') await slow.enqueue(tx, EXTRACT_MEMORIES, { replyId: id }, { key: id, userId });
    },

    async 'conversation.deleted'({ payload: { conversationId } }, tx) {
      const messages = await tx.transcriptMessage.findMany({ where: { conversationId }, distinct: ['userId'] });
      const about = await tx.memory.findMany({
        where: { conversationId, OR: [{ about: conversationId }, { origin: 'EXTRACTED' }] },
      });
      await tx.memory.deleteMany({ where: { id: { in: about.map((row) => row.id) } } });
      await tx.memory.updateMany({
        where: { supersededById: { in: about.map((row) => row.id) } },
        data: { supersededById: null },
      });
      await tx.transcriptMessage.deleteMany({ where: { conversationId } });
      await tx.context.deleteMany({ where: { conversationId } });
      for (const [userId, rows] of Map.groupBy(about, (row) => row.userId))
        await quick.enqueue(tx, INDEX_MEMORIES, { userId, ids: rows.map((row) => row.id) }, { userId });
      for (const { userId } of messages)
        await quick.enqueue(tx, REMOVE_CONVERSATION, { conversationId, userId }, { userId });
    },

    async 'user.deleted'({ payload: { userId } }, tx) {
      // What was shared with everybody belongs to the installation: administrators decide on it.
      const documents = await tx.document.findMany({
        where: { ownerId: userId, access: 'PRIVATE' },
        select: { id: true },
      });
      await tx.document.deleteMany({ where: { id: { in: documents.map((row) => row.id) } } });
      await tx.memory.deleteMany({ where: { userId } });
      await tx.transcriptMessage.deleteMany({ where: { userId } });
      await tx.context.deleteMany({ where: { userId } });
      await quick.enqueue(tx, REMOVE_USER, { userId });
      for (const { id } of documents) await quick.enqueue(tx, REMOVE_DOCUMENT, { documentId: id, ownerId: userId });
    },
  };
}

/** Takes a deleted conversation's messages out of the index. */
export const removeConversation = ({ indexes }: Pick<MemoryParts, 'indexes'>): JobHandler<Transaction> => ({
  async run(payload) {
    const { conversationId, userId } = payload as { conversationId: string; userId: string };
    const index = await indexes.get('messages');
    await index.removeWhere(tenantOf(userId), { field: 'conversationId', op: 'eq', value: conversationId });
  },
});

/** Takes everything of a deleted user out of every index. */
export const removeUser = ({ indexes }: Pick<MemoryParts, 'indexes'>): JobHandler<Transaction> => ({
  async run(payload) {
    const { userId } = payload as { userId: string };
    for (const name of INDEX_NAMES) await (await indexes.get(name)).removeTenant(tenantOf(userId));
  },
});
