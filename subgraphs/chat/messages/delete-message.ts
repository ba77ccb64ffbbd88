import { CodedError } from '#platform/base/errors/errors.ts';
import type { UserIdentity } from '#platform/identity/identity.ts';
import { type Message, Prisma } from '#prisma/chat/client/client.ts';
import { messageFor, type OwnedMessage } from '../access.ts';
import { emptiedResults } from '../draft/emptied-results.ts';
import { type ChatParts, TRANSACTION, type Transaction } from '../parts.ts';
import { spend } from '../rate.ts';
import type { Replies } from '../replies/replies.ts';
import { firstWords } from '../replies/title-text.ts';
import { arriveAgain } from './arrive-again.ts';
import { stopGeneration } from './stop.ts';

/**
 * Takes the content of a message away for good. Its place stays, so the branches hold together and what follows it can
 * be read. Replies to it that are being written are stopped first. Twice is once.
 *
 * @returns what is left of the message.
 * @throws {CodedError} NOT_FOUND; FORBIDDEN to those who neither wrote it, asked for it, nor own the conversation.
 */
export async function deleteMessage(
  chat: ChatParts,
  replies: Replies,
  user: UserIdentity,
  messageId: string,
): Promise<Message> {
  const { db, topics } = chat;
  await spend(chat, user, 'messages');
  const message = await messageFor(db, user.userId, messageId);
  checkDeletable(user, message);
  if (message.removedAt !== null) return message;
  const running = await db.message.findMany({
    where: { OR: [{ id: message.id }, { parentId: message.id }], status: { in: ['PENDING', 'STREAMING'] } },
    select: { id: true },
  });
  await Promise.all(running.map(({ id }) => stopGeneration(chat, replies, user, id)));
  const left = await db.$transaction((tx) => blank(chat, tx, message), TRANSACTION);
  if (message.role === 'ASSISTANT') await discardStream(chat, message.id);
  await topics.publish(
    message.conversationId,
    { type: 'MessageUpdated', messageId: message.id },
    { type: 'ConversationUpdated' },
  );
  return left;
}

function checkDeletable({ userId }: UserIdentity, { authorId, requesterId, conversation }: OwnedMessage): void {
  if (userId === authorId || userId === requesterId || userId === conversation.ownerId) return;
  throw new CodedError(
    'FORBIDDEN',
    'Only its author, the person who asked for the reply, and the owner of the conversation may delete a message.',
  );
}

/** Takes the words out of the row, and out of whatever else holds them in this database. */
async function blank({ outbox }: ChatParts, tx: Transaction, { id, conversationId }: Message): Promise<Message> {
  const { arrivals } = await tx.conversation.update({
    where: { id: conversationId },
    data: { arrivals: { increment: 1 } },
    select: { arrivals: true },
  });
  const message = await tx.message.findUniqueOrThrow({ where: { id } });
  if (message.removedAt !== null) return message;
  const removedAt = new Date();
  const isOpen = message.status === 'PENDING' || message.status === 'STREAMING';
  const left = await tx.message.update({
    where: { id },
    data: {
      text: '',
      reasoning: null,
      toolCalls: [],
      citations: [],
      attachments: [],
      offer: {},
      requestHash: null,
      errorMessage: null,
      removedAt,
      arrival: arrivals,
      // A process that did not hear of the stop in time has lost its turn: what it still writes does not count.
      ...(isOpen && { status: 'STOPPED', epoch: { increment: 1 }, completedAt: removedAt }),
    },
  });
  // It is unread no longer.
  if (message.arrival !== null) {
    await tx.$executeRaw`
      UPDATE participants SET activity_at = activity_at
      WHERE conversation_id = ${conversationId}::uuid AND last_read < ${message.arrival}::int`;
  }
  await tx.replyChunk.deleteMany({ where: { messageId: id } });
  await tx.feedback.deleteMany({ where: { messageId: id } });
  await forgetTitles(tx, message);
  await forgetQuotations(tx, message);
  await tx.$executeRaw`
    UPDATE outbox_events SET payload = jsonb_set(payload, '{text}', '""')
    WHERE type = 'message.completed' AND aggregate = ${`conversation:${conversationId}`} AND payload->>'messageId' = ${id}`;
  await outbox.record(tx, 'message.deleted', {
    messageId: id,
    conversationId,
    at: removedAt.toISOString(),
  });
  return left;
}

