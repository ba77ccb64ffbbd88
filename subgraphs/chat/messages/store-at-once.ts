import { columnsOf } from '#platform/data/database/columns.ts';
import { hotRows } from '#platform/data/database/hot-statements.ts';
import { type Conversation, type Message, type Participant, Prisma } from '#prisma/chat/client/client.ts';
import type { ConversationView } from '../access.ts';
import { isId } from '../input.ts';
import { insertEvents } from '../insert-events.ts';
import type { Database } from '../parts.ts';
import type { pendingReply, personsMessage } from './ask.ts';

/** A message that follows the active leaf, with its reply, and everything that decides whether it may. */
export interface Addition {
  readonly userId: string;
  readonly conversationId: string;
  /** The message that the person answers to; undefined: whatever is the active leaf. */
  readonly after: string | undefined;
  readonly message: ReturnType<typeof personsMessage>;
  readonly reply: ReturnType<typeof pendingReply> | undefined;
  /** The title where the conversation has none. */
  readonly title: string;
  readonly asksForMemory: boolean;
  readonly maxDepth: number;
  readonly maxSiblings: number;
  /** Replies to the person that may be unfinished. */
  readonly maxUnfinished: number;
  /** One event of the message: `PreparedFacts.rows`, in which the statement fills in what only it knows. */
  readonly event: string;
}

/** The messages that were stored, and the conversation as they have left it. */
export interface Added {
  readonly message: Message;
  readonly reply: Message | undefined;
  readonly conversation: ConversationView;
  /** Whether several people take part. */
  readonly isShared: boolean;
}

const { ConversationScalarFieldEnum, MessageScalarFieldEnum, ParticipantScalarFieldEnum } = Prisma;

const CONVERSATION = Prisma.raw(columnsOf(ConversationScalarFieldEnum, 'c', 'c.'));
const VIEWER = Prisma.raw(columnsOf(ParticipantScalarFieldEnum, 'p', 'p.'));
const MESSAGE = Prisma.raw(columnsOf(MessageScalarFieldEnum, 'm', 'm.'));

type Row = Readonly<Record<string, unknown>>;

/**
 * Stores a message after the active leaf of a conversation, with its pending reply and its event, by one statement: one
 * round trip and one commit. It does so where nothing is in the way.
 *
 * A statement sees the database as it is when it begins. So it takes the conversation's lock only when no other
 * transaction has it, and stores nothing where the conversation has changed since it began.
 *
 * @returns undefined where something is in the way, whatever it is: nothing has been stored then.
 */
