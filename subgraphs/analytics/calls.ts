import { badInput } from '#platform/errors/errors.ts';
import type { Prisma, PrismaClient } from '#prisma/analytics/client/client.ts';
import type { UsageSelection } from './usage.ts';

type Call = Prisma.CallGetPayload<object>;

export interface CallPage {
  readonly edges: { cursor: string; node: Call }[];
  readonly nodes: Call[];
  readonly pageInfo: {
    hasNextPage: boolean;
    hasPreviousPage: boolean;
    startCursor: string | null;
    endCursor: string | null;
  };
}

/** A page of calls, newest first; the cursor is the place in that order, so that new calls do not shift it. */
export async function readCalls(
  db: PrismaClient,
  selection: UsageSelection,
  first: number,
  after?: string | null,
): Promise<CallPage> {
  if (first < 1 || first > 100) throw badInput('first', `is ${first}; 1 to 100 are possible.`);
  const { period, userId, conversationId, model, provider, operation, outcome } = selection;
  const place = after == null ? undefined : parseCursor(after);
  const rows = await db.call.findMany({
    where: {
      at: { gte: period.from, lt: period.to },
      ...(place && { OR: [{ at: { lt: place.at } }, { at: place.at, id: { lt: place.id } }] }),
      ...(userId !== undefined && { userId }),
      ...(conversationId !== undefined && { conversationId }),
      ...(model !== undefined && { model }),
      ...(provider !== undefined && { provider }),
      ...(operation !== undefined && { operation }),
      ...(outcome !== undefined && { outcome }),
    },
    orderBy: [{ at: 'desc' }, { id: 'desc' }],
    take: first + 1,
  });
  const edges = rows.slice(0, first).map((node) => ({ cursor: cursorOf(node), node }));
  return {
    edges,
    nodes: edges.map(({ node }) => node),
    pageInfo: {
      hasNextPage: rows.length > first,
      hasPreviousPage: place !== undefined,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}

const cursorOf = (call: Call): string => Buffer.from(`${call.at.getTime()} ${call.id}`).toString('base64url');

function parseCursor(cursor: string): { at: Date; id: string } {
  const match = /^(\d{1,15}) ([0-9a-f-]{36})$/.exec(Buffer.from(cursor, 'base64url').toString());
  if (!match) throw badInput('after', 'is not a cursor of this list; use endCursor of a page.');
  return { at: new Date(Number(match[1])), id: match[2]! };
}
