import { digestOf } from '#platform/base/secrets/tokens.ts';
import type { EventPayload } from '#platform/contracts/events.ts';
import type { JobHandler } from '#platform/data/jobs/jobs.ts';
import type { EventHandlers } from '#platform/data/outbox/outbox.ts';
import { Prisma } from '#prisma/memory/client/client.ts';
import { REMOVE_DOCUMENT } from './documents/ingest.ts';
import { EXTRACT_MEMORIES } from './extraction/extract-memories.ts';
import { INDEX_NAMES, tenantOf } from './indexes.ts';
import { deleteMemories } from './memories/delete-memories.ts';
import type { MemoryParts, Transaction } from './parts.ts';

export const REMOVE_CONVERSATION = 'remove-conversation';
export const REMOVE_MESSAGE = 'remove-message';
export const REMOVE_USER = 'remove-user';

/**
 * Returns what memory does about what others tell. Each effect and its jobs are written in the event's own transaction.
 */
export function eventHandlers({
  quick,
  learning,
  extraction,
}: Pick<MemoryParts, 'quick' | 'learning' | 'extraction'>): EventHandlers<Transaction> {
  return {
    'message.completed': {
      async handle(events, tx) {
        const said = await ofAccounts(tx, events.map(({ payload }) => payload).filter(isWanted));
        await store(tx, said);
        const replies = said.filter(({ role, parentId }) => role === 'ASSISTANT' && parentId !== undefined);
        if (extraction === 'off' || replies.length === 0) return;
        const lessons = replies.map(({ messageId, userId }) => ({
          payload: { replyId: messageId },
          key: messageId,
          userId,
        }));
        await learning.enqueueAll(tx, EXTRACT_MEMORIES, lessons);
      },
    },

    async 'message.deleted'({ payload: { messageId } }, tx) {
      const said = await tx.transcriptMessage.findUnique({ where: { id: messageId }, select: { userId: true } });
      await tx.transcriptMessage.deleteMany({ where: { id: messageId } });
      await deleteMemories(tx, quick, Prisma.sql`source_message_id = ${messageId} AND origin = 'EXTRACTED'`);
      if (said) await quick.enqueue(tx, REMOVE_MESSAGE, { messageId, userId: said.userId }, { userId: said.userId });
    },

    async 'conversation.deleted'({ payload: { conversationId } }, tx) {
      const people = await tx.transcriptMessage.groupBy({ by: ['userId'], where: { conversationId } });
      const inIt = Prisma.sql`conversation_id = ${conversationId}`;
      // The messages first: what is being learned from one is stored before it can go, and goes with the memories.
      await tx.transcriptMessage.deleteMany({ where: { conversationId } });
      await deleteMemories(tx, quick, Prisma.sql`${inIt} AND (about = ${conversationId} OR origin = 'EXTRACTED')`);
      await tx.context.deleteMany({ where: { conversationId } });
      const attached = await tx.document.findMany({ where: { conversationId }, select: { id: true, ownerId: true } });
      await tx.document.deleteMany({ where: { conversationId } });
      await quick.enqueueAll(
        tx,
        REMOVE_DOCUMENT,
        attached.map(({ id, ownerId }) => ({ payload: { documentId: id, ownerId }, userId: ownerId })),
      );
      for (const { userId } of people)
        await quick.enqueue(tx, REMOVE_CONVERSATION, { conversationId, userId }, { userId });
    },

    async 'user.deleted'({ payload: { userId } }, tx) {
      await tx.$executeRaw`SELECT pg_advisory_xact_lock(${lockOf(Prisma.sql`${userId}`)})`;
      await tx.forgottenUser.createMany({ data: [{ digest: digestOf(userId) }], skipDuplicates: true });
      // What was shared with everybody belongs to the installation: administrators decide on it.
      const documents = await tx.document.findMany({
        where: { ownerId: userId, access: 'PRIVATE' },
        select: { id: true },
      });
      await tx.document.deleteMany({ where: { ownerId: userId, access: 'PRIVATE' } });
      // The messages first: what is being learned from one is stored before it can go, and goes with the memories.
      await tx.transcriptMessage.deleteMany({ where: { userId } });
      await tx.memory.deleteMany({ where: { userId } });
      await tx.context.deleteMany({ where: { userId } });
      await quick.enqueue(tx, REMOVE_USER, { userId });
      await quick.enqueueAll(
        tx,
        REMOVE_DOCUMENT,
        documents.map(({ id }) => ({ payload: { documentId: id, ownerId: userId } })),
      );
    },
  };
}