/** Takes back titles that go on saying what a message said, in links that were made with them too. */
async function forgetTitles(tx: Transaction, { conversationId, role, text, depth }: Message): Promise<void> {
  const said = role === 'USER' ? [firstWords(text)] : [];
  const { title, titleSource } = await tx.conversation.findUniqueOrThrow({ where: { id: conversationId } });
  // A model makes a title of the first exchange.
  if (titleSource === 'GENERATED' && depth <= 1 && title !== null) said.push(title);
  if (said.length === 0) return;
  await tx.conversation.updateMany({
    where: { id: conversationId, titleSource: { in: ['FIRST_WORDS', 'GENERATED'] }, title: { in: said } },
    data: { title: null, titleSource: 'NONE' },
  });
  await tx.share.updateMany({ where: { conversationId, title: { in: said } }, data: { title: null } });
}

/** Takes the words out of the citations of replies. Recall quotes a message only to the person whose it is. */
async function forgetQuotations(tx: Transaction, { id, authorId, requesterId }: Message): Promise<void> {
  const userId = authorId ?? requesterId;
  if (userId === null) return;
  const cited = JSON.stringify([{ kind: 'MESSAGE', sourceId: id }]);
  await tx.$executeRaw`
    UPDATE messages SET citations = (
      SELECT jsonb_agg(CASE WHEN citation->>'sourceId' = ${id} THEN jsonb_set(citation - 'quotes', '{text}', '""') ELSE citation END
        ORDER BY place)
      FROM jsonb_array_elements(citations) WITH ORDINALITY AS cited(citation, place))
    WHERE requester_id = ${userId}::uuid AND status IN ('COMPLETE', 'INTERRUPTED', 'STOPPED', 'FAILED')
      AND citations @> ${cited}::jsonb`;
}

/** Takes the words out of the stream log, which would keep them for a few minutes. */
async function discardStream({ streams, log }: ChatParts, replyId: string): Promise<void> {
  try {
    await streams.discard(replyId);
  } catch (error) {
    log.warn({ err: error, replyId }, 'the stream of a deleted reply could not be discarded; it expires by itself');
  }
}

/** Messages that are blanked in one transaction. */
const SOME = 100;

/**
 * Blanks some of what a person wrote in conversations of others. Replies that others read stay, without what they drew
 * on.
 *
 * @returns how many messages it was; 0: nothing is left.
 */
export async function blankSomeOf(tx: Transaction, userId: string): Promise<number> {
  const ended = { notIn: ['PENDING', 'STREAMING'] } satisfies Prisma.EnumMessageStatusFilter;
  const some = await tx.message.findMany({
    where: { OR: [{ authorId: userId }, { requesterId: userId, status: ended }] },
    select: { id: true, conversationId: true },
    take: SOME,
  });
  if (some.length === 0) return 0;
  const ids = some.map(({ id }) => id);
  const conversationIds = [...new Set(some.map(({ conversationId }) => conversationId))];
  // The order of locks: conversations, then messages, then participants.
  await tx.$queryRaw`
    SELECT 1 FROM conversations WHERE id = ANY(${conversationIds}::uuid[]) ORDER BY id FOR UPDATE`;
  const written = { id: { in: ids }, authorId: userId };
  // Each is an arrival, as a deletion by hand is.
  const gone = await tx.message.findMany({ where: { ...written, removedAt: null }, select: { id: true } });
  await arriveAgain(
    tx,
    gone.map(({ id }) => id),
  );
  const opened = { messages: { some: { ...written, parentId: null } } };
  const made = { titleSource: { in: ['FIRST_WORDS', 'GENERATED'] } } satisfies Prisma.ConversationWhereInput;
  await tx.share.updateMany({ where: { conversation: { ...opened, ...made } }, data: { title: null } });
  await tx.conversation.updateMany({ where: { ...opened, ...made }, data: { title: null, titleSource: 'NONE' } });
  await tx.message.updateMany({
    where: written,
    data: { authorId: null, text: '', attachments: [], requestHash: null, removedAt: new Date() },
  });
  await tx.$executeRaw`
    UPDATE messages SET tool_calls = ${emptiedResults(Prisma.sql`tool_calls`)}
    WHERE id = ANY(${ids}::uuid[]) AND requester_id = ${userId}::uuid AND tool_calls <> '[]'`;
  await tx.message.updateMany({
    where: { id: { in: ids }, requesterId: userId, status: ended },
    data: { citations: [], requesterId: null, requester: Prisma.DbNull },
  });
  return ids.length;
}
