import { badInput, CodedError, notFound } from '#platform/base/errors/errors.ts';
import { keyConnection, keyPage, type PageArguments } from '#platform/data/paging/key-paging.ts';
import { type CountedConnection, MAX_COUNT } from '#platform/data/paging/paging.ts';
import type { UserIdentity } from '#platform/identity/identity.ts';
import type { Conversation, Invitation, Participant } from '#prisma/chat/client/client.ts';
import { type ConversationView, conversationFor, holdConversation, ownedConversation } from '../access.ts';
import { checkId, isId } from '../input.ts';
import { type ChatParts, TRANSACTION, type Transaction } from '../parts.ts';
import { spend } from '../rate.ts';
import { noteForViewers } from '../readers/viewer-events.ts';

/** Most people who take part in one conversation or are invited to it. */
const MAX_PARTICIPANTS = 50;
/** Most unanswered invitations from one person to another. */
const MAX_UNANSWERED = 5;

/** An invitation with the conversation that it is for. */
export interface InvitationView extends Invitation {
  readonly conversation: Pick<Conversation, 'title'>;
}

/**
 * Invites a person. Nothing of the conversation is theirs, and nothing of theirs comes into it, before they accept.
 * Inviting twice is inviting once.
 *
 * @returns the participant instead of an invitation when the person takes part already.
 * @throws {CodedError} NOT_FOUND, FORBIDDEN, BAD_USER_INPUT, RATE_LIMITED.
 */
export async function invite(
  chat: ChatParts,
  user: UserIdentity,
  conversationId: string,
  invitee: string,
): Promise<{
  conversation: ConversationView;
  invitation: InvitationView | undefined;
  participant: Participant | undefined;
}> {
  await spend(chat, user, 'invitations');
  const conversation = await ownedConversation(chat.db, user.userId, conversationId);
  const userId = checkId('input.userId', invitee);
  const answer = await chat.db.$transaction(async (tx) => {
    // What one person sends from several conversations at the same time does not pass the limit together.
    await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`invitations ${user.userId}`}, 0))`;
    await holdConversation(tx, conversationId);
    const where = { conversationId_userId: { conversationId, userId } };
    const participant = await tx.participant.findUnique({ where });
    if (participant) return { participant, invitation: undefined };
    const earlier = await tx.invitation.findUnique({ where, include: { conversation: true } });
    if (earlier) return { participant: undefined, invitation: earlier };
    await checkRoom(tx, conversationId, 'input.userId');
    const unanswered = await tx.invitation.count({ where: { invitedById: user.userId, userId } });
    if (unanswered >= MAX_UNANSWERED) {
      throw badInput(
        'input.userId',
        `has ${unanswered} invitations of yours to answer; at most ${MAX_UNANSWERED} wait at a time.`,
      );
    }
    const data = { conversationId, userId, invitedById: user.userId };
    await noteForViewers(tx, 'INVITATION', [data]);
    return {
      participant: undefined,
      invitation: await tx.invitation.create({ data, include: { conversation: true } }),
    };
  }, TRANSACTION);
  chat.viewers.changed(userId);
  if (answer.invitation) await chat.topics.publish(conversationId, { type: 'ConversationUpdated' });
  return { conversation, ...answer };
}

/** Checks that there is room for one more person. @throws {CodedError} BAD_USER_INPUT naming `argument`. */
export async function checkRoom(tx: Transaction, conversationId: string, argument: string): Promise<void> {
  const there =
    (await tx.participant.count({ where: { conversationId } })) +
    (await tx.invitation.count({ where: { conversationId } }));
  if (there < MAX_PARTICIPANTS) return;
  throw badInput(argument, `would be the ${there + 1}th person; at most ${MAX_PARTICIPANTS} take part or are invited.`);
}

/** Takes part from now on. Accepting twice is accepting once. @throws {CodedError} NOT_FOUND without an invitation. */
export async function accept(chat: ChatParts, user: UserIdentity, conversationId: string): Promise<ConversationView> {
  const { userId } = user;
  const joined =
    isId(conversationId) &&
    (await chat.db.$transaction(async (tx) => {
      await holdConversation(tx, conversationId);
      const { count } = await tx.invitation.deleteMany({ where: { conversationId, userId } });
      if (count === 0) return false;
      await noteForViewers(tx, 'INVITATION', [{ userId, conversationId }]);
      // By a link, in another tab.
      if ((await tx.participant.count({ where: { conversationId, userId } })) > 0) return false;
      await join(tx, conversationId, userId);
      return true;
    }, TRANSACTION));
  if (joined) await chat.topics.publish(conversationId, { type: 'ParticipantJoined', userId });
  try {
    return await conversationFor(chat.db, userId, conversationId);
  } catch (error) {
    if (error instanceof CodedError && error.code === 'NOT_FOUND') throw notFound('The invitation');
    throw error;
  }
}

/** Makes a person take part, in the transaction of what entitles them to it. */
export async function join(tx: Transaction, conversationId: string, userId: string): Promise<void> {
  const owner = await tx.participant.findFirstOrThrow({
    where: { conversationId, role: 'OWNER' },
    include: { conversation: true },
  });
  // What was said before they came does not wait to be read.
  const lastRead = owner.conversation.arrivals;
  await tx.participant.create({
    data: { conversationId, userId, role: 'MEMBER', activityAt: owner.activityAt, lastRead },
  });
}

/** Refuses an invitation. Without one nothing happens. */
export async function decline(chat: ChatParts, user: UserIdentity, conversationId: string): Promise<void> {
  if (!isId(conversationId)) return;
  const one = { userId: user.userId, conversationId };
  const declined = await chat.db.$transaction(async (tx) => {
    const { count } = await tx.invitation.deleteMany({ where: one });
    if (count > 0) await noteForViewers(tx, 'INVITATION', [one]);
    return count > 0;
  }, TRANSACTION);
  if (!declined) return;
  chat.viewers.changed(user.userId);
  await chat.topics.publish(conversationId, { type: 'ConversationUpdated' });
}

/** Lists the invitations that wait for the user's answer, the newest conversation first. @throws BAD_USER_INPUT. */
export async function listInvitations(
  { db }: ChatParts,
  user: UserIdentity,
  input: PageArguments,
): Promise<CountedConnection<InvitationView>> {
  const page = keyPage('conversationInvitations', input);
  const rows = await db.invitation.findMany({
    where: { userId: user.userId, ...(page.after !== undefined && { conversationId: { lt: page.after } }) },
    include: { conversation: true },
    orderBy: { conversationId: 'desc' },
    take: page.take + 1,
  });
  const totalCount = () => db.invitation.count({ where: { userId: user.userId }, take: MAX_COUNT });
  return { ...keyConnection(rows, page, ({ conversationId }) => conversationId), totalCount };
}
