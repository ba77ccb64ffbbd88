import { v7 as uuidv7 } from 'uuid';
import { badInput, CodedError, notFound } from '#platform/base/errors/errors.ts';
import { digestOf, randomToken } from '#platform/base/secrets/tokens.ts';
import type { PageArguments } from '#platform/data/paging/key-paging.ts';
import {
  type CountedConnection,
  connection,
  decodeCursor,
  encodeCursor,
  pageSize,
} from '#platform/data/paging/paging.ts';
import type { UserIdentity } from '#platform/identity/identity.ts';
import type { Message, Prisma, Share } from '#prisma/chat/client/client.ts';
import { holdConversation, ownedConversation } from '../access.ts';
import { checkId, isId } from '../input.ts';
import { type ChatParts, TRANSACTION } from '../parts.ts';
import { spend } from '../rate.ts';
import { messagesByIds, wayTo } from '../tree.ts';

/** Most links of one conversation. */
const MAX_SHARES = 20;
/** Most messages that a link shows, the latest of them. */
const MAX_MESSAGES = 10_000;
const MAX_PAGE = 200;
const LIST = 'shared messages';

export interface ShareInput {
  readonly id: string;
  readonly messageId?: string | null;
  readonly expiresAt?: Date | null;
}

/**
 * Makes a link by which anybody reads the conversation as it is now, down to one message. Messages never change, so the
 * link needs no copy of them; what is deleted afterwards is gone from it too.
 *
 * @returns the link and its secret, which is not kept.
 * @throws {CodedError} NOT_FOUND, FORBIDDEN, BAD_USER_INPUT, RATE_LIMITED.
 */
export async function shareConversation(
  chat: ChatParts,
  user: UserIdentity,
  { id: conversationId, messageId, expiresAt }: ShareInput,
): Promise<{ share: Share; token: string }> {
  await spend(chat, user, 'shares');
  if (expiresAt != null && expiresAt <= new Date()) throw badInput('input.expiresAt', 'is past; give a time to come.');
  const conversation = await ownedConversation(chat.db, user.userId, conversationId);
  const leafId = messageId == null ? conversation.activeLeafId : checkId('input.messageId', messageId);
  const leaf = leafId && (await chat.db.message.findFirst({ where: { id: leafId, conversationId } }));
  if (!leaf) {
    throw messageId == null
      ? badInput('input.id', 'has no message yet; there is nothing to share.')
      : badInput('input.messageId', 'is not a message of this conversation.');
  }
  const way = await wayTo(chat.db, leaf.id, MAX_MESSAGES);
  const open = { id: { in: way }, status: { in: ['PENDING', 'STREAMING'] } } satisfies Prisma.MessageWhereInput;
  if ((await chat.db.message.count({ where: open })) > 0) {
    throw new CodedError('CONFLICT', 'A reply is still being written; share the conversation when it has ended.');
  }
  const token = randomToken();
  const share = await chat.db.$transaction(async (tx) => {
    await holdConversation(tx, conversationId);
    const count = await tx.share.count({ where: { conversationId } });
    if (count >= MAX_SHARES) {
      throw badInput('input.id', `has ${count} links; at most ${MAX_SHARES} are kept. Revoke some with revokeShare.`);
    }
    const { title } = conversation;
    const data = { id: uuidv7(), conversationId, leafId: leaf.id, title, tokenHash: digestOf(token) };
    return tx.share.create({ data: { ...data, expiresAt: expiresAt ?? null } });
  }, TRANSACTION);
  return { share, token };
}

/** Ends a link, at once and everywhere. Of a link that is not there, or of another person's, nothing happens. */
export async function revokeShare({ db }: ChatParts, { userId }: UserIdentity, id: string): Promise<void> {
  if (isId(id)) await db.share.deleteMany({ where: { id, conversation: { ownerId: userId } } });
}

/** Reads the links of conversations, the newest first; each conversation has no more than MAX_SHARES. */
export const sharesOf = ({ db }: Pick<ChatParts, 'db'>, conversationIds: readonly string[]): Promise<Share[]> =>
  db.share.findMany({ where: { conversationId: { in: [...conversationIds] } }, orderBy: { id: 'desc' } });

/** Returns what a link shows, to anybody who has it. @throws {CodedError} NOT_FOUND: wrong, revoked or expired. */
export async function openShare({ db }: Pick<ChatParts, 'db'>, token: string): Promise<Share> {
  const share = await db.share.findUnique({ where: { tokenHash: digestOf(token.slice(0, 100)) } });
  if (!share || (share.expiresAt !== null && share.expiresAt <= new Date())) {
    throw notFound('What this link leads to');
  }
  return share;
}

/** A message as a stranger reads it: what was said, and nothing of how. */
export type SharedMessage = Pick<Message, 'role' | 'text' | 'createdAt'> & { readonly id: string };

/**
 * Returns a page of the messages of a link, oldest first. What a reply was written from, who asked, what it cost, and
 * pictures are private; what was deleted, and replies without a word, are left out.
 *
 * @throws {CodedError} BAD_USER_INPUT.
 */
export async function readShare(
  { db }: ChatParts,
  share: Share,
  { first, after }: PageArguments,
): Promise<CountedConnection<SharedMessage>> {
  const size = pageSize('first', first, 50, MAX_PAGE);
  const behind = Number(decodeCursor(LIST, 'after', after, ['number'])?.[0] ?? 0);
  const way = await wayTo(db, share.leafId, MAX_MESSAGES);
  const shown = (await messagesByIds(db, way.slice(behind, behind + size))).map(
    ({ role, text, createdAt, removedAt, status }, index) => ({
      place: behind + index + 1,
      isShown: removedAt === null && text !== '' && status !== 'STREAMING' && status !== 'PENDING',
      role,
      text,
      createdAt,
    }),
  );
  const nodes = shown.flatMap(({ place, isShown, ...message }) =>
    isShown ? [{ ...message, id: `${share.id}:${place}` }] : [],
  );
  const sides = { next: way.length > behind + size, previous: behind > 0 };
  const page = connection(nodes, ({ id }) => encodeCursor(LIST, id.slice(share.id.length + 1)), sides);
  // The page ends where it was cut, though the last message there is not shown.
  const end = Math.min(behind + size, way.length);
  const endCursor = end > behind ? encodeCursor(LIST, String(end)) : null;
  return { ...page, pageInfo: { ...page.pageInfo, endCursor }, totalCount: async () => way.length };
}
