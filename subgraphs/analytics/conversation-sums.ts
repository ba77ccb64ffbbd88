import type { Usage } from '#platform/contracts/events.ts';
import type { Prisma, PrismaClient } from '#prisma/analytics/client/client.ts';
import { addRows, type Summand, sumsBy } from './sums.ts';

const KEY = ['conversation_id', 'user_id', 'currency'];
const BATCH = 1_000;

/** Adds calls to the sums of their conversations, by one statement. */
export async function addToConversations(
  tx: Prisma.TransactionClient,
  usages: readonly (Summand & Pick<Usage, 'userId' | 'conversationId' | 'currency'>)[],
): Promise<void> {
  const rows = sumsBy(
    usages.filter(({ conversationId }) => conversationId !== undefined),
    ({ conversationId, userId, currency }) => ({ conversation_id: conversationId, user_id: userId, currency }),
  );
  await addRows(tx, 'conversation_sums', KEY, rows, ['errors']);
}

/**
 * Moves calls that processes of an earlier version have recorded into the sums of their conversations, some at a time:
 * each in one transaction with its mark.
 *
 * @returns how many calls were moved.
 */
export async function sumUnsummed(db: PrismaClient, signal: AbortSignal): Promise<number> {
  for (let moved = 0; ; ) {
    const some = signal.aborted ? 0 : await db.$transaction(sumSome, { timeout: 30_000 });
    moved += some;
    if (some < BATCH) return moved;
  }
}

async function sumSome(tx: Prisma.TransactionClient): Promise<number> {
  const ids = await tx.$queryRaw<{ id: string }[]>`
    UPDATE calls SET summed = true WHERE id IN (
      SELECT id FROM calls WHERE NOT summed AND conversation_id IS NOT NULL LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)
    RETURNING id::text`;
  const calls = await tx.call.findMany({ where: { id: { in: ids.map(({ id }) => id) } } });
  const usages = calls.map((call) => ({
    userId: call.userId,
    conversationId: call.conversationId ?? undefined,
    currency: call.currency,
    calls: call.calls,
    tokens: {
      input: call.inputTokens,
      cached: call.cachedTokens,
      output: call.outputTokens,
      reasoning: call.reasoningTokens,
    },
    images: call.images,
    cost: call.cost?.toFixed(),
    cacheHit: call.cacheHit,
    outcome: call.outcome.toLowerCase() as Usage['outcome'],
    latencyMs: call.latencyMs,
    timeToFirstTokenMs: call.timeToFirstTokenMs ?? undefined,
  }));
  await addToConversations(tx, usages);
  return ids.length;
}
