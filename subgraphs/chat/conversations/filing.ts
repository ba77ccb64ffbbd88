import { v7 as uuidv7 } from 'uuid';
import { badInput, CodedError, notFound } from '#platform/base/errors/errors.ts';
import type { PageArguments } from '#platform/data/paging/key-paging.ts';
import {
  type CountedConnection,
  connection,
  decodeCursor,
  encodeCursor,
  pageSize,
} from '#platform/data/paging/paging.ts';
import type { UserIdentity } from '#platform/identity/identity.ts';
import type { Folder } from '#prisma/chat/client/client.ts';
import { type ConversationView, conversationFor } from '../access.ts';
import { checkText, isId } from '../input.ts';
import { type ChatParts, TRANSACTION, type Transaction } from '../parts.ts';
import { holdToFolders } from '../quota.ts';
import { spend } from '../rate.ts';
import { noteForViewers } from '../readers/viewer-events.ts';

/** Most characters of a folder's name and of a tag. */
const MAX_NAME = 100;
const MAX_TAG = 50;
/** Most tags of one conversation. */
const MAX_TAGS = 20;
const MAX_PAGE = 200;

/**
 * Makes a folder in the user's list. A name that is there already names the folder that is there: twice is once.
 *
 * @throws {CodedError} BAD_USER_INPUT, QUOTA_EXCEEDED, RATE_LIMITED.
 */
export async function createFolder(chat: ChatParts, user: UserIdentity, given: string): Promise<Folder> {
  const name = checkName('input.name', given, MAX_NAME);
  await spend(chat, user, 'folders');
  const { userId } = user;
  const made = await chat.db.$transaction(async (tx) => {
    await holdToFolders(tx, userId, name);
    const id = uuidv7();
    const folder = await tx.folder.upsert({
      where: { userId_name: { userId, name } },
      create: { id, userId, name },
      update: {},
    });
    if (folder.id === id) await noteFolders(tx, userId);
    return folder;
  }, TRANSACTION);
  chat.viewers.changed(userId);
  return made;
}

/**
 * Renames a folder of the user's.
 *
 * @throws {CodedError} NOT_FOUND, BAD_USER_INPUT, RATE_LIMITED; CONFLICT for a name in use.
 */
export async function renameFolder(chat: ChatParts, user: UserIdentity, id: string, given: string): Promise<Folder> {
  const { db, viewers } = chat;
  const name = checkName('input.name', given, MAX_NAME);
  await spend(chat, user, 'folders');
  const { userId } = user;
  const renamed = await db.$transaction(async (tx) => {
    await tx.$queryRaw`SELECT 1 FROM folders WHERE user_id = ${userId}::uuid ORDER BY id FOR UPDATE`;
    const other = await tx.folder.findUnique({ where: { userId_name: { userId, name } } });
    if (other && other.id !== id) throw new CodedError('CONFLICT', 'Another folder of yours has this name.');
    const [folder] = isId(id) ? await tx.folder.updateManyAndReturn({ where: { id, userId }, data: { name } }) : [];
    if (!folder) throw notFound('The folder');
    await noteFolders(tx, userId);
    return folder;
  }, TRANSACTION);
  viewers.changed(userId);
  return renamed;
}

/**
 * Removes a folder of the user's. What lies in it stays, in no folder. Nothing happens when it is not there.
 *
 * @throws {CodedError} RATE_LIMITED.
 */
export async function deleteFolder(chat: ChatParts, user: UserIdentity, id: string): Promise<void> {
  if (!isId(id)) return;
  const { db, viewers } = chat;
  await spend(chat, user, 'folders');
  const { userId } = user;
  await db.$transaction(async (tx) => {
    const { count } = await tx.folder.deleteMany({ where: { id, userId } });
    if (count > 0) await noteFolders(tx, userId);
  }, TRANSACTION);
  viewers.changed(userId);
}

/** One note a user: that there are changes is all that is told of folders. */
const noteFolders = (tx: Transaction, userId: string) =>
  noteForViewers(tx, 'FOLDERS', [{ userId, conversationId: userId }]);

