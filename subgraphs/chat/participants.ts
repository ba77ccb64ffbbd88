import { badInput, CodedError } from '#platform/errors/errors.ts';
import type { UserIdentity } from '#platform/identity/identity.ts';
import type { Participant } from '#prisma/chat/client/client.ts';
import { type ConversationView, conversationFor, ownedConversation } from './access.ts';
import type { Chat } from './chat.ts';
import { checkId } from './input.ts';

/** Most people in one conversation. */
const MAX_PARTICIPANTS = 50;

/** Lets somebody take part. Inviting twice is inviting once. @throws {CodedError} NOT_FOUND, FORBIDDEN, BAD_USER_INPUT. */
export async function invite(
  { db, topics }: Chat,
  user: UserIdentity,
  conversationId: string,
  invitee: string,
): Promise<{ conversation: ConversationView; participant: Participant }> {
  const conversation = await ownedConversation(db, user.userId, conversationId);
  const userId = checkId('input.userId', invitee);
  const there = await db.participant.findMany({ where: { conversationId } });
  const already = there.find((participant) => participant.userId === userId);
  if (already) return { conversation, participant: already };
  if (there.length >= MAX_PARTICIPANTS) {
    throw badInput(
      'input.userId',
      `would be the ${there.length + 1}th participant; at most ${MAX_PARTICIPANTS} take part.`,
    );
  }
  const participant = await db.participant.upsert({
    where: { conversationId_userId: { conversationId, userId } },
    create: { conversationId, userId, role: 'MEMBER', activityAt: conversation.viewer.activityAt },
    update: {},
  });
  await topics.publish(conversationId, { type: 'ParticipantJoined', userId });
  return { conversation, participant };
}

/** Ends somebody's part. Nothing happens when they have none. @throws {CodedError} NOT_FOUND, FORBIDDEN, BAD_USER_INPUT. */
export async function remove(
  chat: Chat,
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
export async function leave(chat: Chat, user: UserIdentity, conversationId: string): Promise<void> {
  const { viewer } = await conversationFor(chat.db, user.userId, conversationId);
  if (viewer.role === 'OWNER') {
    throw new CodedError('FORBIDDEN', 'The owner cannot leave; delete the conversation or archive it.');
  }
  await part(chat, conversationId, user.userId);
}

async function part({ db, topics }: Chat, conversationId: string, userId: string): Promise<void> {
  const { count } = await db.participant.deleteMany({ where: { conversationId, userId, role: 'MEMBER' } });
  if (count > 0) await topics.publish(conversationId, { type: 'ParticipantLeft', userId });
}