type Completed = EventPayload<'message.completed'>;

const isWanted = ({ remember, status, role, text }: Completed): boolean =>
  remember && status === 'COMPLETED' && (role === 'USER' || role === 'ASSISTANT') && text.trim() !== '';

/**
 * Returns SQL of the lock of a user. A transaction that keeps their messages holds it shared, one that forgets them
 * alone and before anything else: a message is kept before that, and goes, or comes after it. Others' wait for neither.
 */
const lockOf = (userId: Prisma.Sql) => Prisma.sql`hashtextextended('memory user ' || ${userId}, 0)`;

/** The messages of users whose accounts are there: one may be told of after the end of its user's. */
async function ofAccounts(tx: Transaction, said: readonly Completed[]): Promise<Completed[]> {
  if (said.length === 0) return [];
  await tx.$executeRaw`
    SELECT pg_advisory_xact_lock_shared(${lockOf(Prisma.sql`id`)})
    FROM (SELECT DISTINCT unnest(${said.map(({ userId }) => userId)}::text[]) AS id ORDER BY 1) AS users`;
  const digests = new Map(said.map(({ userId }) => [userId, digestOf(userId)]));
  const gone = await tx.forgottenUser.findMany({ where: { digest: { in: [...digests.values()] } } });
  const isGone = new Set(gone.map(({ digest }) => digest));
  return said.filter(({ userId }) => !isGone.has(digests.get(userId)!));
}

/** Keeps messages, by one statement. They are indexed when a recall first looks through them. */
async function store(tx: Transaction, said: readonly Completed[]): Promise<void> {
  // The last word on each: a statement changes a row once.
  const rows = new Map(
    said.map(({ messageId, conversationId, userId, role, text, parentId, at }) => [
      messageId,
      {
        id: messageId,
        conversation_id: conversationId,
        user_id: userId,
        parent_id: parentId ?? null,
        role,
        text: text.replaceAll('\0', ''),
        at,
      },
    ]),
  );
  if (rows.size === 0) return;
  await tx.$executeRaw`
    INSERT INTO transcript_messages (id, conversation_id, user_id, parent_id, role, text, at, indexed)
    SELECT id, conversation_id, user_id, parent_id, role, text, at, false
    FROM jsonb_to_recordset(${JSON.stringify([...rows.values()])}::jsonb)
      AS said (id text, conversation_id text, user_id text, parent_id text, role text, text text, at timestamptz)
    ORDER BY id
    ON CONFLICT (id) DO UPDATE SET conversation_id = EXCLUDED.conversation_id, user_id = EXCLUDED.user_id,
      parent_id = EXCLUDED.parent_id, role = EXCLUDED.role, text = EXCLUDED.text, at = EXCLUDED.at, indexed = false`;
}

/** Takes a deleted conversation's messages out of the index. */
export const removeConversation = ({ indexes }: Pick<MemoryParts, 'indexes'>): JobHandler<Transaction> => ({
  async run(payload) {
    const { conversationId, userId } = payload as { conversationId: string; userId: string };
    const index = await indexes.get('messages');
    await index.removeWhere(tenantOf(userId), { field: 'conversationId', op: 'eq', value: conversationId });
  },
});

/** Takes a deleted message out of the index. */
export const removeMessage = ({ indexes }: Pick<MemoryParts, 'indexes'>): JobHandler<Transaction> => ({
  async run(payload) {
    const { messageId, userId } = payload as { messageId: string; userId: string };
    const index = await indexes.get('messages');
    await index.removeWhere(tenantOf(userId), { field: 'messageId', op: 'eq', value: messageId });
  },
});

/** Takes everything of a deleted user out of every index. */
export const removeUser = ({ indexes }: Pick<MemoryParts, 'indexes'>): JobHandler<Transaction> => ({
  async run(payload) {
    const { userId } = payload as { userId: string };
    for (const name of INDEX_NAMES) await (await indexes.get(name)).removeTenant(tenantOf(userId));
  },
});
