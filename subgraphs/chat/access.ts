import { CodedError, notFound } from '#platform/base/errors/errors.ts';
import type { Conversation, Message, Participant } from '#prisma/chat/client/client.ts';
import { isId } from './input.ts';
import type { Database, Transaction } from './parts.ts';

/** A conversation as one of its participants sees it. */
export interface ConversationView extends Conversation {
  readonly viewer: Participant;
}

type Reader = Database | Transaction;

/**
 * Returns the conversation, if the user takes part in it.
 *
 * @throws {CodedError} NOT_FOUND: it does not exist, or the user takes no part. The error does not tell which.
 */
export async function conversationFor(db: Reader, userId: string, conversationId: string): Promise<ConversationView> {
  const found = isId(conversationId)
    ? await db.participant.findUnique({
        where: { conversationId_userId: { conversationId, userId } },
        include: { conversation: true },
      })
    : null;
  if (!found) throw unknownConversation(conversationId);
  const { conversation, ...viewer } = found;
  return { ...conversation, viewer };
}

/**
 * Returns how much has arrived in the conversation, if the user takes part in it: by one small query.
 *
 * @throws {CodedError} NOT_FOUND as conversationFor.
 */
export async function arrivalsFor(
  db: Reader,
  userId: string,
  conversationId: string,
): Promise<Pick<Conversation, 'id' | 'arrivals'>> {
  const found = isId(conversationId)
    ? await db.conversation.findFirst({
        where: { id: conversationId, participants: { some: { userId } } },
        select: { id: true, arrivals: true },
      })
    : null;
  if (!found) throw unknownConversation(conversationId);
  return found;
}

/** Returns the error of a conversation that does not exist, or in which the user takes no part. */
export const unknownConversation = (id: string): CodedError => notFound(`The conversation ${shown(id)}`);

/**
 * Returns the conversation, if the user owns it.
 *
 * @throws {CodedError} NOT_FOUND as conversationFor; FORBIDDEN to other participants.
 */
export async function ownedConversation(db: Reader, userId: string, conversationId: string): Promise<ConversationView> {
  const conversation = await conversationFor(db, userId, conversationId);
  if (conversation.viewer.role !== 'OWNER') {
    throw new CodedError('FORBIDDEN', 'Only the owner of the conversation may do this.');
  }
  return conversation;
}

/** A message, and who owns its conversation. */
export type OwnedMessage = Message & { readonly conversation: Pick<Conversation, 'ownerId'> };

/**
 * Returns the message, if the user takes part in its conversation.
 *
 * @throws {CodedError} NOT_FOUND, whatever the reason.
 */
export async function messageFor(db: Reader, userId: string, messageId: string): Promise<OwnedMessage> {
  const message = isId(messageId)
    ? await db.message.findFirst({
        where: { id: messageId, conversation: { participants: { some: { userId } } } },
        include: { conversation: { select: { ownerId: true } } },
      })
    : null;
  if (!message) throw notFound(`The message ${shown(messageId)}`);
  return message;
}

/**
 * Locks the conversation until the transaction ends, so that messages come into its tree one after another.
 *
 * @throws {CodedError} NOT_FOUND as conversationFor.
 */
export async function lockConversation(
  tx: Transaction,
  userId: string,
  conversationId: string,
): Promise<ConversationView> {
  if (isId(conversationId)) await holdConversation(tx, conversationId);
  return conversationFor(tx, userId, conversationId);
}

/** Locks a conversation until the transaction ends, for any change of it. One that is gone is not an error. */
export async function holdConversation(tx: Transaction, conversationId: string): Promise<void> {
  await tx.$queryRaw`SELECT 1 FROM conversations WHERE id = ${conversationId}::uuid FOR UPDATE`;
}

const shown = (id: string): string => id.slice(0, 40);