/** Puts a conversation into a folder of the user's, or into none. @throws {CodedError} NOT_FOUND for either. */
export async function moveConversation(
  { db, viewers }: ChatParts,
  user: UserIdentity,
  conversationId: string,
  folderId: string | null,
): Promise<ConversationView> {
  const { userId } = user;
  const conversation = await conversationFor(db, userId, conversationId);
  if (folderId !== null) {
    const folder = isId(folderId) ? await db.folder.findFirst({ where: { id: folderId, userId } }) : null;
    if (!folder) throw notFound('The folder');
  }
  const [viewer] = await db.participant
    .updateManyAndReturn({ where: { conversationId, userId }, data: { folderId } })
    .catch((error: unknown) => {
      // Deleted since it was looked at.
      throw (error as { code?: string }).code === 'P2003' ? notFound('The folder') : error;
    });
  if (!viewer) throw notFound('The conversation');
  viewers.changed(userId);
  return { ...conversation, viewer };
}

/** Gives a conversation its tags, in the user's list. @throws {CodedError} NOT_FOUND, BAD_USER_INPUT. */
export async function tagConversation(
  { db, viewers }: ChatParts,
  user: UserIdentity,
  conversationId: string,
  given: readonly string[],
): Promise<ConversationView> {
  const { userId } = user;
  if (given.length > MAX_TAGS) {
    throw badInput('input.tags', `are ${given.length}; a conversation has at most ${MAX_TAGS}.`);
  }
  const tags = given.map((tag, index) => checkName(`input.tags.${index}`, tag, MAX_TAG));
  const conversation = await conversationFor(db, userId, conversationId);
  const [viewer] = await db.participant.updateManyAndReturn({
    where: { conversationId, userId },
    data: { tags: [...new Set(tags)] },
  });
  if (!viewer) throw notFound('The conversation');
  viewers.changed(userId);
  return { ...conversation, viewer };
}

function checkName(argument: string, given: string, most: number): string {
  const name = checkText(argument, given, most * 4)
    .normalize('NFC')
    .replace(/\s+/g, ' ')
    .trim();
  if (name.length > most) throw badInput(argument, `is ${name.length} characters long; at most ${most} are accepted.`);
  return name;
}

/** Returns a page of the user's folders, by name. @throws {CodedError} BAD_USER_INPUT. */
export async function listFolders(
  { db }: ChatParts,
  { userId }: UserIdentity,
  { first, after }: PageArguments,
): Promise<CountedConnection<Folder>> {
  const list = 'folders';
  const size = pageSize('first', first, 50, MAX_PAGE);
  const behind = decodeCursor(list, 'after', after, ['text'])?.[0];
  const rows = await db.folder.findMany({
    where: { userId, ...(behind !== undefined && { name: { gt: behind } }) },
    orderBy: { name: 'asc' },
    take: size + 1,
  });
  const sides = { next: rows.length > size, previous: behind !== undefined };
  return {
    ...connection(rows.slice(0, size), ({ name }) => encodeCursor(list, name), sides),
    totalCount: () => db.folder.count({ where: { userId } }),
  };
}

/** A tag, and how many of the user's conversations have it. */
export interface Tag {
  readonly name: string;
  readonly conversationCount: number;
}

/** Returns a page of the user's tags, by name. @throws {CodedError} BAD_USER_INPUT. */
export async function listTags(
  { db }: ChatParts,
  { userId }: UserIdentity,
  { first, after }: PageArguments,
): Promise<CountedConnection<Tag>> {
  const list = 'tags';
  const size = pageSize('first', first, 50, MAX_PAGE);
  const behind = decodeCursor(list, 'after', after, ['text'])?.[0] ?? null;
  const rows = await db.$queryRaw<Tag[]>`
    SELECT tag AS name, count(*)::int AS "conversationCount"
    FROM participants, unnest(tags) AS tag
    WHERE user_id = ${userId}::uuid AND (${behind}::text IS NULL OR tag > ${behind}::text)
    GROUP BY tag ORDER BY tag LIMIT ${size + 1}`;
  const sides = { next: rows.length > size, previous: behind !== null };
  return {
    ...connection(rows.slice(0, size), ({ name }) => encodeCursor(list, name), sides),
    totalCount: async () => {
      const [row] = await db.$queryRaw<{ count: number }[]>`
        SELECT count(DISTINCT tag)::int AS count FROM participants, unnest(tags) AS tag WHERE user_id = ${userId}::uuid`;
      return row!.count;
    },
  };
}
