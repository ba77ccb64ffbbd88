import { badInput, CodedError } from '#platform/base/errors/errors.ts';
import type { PreparedFacts } from '#platform/data/outbox/outbox.ts';
import {
  type CountedConnection,
  connection,
  decodeCursor,
  encodeCursor,
  pageSize,
} from '#platform/data/paging/paging.ts';
import { type Message, Prisma } from '#prisma/chat/client/client.ts';
import type { ConversationView } from './access.ts';
import { insertEvents } from './insert-events.ts';
import type { Database, Transaction } from './parts.ts';

/**
 * The tree of a conversation. Every message remembers the child that the active branch goes through, or went through
 * when it last came by: so a branch that is chosen again is found as it was left, and the active branch can be read
 * from either end in as many steps as the page is long.
 */

/** Most messages on the way from the first to the last. */
export const MAX_DEPTH = 10_000;

/** The point where a branch begins or goes on. */
export type Parent = Pick<Message, 'id' | 'parentId' | 'depth'>;

/** The new messages at the end of the branch that becomes the active one. */
export interface Addition {
  readonly messages: number;
  /** A title for the conversation, where it has none. */
  readonly title: string | undefined;
  readonly at: Date;
  /** What others are told of it. */
  readonly events: PreparedFacts;
  /** The message of a person among them. Who sends has read what came before. */
  readonly sent: { readonly userId: string; readonly messageId: string; readonly arrival: number } | undefined;
}

/**
 * Makes the branch down to `leafId` the active one, by one statement. Messages are written only where the choice
 * changes.
 *
 * @returns the first message of the branch.
 */
export async function activate(
  tx: Transaction,
  conversationId: string,
  leafId: string,
  addition?: Addition,
): Promise<string | null> {
  const set = addition
    ? Prisma.sql`, message_count = message_count + ${addition.messages}::int,
        arrivals = coalesce(${addition.sent?.arrival ?? null}::int, arrivals), title = coalesce(${addition.title ?? null}, title),
        title_source = CASE WHEN ${addition.title ?? null}::text IS NULL THEN title_source ELSE 'FIRST_WORDS' END`
    : Prisma.empty;
  const more = addition
    ? Prisma.sql`, seen AS (
        UPDATE participants SET activity_at = ${addition.at}::timestamptz${read(addition.sent)}
        WHERE conversation_id = ${conversationId}::uuid
      ), told AS (${insertEvents(Prisma.sql`${addition.events.rows}::jsonb`)})`
    : Prisma.empty;
  const [changed] = await tx.$queryRaw<{ root: string | null }[]>`
    WITH RECURSIVE way AS (
      SELECT id, parent_id FROM messages WHERE id = ${leafId}::uuid
      UNION ALL
      SELECT m.id, m.parent_id FROM way JOIN messages m ON m.id = way.parent_id
    ), choices AS (
      UPDATE messages m SET active_child_id = way.id FROM way
      WHERE m.id = way.parent_id AND m.active_child_id IS DISTINCT FROM way.id
    )${more}
    UPDATE conversations SET active_root_id = (SELECT id FROM way WHERE parent_id IS NULL),
      active_leaf_id = ${leafId}::uuid${set}
    WHERE id = ${conversationId}::uuid RETURNING active_root_id::text AS root`;
  return changed?.root ?? null;
}

const read = (sent: Addition['sent']): Prisma.Sql =>
  sent
    ? Prisma.sql`, last_read = CASE WHEN user_id = ${sent.userId}::uuid THEN ${sent.arrival}::int ELSE last_read END,
        last_read_message_id = CASE WHEN user_id = ${sent.userId}::uuid THEN ${sent.messageId}::uuid
          ELSE last_read_message_id END`
    : Prisma.empty;

/** Returns the last message of the branch through `messageId`, as it was last left. */
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

/** Where a walk begins and how many messages it takes, its first one included. */
interface Walk {
  readonly start: string | null;
  readonly limit: number;
}

/** Which way a walk goes: to the root, or down the branch that was chosen last. */
const NEXT = { up: Prisma.sql`parent_id`, down: Prisma.sql`active_child_id` } as const;

