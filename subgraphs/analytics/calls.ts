import {
  type CountedConnection,
  connection,
  decodeCursor,
  encodeCursor,
  MAX_COUNT,
  pageSize,
} from '#platform/data/paging/paging.ts';
import type { Prisma, PrismaClient } from '#prisma/analytics/client/client.ts';
import type { UsageSelection } from './usage.ts';

type Call = Prisma.CallGetPayload<object>;

const LIST = 'usage-calls';

/** Reads a page of calls, newest first; the cursor is the place in that order, so that new calls do not shift it. */
export async function readCalls(
  db: PrismaClient,
  selection: UsageSelection,
  first: number,
  after?: string | null,
): Promise<CountedConnection<Call>> {
  const take = pageSize('first', first, 20, 100);
  const { period, userId, conversationId, model, provider, operation, outcome } = selection;
  const keys = decodeCursor(LIST, 'after', after, ['time', 'id']);
  const place = keys && { at: new Date(keys[0]!), id: keys[1]! };
  const where = {
    at: { gte: period.from, lt: period.to },
    ...(userId !== undefined && { userId }),
    ...(conversationId !== undefined && { conversationId }),
    ...(model !== undefined && { model }),
    ...(provider !== undefined && { provider }),
    ...(operation !== undefined && { operation }),
    ...(outcome !== undefined && { outcome }),
  };
  const rows = await db.call.findMany({
    where: { ...where, ...(place && { OR: [{ at: { lt: place.at } }, { at: place.at, id: { lt: place.id } }] }) },
    orderBy: [{ at: 'desc' }, { id: 'desc' }],
    take: take + 1,
  });
  const page = connection(rows.slice(0, take), (call) => encodeCursor(LIST, call.at.toISOString(), call.id), {
    next: rows.length > take,
    previous: place !== undefined,
  });
  return { ...page, totalCount: () => db.call.count({ where, take: MAX_COUNT }) };
}
