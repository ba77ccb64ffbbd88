import { badInput, CodedError } from '#platform/base/errors/errors.ts';
import type { UserIdentity } from '#platform/identity/identity.ts';
import { type ConversationView, conversationFor, ownedConversation } from './access.ts';
import { checkId } from './input.ts';
import type { ChatParts } from './parts.ts';

/**
 * Ends a person's part, or withdraws their invitation. Nothing happens when they have neither. @throws {CodedError}
 * NOT_FOUND, FORBIDDEN, BAD_USER_INPUT.
 */
export async function remove(
  chat: ChatParts,
  user: UserIdentity,
  conversationId: string,
  member: string,
): Promise<ConversationView> {
  const conversation = await ownedConversation(chat.db, user.userId, conversationId);
  const userId = checkId('input.userId', member);
  if (userId === conversation.ownerId) throw badInput('input.userId', 'is the owner, who cannot be removed.');
  await part(chat, conversationId, userId);
  return conversation;
}

/** Ends the caller's own part. @throws {CodedError} NOT_FOUND; FORBIDDEN to the owner. */
export async function leave(chat: ChatParts, user: UserIdentity, conversationId: string): Promise<void> {
  const { viewer } = await conversationFor(chat.db, user.userId, conversationId);
  if (viewer.role === 'OWNER') {
    throw new CodedError('FORBIDDEN', 'The owner cannot leave; delete the conversation or archive it.');
  }
  await part(chat, conversationId, user.userId);
}

async function part({ db, topics }: ChatParts, conversationId: string, userId: string): Promise<void> {
  const { count: withdrawn } = await db.invitation.deleteMany({ where: { conversationId, userId } });
  if (withdrawn > 0) await topics.publish(conversationId, { type: 'ConversationUpdated' });
  const { count } = await db.participant.deleteMany({ where: { conversationId, userId, role: 'MEMBER' } });
  if (count > 0) await topics.publish(conversationId, { type: 'ParticipantLeft', userId });
}
