import { badInput } from '#platform/errors/errors.ts';
import type { Message } from '#prisma/chat/client/client.ts';
import type { ConversationView } from './access.ts';
import type { Database, Transaction } from './chat.ts';
import { type Connection, connection, decodeCursor, encodeCursor, pageSize } from './paging.ts';

/**
 * The tree of a conversation. Every message remembers the child that the active branch goes through, or went through
 * when it last came by: so a branch that is chosen again is found as it was left, and the active branch can be read from
 * either end in as many steps as the page is long.
 */

/** Where a branch begins or goes on. */
export type Parent = Pick<Message, 'id' | 'parentId' | 'depth'>;

/** Makes the branch down to `leafId` the active one. Messages are only written where the choice changes. */
export async function activate(tx: Transaction, conversationId: string, leafId: string): Promise<void> {
  const [root] = await tx.$queryRaw<{ id: string }[]>`
    WITH RECURSIVE way AS (
      SELECT id, parent_id FROM messages WHERE id = ${leafId}::uuid
      UNION ALL
      SELECT m.id, m.parent_id FROM way JOIN messages m ON m.id = way.parent_id
    ), choices AS (
      UPDATE messages m SET active_child_id = way.id FROM way
      WHERE m.id = way.parent_id AND m.active_child_id IS DISTINCT FROM way.id
    )
    SELECT id::text FROM way WHERE parent_id IS NULL`;
  await tx.conversation.update({
    where: { id: conversationId },
    data: { activeRootId: root!.id, activeLeafId: leafId },
  });
}

/** The last message of the branch through `messageId`, as it was last left. */
export async function leafBelow(db: Database | Transaction, messageId: string): Promise<string> {
  const [leaf] = await db.$queryRaw<{ id: string }[]>`
    WITH RECURSIVE branch AS (
      SELECT id, active_child_id FROM messages WHERE id = ${messageId}::uuid
      UNION ALL
      SELECT m.id, m.active_child_id FROM branch JOIN messages m ON m.id = branch.active_child_id
    )
    SELECT id::text FROM branch WHERE active_child_id IS NULL`;
  return leaf!.id;
}

/** Ids of a message and of those before it, oldest first; at most `limit`, the latest of them. */
export async function wayTo(db: Database | Transaction, messageId: string, limit: number): Promise<string[]> {
  const rows = await db.$queryRaw<{ id: string }[]>`
    WITH RECURSIVE way AS (
      SELECT id, parent_id, 1 AS step FROM messages WHERE id = ${messageId}::uuid
      UNION ALL
      SELECT m.id, m.parent_id, step + 1 FROM way JOIN messages m ON m.id = way.parent_id WHERE step < ${limit}::int
    )
    SELECT id::text FROM way ORDER BY step DESC`;
  return rows.map(({ id }) => id);
}

/** Ids from a message on down the active branch; at most `limit`. */
async function wayFrom(db: Database, messageId: string, limit: number): Promise<string[]> {
  const rows = await db.$queryRaw<{ id: string }[]>`
    WITH RECURSIVE way AS (
      SELECT id, active_child_id, 1 AS step FROM messages WHERE id = ${messageId}::uuid
      UNION ALL
      SELECT m.id, m.active_child_id, step + 1 FROM way JOIN messages m ON m.id = way.active_child_id
      WHERE step < ${limit}::int
    )
    SELECT id::text FROM way ORDER BY step`;
  return rows.map(({ id }) => id);
}

/** The messages of these ids, in their order. */
export async function messagesByIds(db: Database | Transaction, ids: readonly string[]): Promise<Message[]> {
  const byId = new Map((await db.message.findMany({ where: { id: { in: [...ids] } } })).map((row) => [row.id, row]));
  return ids.flatMap((id) => byId.get(id) ?? []);
}

export interface BranchPage {
  readonly first?: number | null;
  readonly after?: string | null;
  readonly last?: number | null;
  readonly before?: string | null;
}

export interface BranchConnection extends Connection<Message> {
  readonly totalCount: number;
}

const LIST = 'branch';
const MAX_PAGE = 200;
const cursorOf = ({ id }: { id: string }): string => encodeCursor(LIST, id);

/**
 * A page of the active branch. A cursor is a message: what precedes it are its ancestors, what follows it the branch
 * that was chosen below it, so that a page goes on where the last one ended though another branch was chosen since.
 *
 * @throws {CodedError} BAD_USER_INPUT for sizes and cursors that are none.
 */
export async function readBranch(
  db: Database,
  conversation: ConversationView,
  page: BranchPage,
): Promise<BranchConnection> {
  const forwards = page.first != null || page.after != null;
  if (forwards && (page.last != null || page.before != null)) {
    throw badInput(page.last != null ? 'last' : 'before', 'does not go together with first and after: use one pair.');
  }
  const size = forwards ? pageSize('first', page.first, 50, MAX_PAGE) : pageSize('last', page.last, 50, MAX_PAGE);
  const argument = forwards ? 'after' : 'before';
  const from = await cursorMessage(db, conversation.id, argument, forwards ? page.after : page.before);
  const start = forwards
    ? from
      ? from.activeChildId
      : conversation.activeRootId
    : from
      ? from.parentId
      : conversation.activeLeafId;
  const read = forwards ? wayFrom : wayTo;
  const ids = start === null ? [] : await read(db, start, size + 1);
  const more = ids.length > size;
  const shown = forwards ? ids.slice(0, size) : ids.slice(more ? 1 : 0);
  const [nodes, leaf] = await Promise.all([
    messagesByIds(db, shown),
    conversation.activeLeafId === null
      ? null
      : db.message.findUnique({ where: { id: conversation.activeLeafId }, select: { depth: true } }),
  ]);
  return {
    ...connection(nodes, cursorOf, {
      next: forwards ? more : from !== undefined,
      previous: forwards ? from !== undefined : more,
    }),
    totalCount: leaf ? leaf.depth + 1 : 0,
  };
}

async function cursorMessage(
  db: Database,
  conversationId: string,
  argument: string,
  cursor: string | null | undefined,
): Promise<Pick<Message, 'parentId' | 'activeChildId'> | undefined> {
  const keys = decodeCursor(LIST, argument, cursor, ['id']);
  if (!keys) return undefined;
  const message = await db.message.findFirst({
    where: { id: keys[0]!, conversationId },
    select: { parentId: true, activeChildId: true },
  });
  if (!message) throw badInput(argument, 'is not a cursor of this conversation.');
  return message;
}
