import { v7 as uuidv7 } from 'uuid';
import { CodedError } from '#platform/base/errors/errors.ts';
import type { UserIdentity } from '#platform/identity/identity.ts';
import type { Message, Prisma } from '#prisma/chat/client/client.ts';
import { type ConversationView, conversationFor, messageFor } from '../access.ts';
import { copiedCall } from '../draft/tool-calls.ts';
import { checkTitle } from '../input.ts';
import { type ChatParts, TRANSACTION } from '../parts.ts';
import { holdToConversations } from '../quota.ts';
import { spend } from '../rate.ts';
import { mayReadSources, seenBy } from '../replies/privacy.ts';
import { MAX_DEPTH, messagesByIds, wayTo } from '../tree.ts';

/** Most messages that a fork takes along: half of what a branch may have, so that there is room to go on. */
const MAX_MESSAGES = MAX_DEPTH / 2;

/**
 * Copies the way to a message, or its latest MAX_MESSAGES, into a new conversation of the user's, with the settings of
 * the old one. The copies have
 * ids of their own and no record of tokens: those were spent once.
 *
 * @throws {CodedError} NOT_FOUND, BAD_USER_INPUT, RATE_LIMITED, QUOTA_EXCEEDED; CONFLICT while a reply on the way is
 * being written.
 */
export async function forkConversation(
  chat: ChatParts,
  user: UserIdentity,
  input: { messageId: string; title?: string | null },
): Promise<ConversationView> {
  const { db } = chat;
  await spend(chat, user, 'conversations');
  const last = await messageFor(db, user.userId, input.messageId);
  const original = await conversationFor(db, user.userId, last.conversationId);
  const title = input.title == null ? undefined : checkTitle('input.title', input.title);
  const way = await messagesByIds(db, await wayTo(db, last.id, MAX_MESSAGES));
  if (way.some(({ status }) => status === 'PENDING' || status === 'STREAMING')) {
    throw new CodedError('CONFLICT', 'A reply on this branch is still being written; fork when it has ended.');
  }
  const id = uuidv7();
  const ids = way.map(() => uuidv7());
  const copies = way.map(
    (message, index): Prisma.MessageCreateManyInput => ({
      ...sourcesOf(user, message),
      id: ids[index]!,
      conversationId: id,
      parentId: ids[index - 1] ?? null,
      depth: index,
      activeChildId: ids[index + 1] ?? null,
      role: message.role,
      status: message.status,
      authorId: message.authorId,
      text: message.text,
      attachments: message.attachments,
      model: message.model,
      parameters: message.parameters as Prisma.InputJsonObject,
      offer: message.offer as Prisma.InputJsonObject,
      errorCode: message.errorCode,
      errorMessage: message.errorMessage,
      createdAt: message.createdAt,
      completedAt: message.completedAt,
      removedAt: message.removedAt,
    }),
  );
  await db.$transaction(async (tx) => {
    await holdToConversations(chat, tx, user.userId);
    await tx.conversation.create({
      data: {
        id,
        ownerId: user.userId,
        title: title ?? original.title,
        titleSource: title === undefined ? original.titleSource : 'USER',
        systemPrompt: original.systemPrompt,
        model: original.model,
        parameters: original.parameters as Prisma.InputJsonObject,
        memoryEnabled: original.memoryEnabled,
        toolServers: original.toolServers,
        activeRootId: ids[0]!,
        activeLeafId: ids.at(-1)!,
        messageCount: copies.length,
        forkedFromMessageId: last.id,
        participants: { create: { userId: user.userId, role: 'OWNER' } },
      },
    });
    await tx.message.createMany({ data: copies });
  }, TRANSACTION);
  chat.viewers.changed(user.userId);
  return conversationFor(db, user.userId, id);
}

/** What a reply was written from, which goes along where it is the user's own. */
function sourcesOf({ userId }: UserIdentity, message: Message) {
  const { reasoning, toolCalls, citations } = seenBy(userId, message);
  return {
    requesterId: mayReadSources(message, userId) ? userId : null,
    reasoning: reasoning || null,
    toolCalls: toolCalls.map(copiedCall) as unknown as Prisma.InputJsonArray,
    citations: citations as unknown as Prisma.InputJsonArray,
  };
}
