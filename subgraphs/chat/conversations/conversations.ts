import { v7 as uuidv7 } from 'uuid';
import { CodedError, notFound } from '#platform/base/errors/errors.ts';
import { afterCommit } from '#platform/data/database/after-commit.ts';
import type { UserIdentity } from '#platform/identity/identity.ts';
import { Prisma } from '#prisma/chat/client/client.ts';
import { type ConversationView, conversationFor, holdConversation, ownedConversation } from '../access.ts';
import { checkId, checkText, checkTitle, MAX_SYSTEM_PROMPT_BYTES } from '../input.ts';
import { asJson, checkParameters, type ParametersInput } from '../parameters.ts';
import { type ChatParts, TRANSACTION, type Transaction } from '../parts.ts';
import { holdToConversations } from '../quota.ts';
import { spend } from '../rate.ts';
import { noteForViewers } from '../readers/viewer-events.ts';

export interface ConversationSettings {
  readonly systemPrompt?: string | null;
  readonly model?: string | null;
  readonly parameters?: ParametersInput | null;
  readonly memoryEnabled?: boolean | null;
  /** Names of tool servers. */
  readonly toolServers?: readonly string[] | null;
}

export interface CreateInput extends ConversationSettings {
  readonly clientConversationId?: string | null;
  readonly title?: string | null;
}

/**
 * Starts a conversation. The same clientConversationId again answers with the first one's.
 *
 * @throws {CodedError} BAD_USER_INPUT, RATE_LIMITED, QUOTA_EXCEEDED.
 */
export async function createConversation(
  chat: ChatParts,
  user: UserIdentity,
  input: CreateInput,
): Promise<ConversationView> {
  const { db } = chat;
  await spend(chat, user, 'conversations');
  const clientId = input.clientConversationId
    ? checkId('input.clientConversationId', input.clientConversationId)
    : null;
  const id = uuidv7();
  const data = {
    id,
    ownerId: user.userId,
    clientId,
    ...(input.title != null && { title: checkTitle('input.title', input.title), titleSource: 'USER' as const }),
    ...checkedSettings(input),
    participants: { create: { userId: user.userId, role: 'OWNER' as const } },
  };
  try {
    await db.$transaction(async (tx) => {
      await holdToConversations(chat, tx, user.userId);
      await tx.conversation.create({ data });
    }, TRANSACTION);
  } catch (error) {
    // The first call may have taken the last place that there was.
    const earlier =
      clientId !== null && (isDuplicate(error) || (error instanceof CodedError && error.code === 'QUOTA_EXCEEDED'))
        ? await db.conversation.findUnique({
            where: { ownerId_clientId: { ownerId: user.userId, clientId } },
            select: { id: true },
          })
        : null;
    if (!earlier) throw error;
    return conversationFor(db, user.userId, earlier.id);
  }
  chat.viewers.changed(user.userId);
  return conversationFor(db, user.userId, id);
}

const isDuplicate = (error: unknown): boolean =>
  error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002';

/** Absent stays absent; null goes back to the default. */
function checkedSettings(input: ConversationSettings) {
  const { systemPrompt, model, parameters, memoryEnabled, toolServers } = input;
  return {
    ...(systemPrompt !== undefined && {
      systemPrompt:
        systemPrompt === null ? null : checkText('input.systemPrompt', systemPrompt, MAX_SYSTEM_PROMPT_BYTES),
    }),
    ...(model !== undefined && { model }),
    ...(parameters !== undefined && { parameters: asJson(checkParameters('input.parameters', parameters)) }),
    ...(memoryEnabled != null && { memoryEnabled }),
    ...(toolServers !== undefined && { toolServers: [...new Set(toolServers ?? [])] }),
  };
}