export async function storeAtOnce(db: Database, addition: Addition): Promise<Added | undefined> {
  const { userId, conversationId, after, message, reply, title, event } = addition;
  if (!isId(conversationId) || (after !== undefined && !isId(after))) return undefined;
  const last = reply?.id ?? message.id;
  const rows = await hotRows<Row>(
    db,
    Prisma.sql`
    WITH seen AS (
      SELECT ${CONVERSATION}, ${VIEWER} FROM conversations c JOIN participants p ON p.conversation_id = c.id
      WHERE c.id = ${conversationId}::uuid AND p.user_id = ${userId}::uuid FOR UPDATE OF c SKIP LOCKED
    ), leaf AS (
      SELECT m.id, m.depth FROM seen JOIN messages m ON m.id = seen."c.activeLeafId"
    ), free AS (
      SELECT seen.*, leaf.id AS leaf_id, coalesce(leaf.depth + 1, 0) AS depth,
        (SELECT count(*) > 1 FROM participants WHERE conversation_id = ${conversationId}::uuid) AS "isShared"
      FROM seen JOIN conversations begun ON begun.id = seen."c.id" LEFT JOIN leaf ON true
      WHERE begun.message_count = seen."c.messageCount"
        AND begun.active_leaf_id IS NOT DISTINCT FROM seen."c.activeLeafId"
        AND CASE WHEN leaf.id IS NULL THEN seen."c.messageCount" = 0 ELSE leaf.depth < ${addition.maxDepth}::int END
        AND (${after ?? null}::uuid IS NULL OR leaf.id = ${after ?? null}::uuid)
        AND (seen."c.memoryEnabled" OR NOT ${addition.asksForMemory}::boolean)
        AND NOT EXISTS (SELECT FROM messages WHERE conversation_id = ${conversationId}::uuid
          AND client_message_id = ${message.clientMessageId}::uuid)
        AND NOT EXISTS (SELECT FROM messages WHERE conversation_id = ${conversationId}::uuid
          AND status IN ('PENDING', 'STREAMING'))
        AND (SELECT count(*) FROM messages WHERE parent_id = leaf.id) < ${addition.maxSiblings}::int
        AND CASE WHEN ${reply === undefined}::boolean THEN true
          ELSE hold_unfinished_replies(${userId}::uuid, false) < ${addition.maxUnfinished}::int END
    ), added AS (
      INSERT INTO messages AS m (id, conversation_id, parent_id, depth, arrival, active_child_id, role, status, author_id,
        client_message_id, request_hash, text, attachments, model, parameters, offer, requester_id, requester,
        created_at, completed_at)
      SELECT ${message.id}::uuid, ${conversationId}::uuid, leaf_id, depth, "c.arrivals" + 1, ${reply?.id ?? null}::uuid, 'USER'::"MessageRole",
        'COMPLETE'::"MessageStatus", ${userId}::uuid, ${message.clientMessageId}::uuid, ${message.requestHash},
        ${message.text}, ${message.attachments}::uuid[], NULL, '{}'::jsonb, '{}'::jsonb, NULL::uuid, NULL::jsonb, now(),
        ${message.completedAt}::timestamptz
      FROM free
      UNION ALL
      SELECT ${reply?.id ?? null}::uuid, ${conversationId}::uuid, ${message.id}::uuid, depth + 1, NULL::int, NULL, 'ASSISTANT', 'PENDING',
        NULL, NULL, NULL, '', '{}', ${reply?.model ?? null}, ${JSON.stringify(reply?.parameters ?? {})}::jsonb,
        ${JSON.stringify(reply?.offer ?? {})}::jsonb, ${userId}::uuid, ${JSON.stringify(reply?.requester ?? null)}::jsonb,
        now(), NULL
      FROM free WHERE NOT ${reply === undefined}::boolean
      RETURNING ${MESSAGE}
    ), led AS (
      UPDATE messages m SET active_child_id = ${message.id}::uuid FROM free WHERE m.id = free.leaf_id
    ), counted AS (
      UPDATE conversations c SET message_count = message_count + ${reply === undefined ? 1 : 2}::int, arrivals = arrivals + 1,
        active_root_id = coalesce(active_root_id, ${message.id}::uuid), active_leaf_id = ${last}::uuid,
        title = CASE WHEN title_source = 'NONE' THEN ${title} ELSE title END,
        title_source = CASE WHEN title_source = 'NONE' THEN 'FIRST_WORDS' ELSE title_source END
      FROM free WHERE c.id = free."c.id"
    ), active AS (
      UPDATE participants p SET activity_at = now(),
        last_read = CASE WHEN p.user_id = ${userId}::uuid THEN free."c.arrivals" + 1 ELSE p.last_read END,
        last_read_message_id =
          CASE WHEN p.user_id = ${userId}::uuid THEN ${message.id}::uuid ELSE p.last_read_message_id END
      FROM free WHERE p.conversation_id = free."c.id"
    ), told AS (
      ${insertEvents(Prisma.sql`(SELECT jsonb_set(event, '{0,payload}', event #> '{0,payload}'
        || jsonb_strip_nulls(jsonb_build_object('remember', free."c.memoryEnabled", 'parentId', free.leaf_id)))
        FROM free, (SELECT ${event}::jsonb AS event) AS prepared)`)}
    )
    SELECT * FROM free, added`,
  );
  const stored = rows.map((row) => part<Message>(row, 'm'));
  const told = stored.find(({ id }) => id === message.id);
  if (rows[0] === undefined || told === undefined) return undefined;
  const conversation = part<Conversation>(rows[0], 'c');
  return {
    message: told,
    reply: stored.find(({ id }) => id === reply?.id),
    conversation: {
      ...conversation,
      activeRootId: conversation.activeRootId ?? message.id,
      activeLeafId: last,
      messageCount: conversation.messageCount + stored.length,
      arrivals: conversation.arrivals + 1,
      ...(conversation.titleSource === 'NONE' && { title, titleSource: 'FIRST_WORDS' as const }),
      viewer: {
        ...part<Participant>(rows[0], 'p'),
        activityAt: told.createdAt,
        lastRead: conversation.arrivals + 1,
        lastReadMessageId: message.id,
      },
    },
    isShared: rows[0]['isShared'] as boolean,
  };
}

/** The row of one table among those that were read together. */
function part<Table>(row: Row, prefix: string): Table {
  const start = `${prefix}.`;
  const own = Object.entries(row).filter(([name]) => name.startsWith(start));
  return Object.fromEntries(own.map(([name, value]) => [name.slice(start.length), value])) as Table;
}
