import { v7 as uuidv7 } from 'uuid';
import { CodedError } from '#platform/base/errors/errors.ts';
import type { UserIdentity } from '#platform/identity/identity.ts';
import type { Message, Prisma } from '#prisma/chat/client/client.ts';
import { type ConversationView, conversationFor, messageFor } from '../access.ts';
import { copiedCall } from '../draft/tool-calls.ts';
import { checkTitle } from '../input.ts';
import { type ChatParts, type Database, TRANSACTION, type Transaction } from '../parts.ts';
import { holdToConversations } from '../quota.ts';
import { spend } from '../rate.ts';
import { seenBy } from '../replies/privacy.ts';
import { backFrom, MAX_DEPTH, messagesByIds } from '../tree.ts';

/** Most messages that a fork takes along: half of what a branch may have, so that there is room to go on. */
const MAX_MESSAGES = MAX_DEPTH / 2;
/** Most bytes of them: the words of each are found by the search, which is what a copy costs. */
const MAX_BYTES = 8 * 1024 * 1024;
/** Messages that are copied by one statement. */
const AT_ONCE = 500;

/** A message on the way to the one that is forked at, without its text. */
interface Step {
  readonly id: string;
  readonly role: Message['role'];
  readonly status: Message['status'];
  /** Of all that it holds. */
  readonly bytes: number;
  /** Whether it has calls of tools or citations, of which not everybody may have a copy. */
  readonly hasSources: boolean;
}

/** A message with the ids that its copy gets. */
interface Copy {
  readonly original: Step;
  readonly id: string;
  readonly parentId: string | null;
  readonly childId: string | null;
  readonly depth: number;
}

/**
 * Copies the way to a message, or the latest of it that MAX_MESSAGES and MAX_BYTES have room for, into a new
 * conversation of the user's, with the settings of the old one. It begins with what a person said. The copies have ids
 * of their own and no record of tokens: those were spent once.
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
  const way = await stepsTo(db, last.id);
  if (way.some(({ status }) => status === 'PENDING' || status === 'STREAMING')) {
    throw new CodedError('CONFLICT', 'A reply on this branch is still being written; fork when it has ended.');
  }
  const id = uuidv7();
  const ids = way.map(() => uuidv7());
  const copies = way.map(
    (step, depth): Copy => ({
      original: step,
      id: ids[depth]!,
      parentId: ids[depth - 1] ?? null,
      childId: ids[depth + 1] ?? null,
      depth,
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
    let copied = 0;
    for (let from = 0; from < copies.length; from += AT_ONCE)
      copied += await copyMessages(tx, user, id, copies.slice(from, from + AT_ONCE));
    if (copied < copies.length)
      throw new CodedError('CONFLICT', 'The conversation has changed meanwhile, or was deleted; fork it as it is now.');
  }, TRANSACTION);
  chat.viewers.changed(user.userId);
  return conversationFor(db, user.userId, id);
}

/** Returns the latest messages on the way to one that a fork has room for, oldest first. */
async function stepsTo(db: Database, messageId: string): Promise<Step[]> {
  const latestFirst = await db.$queryRaw<Step[]>`
    WITH RECURSIVE ${backFrom(messageId, MAX_MESSAGES)}
    SELECT m.id::text, m.role::text, m.status::text, m.tool_calls <> '[]' OR m.citations <> '[]' AS "hasSources",
      octet_length(m.text) + coalesce(octet_length(m.reasoning), 0)
        + octet_length(m.tool_calls::text) + octet_length(m.citations::text) AS bytes
    FROM way JOIN messages m ON m.id = way.id ORDER BY step`;
  let bytes = 0;
  const outside = latestFirst.findIndex((step, index) => {
    bytes += step.bytes;
    return index > 0 && bytes > MAX_BYTES;
  });
  const steps = (outside === -1 ? latestFirst : latestFirst.slice(0, outside)).reverse();
  // A reply whose question stays behind says little to a reader, and many models refuse to begin with one.
  const first = steps.findIndex(({ role }) => role === 'USER');
  return first === -1 ? steps : steps.slice(first);
}

/**
 * Copies messages within the database. Only those with sources are read: what is another person's is left out.
 *
 * @returns how many are there still, and have ended.
 */
async function copyMessages(
  tx: Transaction,
  user: UserIdentity,
  conversationId: string,
  copies: readonly Copy[],
): Promise<number> {
  const withSources = copies.filter(({ original }) => original.hasSources).map(({ original }) => original.id);
  const seen = (await messagesByIds(tx, withSources)).map((message) => sourcesOf(user, message));
  const text = (of: (copy: Copy) => string | null) => copies.map((copy) => of(copy) ?? '');
  return tx.$executeRaw`
    INSERT INTO messages (id, conversation_id, parent_id, depth, active_child_id, role, status, author_id, text, reasoning,
      tool_calls, citations, attachments, model, parameters, offer, requester_id, error_code, error_message, created_at,
      completed_at, removed_at)
    SELECT copy.id::uuid, ${conversationId}::uuid, nullif(copy.parent_id, '')::uuid, copy.depth, nullif(copy.child_id, '')::uuid,
      m.role, m.status, m.author_id, m.text,
      nullif(CASE WHEN seen.id IS NULL THEN m.reasoning ELSE seen.reasoning END, ''),
      CASE WHEN seen.id IS NULL THEN '[]' ELSE seen.tool_calls END, CASE WHEN seen.id IS NULL THEN '[]' ELSE seen.citations END,
      m.attachments, m.model, m.parameters, m.offer, CASE WHEN m.requester_id = ${user.userId}::uuid THEN m.requester_id END,
      m.error_code, m.error_message, m.created_at, m.completed_at, m.removed_at
    FROM unnest(${text(({ id }) => id)}::text[], ${text(({ original }) => original.id)}::text[],
      ${text(({ parentId }) => parentId)}::text[], ${text(({ childId }) => childId)}::text[],
      ${copies.map(({ depth }) => depth)}::int[]) AS copy(id, original_id, parent_id, child_id, depth)
    JOIN messages m ON m.id = copy.original_id::uuid AND m.status NOT IN ('PENDING', 'STREAMING')
    LEFT JOIN jsonb_to_recordset(${JSON.stringify(seen)}::jsonb)
      AS seen(id uuid, reasoning text, tool_calls jsonb, citations jsonb) ON seen.id = m.id`;
}

/** What a reply was written from, which goes along where it is the user's own. */
function sourcesOf({ userId }: UserIdentity, message: Message) {
  const { reasoning, toolCalls, citations } = seenBy(userId, message);
  return { id: message.id, reasoning, tool_calls: toolCalls.map(copiedCall), citations };
}