/** Walks through the tree, all at once: the ids that each comes by, its start first. */
async function walk(db: Database | Transaction, way: keyof typeof NEXT, walks: readonly Walk[]): Promise<string[][]> {
  const begun = walks.flatMap(({ start, limit }, origin) => (start === null ? [] : [{ origin, start, limit }]));
  const paths = walks.map((): string[] => []);
  if (begun.length === 0) return paths;
  const rows = await db.$queryRaw<{ origin: number; id: string }[]>`
    WITH RECURSIVE way AS (
      SELECT origin, most, m.id, m.${NEXT[way]} AS next, 1 AS step
      FROM unnest(${begun.map(({ origin }) => origin)}::int[], ${begun.map(({ start }) => start)}::uuid[],
                  ${begun.map(({ limit }) => limit)}::int[]) AS begun(origin, start, most)
      JOIN messages m ON m.id = start
      UNION ALL
      SELECT origin, most, m.id, m.${NEXT[way]}, step + 1
      FROM way JOIN messages m ON m.id = way.next WHERE step < most
    )
    SELECT origin, id::text FROM way ORDER BY origin, step`;
  for (const { origin, id } of rows) paths[origin]!.push(id);
  return paths;
}

/** Ids of a message and of those before it, oldest first; at most `limit`, the latest of them. */
export async function wayTo(db: Database | Transaction, messageId: string, limit: number): Promise<string[]> {
  const [path] = await walk(db, 'up', [{ start: messageId, limit }]);
  return path!.reverse();
}

/** Returns a message and those before it, oldest first, by one statement; the latest of them, within bounds. */
export async function messagesTo(
  db: Database,
  messageId: string,
  limit: number,
  maxBytes?: number,
): Promise<Message[]> {
  return db.$queryRaw<Message[]>`
    WITH RECURSIVE ${backFrom(messageId, limit, maxBytes)}
    SELECT ${MESSAGE_COLUMNS} FROM way JOIN messages m ON m.id = way.id ORDER BY step DESC`;
}

/**
 * Returns SQL of a recursive query `way`: a message and those before it, with the number of steps to each, and about
 * how many bytes there are up to it, which Postgres knows without reading the texts.
 *
 * @param maxBytes where so many are reached, the way ends. Default: no bound.
 */
export const backFrom = (messageId: string | null, limit: number, maxBytes = 2 ** 53): Prisma.Sql =>
  Prisma.sql`way AS (
  SELECT m.id, parent_id, 1 AS step, ${BYTES} AS bytes FROM messages m WHERE id = ${messageId}::uuid
  UNION ALL
  SELECT m.id, m.parent_id, step + 1, bytes + ${BYTES} FROM way JOIN messages m ON m.id = way.parent_id
  WHERE step < ${limit} AND bytes < ${maxBytes}::float8
)`;

/** The texts that a model is told of a message `m`. */
const BYTES = Prisma.sql`(octet_length(m.text) + pg_column_size(m.tool_calls))::float8`;

/** The columns of a message `m`, as Prisma names and types them. */
export const MESSAGE_COLUMNS = Prisma.sql`m.id::text, m.conversation_id::text AS "conversationId", m.parent_id::text AS "parentId",
  m.depth, m.arrival, m.active_child_id::text AS "activeChildId", m.role::text, m.status::text, m.author_id::text AS "authorId",
  m.client_message_id::text AS "clientMessageId", m.request_hash AS "requestHash", m.text, m.reasoning,
  m.tool_calls AS "toolCalls", m.citations, coalesce(m.attachments::text[], '{}') AS attachments, m.model, m.parameters, m.offer,
  m.requester_id::text AS "requesterId", m.requester, m.waits_for_id::text AS "waitsForId", m.epoch,
  m.heartbeat_at AS "heartbeatAt", m.error_code AS "errorCode", m.error_message AS "errorMessage",
  m.created_at AS "createdAt", m.started_at AS "startedAt", m.completed_at AS "completedAt",
  m.removed_at AS "removedAt"`;

/** Returns the messages of these ids, in their order. */
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

export interface BranchRequest {
  readonly conversation: ConversationView;
  readonly page: BranchPage;
}

export type BranchConnection = CountedConnection<Message>;

const LIST = 'branch';
const MAX_PAGE = 200;
const cursorOf = ({ id }: { id: string }): string => encodeCursor(LIST, id);

