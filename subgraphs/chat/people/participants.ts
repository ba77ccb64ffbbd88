import { badInput, CodedError } from '#platform/base/errors/errors.ts';
import type { UserIdentity } from '#platform/identity/identity.ts';
import { type ConversationView, conversationFor, ownedConversation } from '../access.ts';
import { checkId } from '../input.ts';
import { type ChatParts, TRANSACTION } from '../parts.ts';
import { noteForViewers } from '../readers/viewer-events.ts';

/**
 * Ends a person's part, and all links that invite, or withdraws their invitation. Nothing happens when they have
 * neither. @throws {CodedError} NOT_FOUND, FORBIDDEN, BAD_USER_INPUT.
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
  await part(chat, conversationId, userId, true);
  return conversation;
}

/** Ends the caller's own part. @throws {CodedError} NOT_FOUND; FORBIDDEN to the owner. */
export async function leave(chat: ChatParts, user: UserIdentity, conversationId: string): Promise<void> {
  const { viewer } = await conversationFor(chat.db, user.userId, conversationId);
  if (viewer.role === 'OWNER') {
    throw new CodedError('FORBIDDEN', 'The owner cannot leave; delete the conversation or archive it.');
  }
  await part(chat, conversationId, user.userId, false);
}

async function part(
  { db, topics, viewers }: ChatParts,
  conversationId: string,
  userId: string,
  isRemoval: boolean,
): Promise<void> {
  const one = { userId, conversationId };
  const { withdrawn, left } = await db.$transaction(async (tx) => {
    const { count: invitations } = await tx.invitation.deleteMany({ where: one });
    if (invitations > 0) await noteForViewers(tx, 'INVITATION', [one]);
    const { count: parts } = await tx.participant.deleteMany({ where: { ...one, role: 'MEMBER' } });
    if (parts > 0) await noteForViewers(tx, 'GONE', [one]);
    // A link that the person may have kept lets them in no more.
    if (parts > 0 && isRemoval) await tx.invitationLink.deleteMany({ where: { conversationId } });
    return { withdrawn: invitations > 0, left: parts > 0 };
  }, TRANSACTION);
  if (withdrawn) await topics.publish(conversationId, { type: 'ConversationUpdated' });
  if (left) await topics.publish(conversationId, { type: 'ParticipantLeft', userId });
  if (withdrawn || left) viewers.changed(userId);
}
