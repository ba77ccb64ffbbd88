import {
  type CountedConnection,
  connection,
  decodeCursor,
  encodeCursor,
  MAX_COUNT,
  pageSize,
} from '#platform/data/paging/paging.ts';
import type { UserIdentity } from '#platform/identity/identity.ts';
import { Prisma } from '#prisma/chat/client/client.ts';
import type { ConversationView } from '../access.ts';
import { checkId } from '../input.ts';
import type { ChatParts } from '../parts.ts';
import { isUnread } from '../readers/reading.ts';

export interface ListInput {
  readonly first?: number | null;
  readonly after?: string | null;
  readonly archived?: boolean | null;
  readonly pinned?: boolean | null;
  readonly unread?: boolean | null;
  readonly folderId?: string | null;
  readonly inFolder?: boolean | null;
  readonly tag?: string | null;
  readonly orderBy: 'LAST_ACTIVITY' | 'CREATED';
}

const MAX_PAGE = 100;

/**
 * Returns a page of the user's conversations. @throws {CodedError} BAD_USER_INPUT for sizes and cursors that are none.
 */
export async function listConversations(
  { db }: ChatParts,
  user: UserIdentity,
  input: ListInput,
): Promise<CountedConnection<ConversationView>> {
  const size = pageSize('first', input.first, 20, MAX_PAGE);
  const byActivity = input.orderBy === 'LAST_ACTIVITY';
  const list = byActivity ? 'conversations by activity' : 'conversations by creation';
  const keys = decodeCursor(list, 'after', input.after, byActivity ? ['time', 'id'] : ['id']);
  const where = Prisma.join(conditionsOf(user.userId, input), ' AND ');
  const [order, before] = byActivity
    ? [
        Prisma.sql`p.activity_at DESC, p.conversation_id DESC`,
        keys &&
          Prisma.sql`AND (p.activity_at, p.conversation_id) < (${new Date(keys[0]!)}::timestamptz, ${keys[1]}::uuid)`,
      ]
    : [Prisma.sql`p.conversation_id DESC`, keys && Prisma.sql`AND p.conversation_id < ${keys[0]}::uuid`];
  const page = await db.$queryRaw<Place[]>`
    SELECT p.conversation_id::text AS id, p.activity_at AS "activityAt" FROM participants p WHERE ${where} ${before ?? Prisma.empty}
    ORDER BY ${order} LIMIT ${size + 1}`;
  const nodes = await viewsOf(db, user, page.slice(0, size));
  const cursorOf = ({ id, viewer }: ConversationView): string =>
    byActivity ? encodeCursor(list, viewer.activityAt.toISOString(), id) : encodeCursor(list, id);
  const totalCount = async () => {
    const [counted] = await db.$queryRaw<{ count: number }[]>`
      SELECT count(*)::int AS count FROM (SELECT FROM participants p WHERE ${where} LIMIT ${MAX_COUNT}) AS counted`;
    return counted!.count;
  };
  return { ...connection(nodes, cursorOf, { next: page.length > size, previous: keys !== undefined }), totalCount };
}

/** Returns what holds of a row `p` of the participants that the user wants to see. */
function conditionsOf(userId: string, { archived, pinned, unread, folderId, inFolder, tag }: ListInput): Prisma.Sql[] {
  const conditions = [Prisma.sql`p.user_id = ${userId}::uuid`];
  const isNull = (column: Prisma.Sql, isSet: boolean) => Prisma.sql`${column} IS ${isSet ? NOT : Prisma.empty} NULL`;
  if (unread != null) conditions.push(unread ? isUnread(userId) : Prisma.sql`NOT ${isUnread(userId)}`);
  if (inFolder != null) conditions.push(isNull(Prisma.sql`p.folder_id`, inFolder));
  if (folderId != null) conditions.push(Prisma.sql`p.folder_id = ${checkId('folderId', folderId)}::uuid`);
  if (tag != null) conditions.push(Prisma.sql`${tag} = ANY(p.tags)`);
  if (archived != null) conditions.push(isNull(Prisma.sql`p.archived_at`, archived));
  if (pinned != null) conditions.push(isNull(Prisma.sql`p.pinned_at`, pinned));
  return conditions;
}

const NOT = Prisma.sql`NOT`;

/** A conversation's place in the list, as the page was read: it may have moved since. */
interface Place {
  readonly id: string;
  readonly activityAt: Date;
}

async function viewsOf(
  db: ChatParts['db'],
  { userId }: UserIdentity,
  places: readonly Place[],
): Promise<ConversationView[]> {
  const rows = await db.participant.findMany({
    where: { userId, conversationId: { in: places.map(({ id }) => id) } },
    include: { conversation: true },
  });
  const byId = new Map(rows.map((row) => [row.conversationId, row]));
  return places.flatMap(({ id, activityAt }) => {
    const row = byId.get(id);
    if (!row) return [];
    const { conversation, ...viewer } = row;
    return [{ ...conversation, viewer: { ...viewer, activityAt } }];
  });
}