/**
 * Pages of the active branches of many conversations, in as many queries as for one. A cursor is a message: what
 * precedes it are its ancestors, what follows it the branch that was chosen below it, so that a page goes on where the
 * last one ended though another branch was chosen since.
 *
 * @returns in the order of the requests; BAD_USER_INPUT in the place of a page whose size or cursor is none.
 */
export async function readBranches(
  db: Database,
  requests: readonly BranchRequest[],
): Promise<(BranchConnection | CodedError)[]> {
  const plans = requests.map(({ conversation, page }) => refusable(() => planOf(conversation, page)));
  const cursorIds = plans.flatMap((plan) => (plan instanceof CodedError ? [] : (plan.cursorId ?? [])));
  const cursors = await db.message.findMany({
    where: { id: { in: cursorIds } },
    select: { id: true, conversationId: true, parentId: true, activeChildId: true },
  });
  const walks = plans.map((plan) => (plan instanceof CodedError ? plan : refusable(() => walkOf(plan, cursors))));
  const going = (forwards: boolean) =>
    walks.map((one) => (one instanceof CodedError || one.plan.forwards !== forwards ? { start: null, limit: 0 } : one));
  const [down, up, leaves] = await Promise.all([
    walk(db, 'down', going(true)),
    walk(db, 'up', going(false)),
    db.message.findMany({
      where: { id: { in: requests.flatMap(({ conversation }) => conversation.activeLeafId ?? []) } },
      select: { conversationId: true, depth: true },
    }),
  ]);
  const shown = walks.map((one, index) => {
    if (one instanceof CodedError) return [];
    return one.plan.forwards ? down[index]!.slice(0, one.plan.size) : up[index]!.slice(0, one.plan.size).reverse();
  });
  const byId = new Map((await messagesByIds(db, shown.flat())).map((message) => [message.id, message]));
  const depths = new Map(leaves.map(({ conversationId, depth }) => [conversationId, depth]));
  return walks.map((one, index) => {
    if (one instanceof CodedError) return one;
    const { plan } = one;
    const more = (plan.forwards ? down : up)[index]!.length > plan.size;
    const other = plan.cursorId !== undefined;
    const nodes = shown[index]!.flatMap((id) => byId.get(id) ?? []);
    const sides = plan.forwards ? { next: more, previous: other } : { next: other, previous: more };
    const total = (depths.get(plan.conversation.id) ?? -1) + 1;
    return { ...connection(nodes, cursorOf, sides), totalCount: async () => total };
  });
}

interface Plan {
  readonly conversation: ConversationView;
  readonly forwards: boolean;
  readonly size: number;
  readonly cursorId: string | undefined;
}

/** @throws {CodedError} BAD_USER_INPUT. */
function planOf(conversation: ConversationView, { first, after, last, before }: BranchPage): Plan {
  const forwards = first != null || after != null;
  if (forwards && (last != null || before != null)) {
    throw badInput(last != null ? 'last' : 'before', 'does not go together with first and after: use one pair.');
  }
  const size = forwards ? pageSize('first', first, 50, MAX_PAGE) : pageSize('last', last, 50, MAX_PAGE);
  const keys = decodeCursor(LIST, forwards ? 'after' : 'before', forwards ? after : before, ['id']);
  return { conversation, forwards, size, cursorId: keys?.[0] };
}

type CursorMessage = Pick<Message, 'id' | 'conversationId' | 'parentId' | 'activeChildId'>;

/** One message more than the page, to know whether there is another. @throws {CodedError} BAD_USER_INPUT. */
function walkOf(plan: Plan, cursors: readonly CursorMessage[]): Walk & { readonly plan: Plan } {
  const { conversation, forwards, cursorId } = plan;
  const limit = plan.size + 1;
  if (cursorId === undefined) {
    return { plan, limit, start: forwards ? conversation.activeRootId : conversation.activeLeafId };
  }
  const cursor = cursors.find(({ id, conversationId }) => id === cursorId && conversationId === conversation.id);
  if (!cursor) throw badInput(forwards ? 'after' : 'before', 'is not a cursor of this conversation.');
  return { plan, limit, start: forwards ? cursor.activeChildId : cursor.parentId };
}

function refusable<T>(work: () => T): T | CodedError {
  try {
    return work();
  } catch (error) {
    if (error instanceof CodedError) return error;
    throw error;
  }
}