/** Changes what replies to come are made with. @throws {CodedError} NOT_FOUND, FORBIDDEN, BAD_USER_INPUT. */
export async function updateConversation(
  chat: ChatParts,
  user: UserIdentity,
  conversationId: string,
  settings: ConversationSettings,
): Promise<ConversationView> {
  return changeOwned(chat, user, conversationId, checkedSettings(settings));
}

/**
 * Renames a conversation.
 *
 * @throws {CodedError} NOT_FOUND, FORBIDDEN, BAD_USER_INPUT.
 */
export async function renameConversation(
  chat: ChatParts,
  user: UserIdentity,
  conversationId: string,
  title: string,
): Promise<ConversationView> {
  return changeOwned(chat, user, conversationId, { title: checkTitle('input.title', title), titleSource: 'USER' });
}

async function changeOwned(
  { db, topics }: ChatParts,
  user: UserIdentity,
  conversationId: string,
  data: Prisma.ConversationUpdateInput,
): Promise<ConversationView> {
  const { viewer } = await ownedConversation(db, user.userId, conversationId);
  const conversation = await db.conversation.update({
    where: { id: conversationId },
    data: { ...data, updatedAt: new Date() },
  });
  await topics.publish(conversationId, { type: 'ConversationUpdated' });
  return { ...conversation, viewer };
}

/** Puts the conversation away or pins it, in the user's own list. @throws {CodedError} NOT_FOUND. */
export async function markConversation(
  { db, viewers }: ChatParts,
  user: UserIdentity,
  conversationId: string,
  mark: { readonly archived: boolean } | { readonly pinned: boolean },
): Promise<ConversationView> {
  const conversation = await conversationFor(db, user.userId, conversationId);
  const now = new Date();
  const [viewer] = await db.participant.updateManyAndReturn({
    where: { conversationId, userId: user.userId },
    data:
      'archived' in mark
        ? { archivedAt: mark.archived ? (conversation.viewer.archivedAt ?? now) : null }
        : { pinnedAt: mark.pinned ? (conversation.viewer.pinnedAt ?? now) : null },
  });
  if (!viewer) throw notFound('The conversation');
  viewers.changed(user.userId);
  return { ...conversation, viewer };
}

/** Deletes it for everybody and for good. @throws {CodedError} NOT_FOUND, FORBIDDEN. */
export async function deleteConversation(chat: ChatParts, user: UserIdentity, conversationId: string): Promise<void> {
  await ownedConversation(chat.db, user.userId, conversationId);
  await endConversation(chat, conversationId, user.userId);
}

/** Stops what is being written in a conversation, removes it, and tells all who read it. */
export async function endConversation(chat: ChatParts, conversationId: string, ownerId: string): Promise<void> {
  const { db, streams, topics } = chat;
  const running = await db.message.findMany({ where: { conversationId, status: 'STREAMING' }, select: { id: true } });
  await Promise.all(running.map(({ id }) => streams.requestStop(id)));
  await db.$transaction((tx) => removeConversation(chat, tx, conversationId, ownerId), TRANSACTION);
  await topics.publish(conversationId, { type: 'ConversationDeleted' });
}

/** Removes the rows of a conversation and tells the others. */
async function removeConversation(
  { outbox, viewers }: ChatParts,
  tx: Transaction,
  conversationId: string,
  ownerId: string,
): Promise<void> {
  // Who joins meanwhile is told as well.
  await holdConversation(tx, conversationId);
  const told = { where: { conversationId }, select: { userId: true, conversationId: true } } as const;
  const [there, invited] = [await tx.participant.findMany(told), await tx.invitation.findMany(told)];
  const { count } = await tx.conversation.deleteMany({ where: { id: conversationId } });
  if (count === 0) return;
  await noteForViewers(tx, 'GONE', there);
  await noteForViewers(tx, 'INVITATION', invited);
  afterCommit(tx, () => viewers.changed(...[...there, ...invited].map(({ userId }) => userId)));
  await outbox.record(tx, 'conversation.deleted', { conversationId, userId: ownerId, at: new Date().toISOString() });
}
