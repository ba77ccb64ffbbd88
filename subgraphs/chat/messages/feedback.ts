import { badInput, CodedError } from '#platform/base/errors/errors.ts';
import type { PageArguments } from '#platform/data/paging/key-paging.ts';
import {
  type CountedConnection,
  connection,
  decodeCursor,
  encodeCursor,
  MAX_COUNT,
  pageSize,
} from '#platform/data/paging/paging.ts';
import type { UserIdentity } from '#platform/identity/identity.ts';
import type { Feedback, FeedbackRating, Message, Prisma } from '#prisma/chat/client/client.ts';
import { messageFor } from '../access.ts';
import { checkText } from '../input.ts';
import type { ChatParts, Database } from '../parts.ts';

/** Most bytes (UTF-8) of a comment. */
const MAX_COMMENT_BYTES = 8 * 1024;
/** How far back the summary looks where nothing else is asked for, in ms. */
const DEFAULT_SPAN_MS = 30 * 24 * 60 * 60 * 1000;
const LIST = 'feedback comments';
const MAX_PAGE = 100;

export interface FeedbackInput {
  readonly id: string;
  readonly rating?: FeedbackRating | null;
  readonly comment?: string | null;
}

/**
 * Keeps what a user thinks of a reply, in the place of what they thought before; without a rating nothing is kept.
 *
 * @throws {CodedError} NOT_FOUND; BAD_USER_INPUT for a person's message and for a comment without a rating; CONFLICT
 * for a reply that has not ended.
 */
export async function setFeedback({ db }: ChatParts, user: UserIdentity, input: FeedbackInput): Promise<Message> {
  const message = await messageFor(db, user.userId, input.id);
  if (message.role !== 'ASSISTANT') throw badInput('input.id', 'is a message of a person; only replies are rated.');
  const messageId = message.id;
  const { userId } = user;
  const { rating } = input;
  if (rating == null) {
    if (input.comment != null) throw badInput('input.comment', 'goes together with a rating; give one.');
    await db.feedback.deleteMany({ where: { messageId, userId } });
    return message;
  }
  if (message.removedAt !== null) throw badInput('input.id', 'is a reply that was deleted.');
  if (message.status === 'PENDING' || message.status === 'STREAMING') {
    throw new CodedError('CONFLICT', 'The reply is still being written; rate it when it has ended.');
  }
  const comment = input.comment == null ? null : checkText('input.comment', input.comment, MAX_COMMENT_BYTES);
  const kept = { rating, comment, updatedAt: new Date() };
  await db.feedback.upsert({
    where: { messageId_userId: { messageId, userId } },
    create: { messageId, userId, ...kept },
    update: kept,
  });
  return message;
}

/** A span of time, for what was rated in it. */
export interface Span {
  readonly from?: Date | null;
  readonly to?: Date | null;
}

/** The number of replies of a model that people called good, or not. */
export interface ModelFeedback {
  readonly model: string;
  readonly up: number;
  readonly down: number;
}

/** The opinion of all users on replies, in numbers and words, without anything that was said in a conversation. */
export interface FeedbackSummary {
  readonly up: number;
  readonly down: number;
  readonly byModel: readonly ModelFeedback[];
  readonly span: { readonly gte: Date; readonly lt: Date };
}

/** Sums up what users think of replies. @throws {CodedError} BAD_USER_INPUT for a span that ends before it begins. */
export async function summariseFeedback({ db }: ChatParts, { from, to }: Span): Promise<FeedbackSummary> {
  const lt = to ?? new Date();
  const gte = from ?? new Date(lt.getTime() - DEFAULT_SPAN_MS);
  if (gte > lt) throw badInput('from', 'is after `to`; give a span that begins before it ends.');
  const byModel = await db.$queryRaw<ModelFeedback[]>`
    SELECT coalesce(g.alias, 'none') AS model, count(*) FILTER (WHERE f.rating = 'UP')::int AS up,
      count(*) FILTER (WHERE f.rating = 'DOWN')::int AS down
    FROM feedback f LEFT JOIN generations g USING (message_id)
    WHERE f.updated_at >= ${gte}::timestamptz AND f.updated_at < ${lt}::timestamptz
    GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 100`;
  const sum = (of: 'up' | 'down') => byModel.reduce((total, row) => total + row[of], 0);
  return { up: sum('up'), down: sum('down'), byModel, span: { gte, lt } };
}

/** A comment, with the model that it is about. */
export interface FeedbackComment extends Feedback {
  readonly model: string | null;
}

/** Returns a page of the comments of a summary, the newest first. @throws {CodedError} BAD_USER_INPUT. */
export async function listComments(
  db: Database,
  { span }: FeedbackSummary,
  { first, after }: PageArguments,
): Promise<CountedConnection<FeedbackComment>> {
  const size = pageSize('first', first, 20, MAX_PAGE);
  const keys = decodeCursor(LIST, 'after', after, ['time', 'id', 'id']);
  const where: Prisma.FeedbackWhereInput = { comment: { not: null }, updatedAt: span };
  const before: Prisma.FeedbackWhereInput = keys
    ? {
        updatedAt: { ...span, lte: new Date(keys[0]!) },
        OR: [
          { updatedAt: { lt: new Date(keys[0]!) } },
          { messageId: { lt: keys[1]! } },
          { messageId: keys[1]!, userId: { lt: keys[2]! } },
        ],
      }
    : {};
  const rows = await db.feedback.findMany({
    where: { ...where, ...before },
    orderBy: [{ updatedAt: 'desc' }, { messageId: 'desc' }, { userId: 'desc' }],
    take: size + 1,
    include: { message: { select: { generation: { select: { alias: true } } } } },
  });
  const nodes = rows
    .slice(0, size)
    .map(({ message, ...row }): FeedbackComment => ({ ...row, model: message.generation?.alias ?? null }));
  const cursorOf = (row: Feedback) => encodeCursor(LIST, row.updatedAt.toISOString(), row.messageId, row.userId);
  return {
    ...connection(nodes, cursorOf, { next: rows.length > size, previous: keys !== undefined }),
    totalCount: () => db.feedback.count({ where, take: MAX_COUNT }),
  };
}
