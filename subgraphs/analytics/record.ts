import { createHash } from 'node:crypto';
import type { Usage } from '#platform/contracts/events.ts';
import { Prisma } from '#prisma/analytics/client/client.ts';
import { addToConversations } from './conversation-sums.ts';
import { addToRollups } from './rollups.ts';

/**
 * A transaction that counts calls holds it shared, one that forgets a user alone: a call is counted before that or
 * after.
 */
const USERS_LOCK = `hashtext('analytics users')`;

/**
 * Counts calls (each one call, or some alike that were reported together): their own rows, and the sums of their hours
 * and days. In the transaction of the events' inbox entries, so a report that is delivered twice counts once; so does a
 * call that is reported by two events.
 *
 * @returns the calls that count, which are those that were not counted before.
 */
export async function recordCalls(tx: Prisma.TransactionClient, usages: readonly Usage[]): Promise<Usage[]> {
  await tx.$executeRawUnsafe(`SELECT pg_advisory_xact_lock_shared(${USERS_LOCK})`);
  const deleted = await deletedAmong(tx, new Set(usages.map(({ userId }) => userId)));
  // An event of a call may come after the one that deleted its user: it counts, and names no user.
  const unnamed = usages.filter(({ userId }) => deleted.has(userId));
  const fresh = await insertCalls(
    tx,
    usages.filter(({ userId }) => !deleted.has(userId)),
  );
  await addToConversations(tx, fresh);
  await addToRollups(tx, [...fresh, ...unnamed.map((usage) => ({ ...usage, userId: forgottenName(usage.userId) }))]);
  return [...fresh, ...unnamed];
}

async function deletedAmong(tx: Prisma.TransactionClient, users: ReadonlySet<string>): Promise<Set<string>> {
  const names = new Map([...users].map((userId) => [forgottenName(userId), userId]));
  const rows = await tx.$queryRaw<{ user_id: string }[]>`
    SELECT DISTINCT user_id FROM rollups
    WHERE "interval" = 'DAY'
      AND user_id = ANY(ARRAY(SELECT jsonb_array_elements_text(${JSON.stringify([...names.keys()])}::jsonb)))`;
  return new Set(rows.map((row) => names.get(row.user_id)!));
}

const COLUMNS = Prisma.raw(
  `id, at, user_id, api_key_id, conversation_id, message_id, operation, provider, model, deployment, calls, input_tokens,
   cached_tokens, output_tokens, reasoning_tokens, images, estimated, cost, currency, latency_ms, time_to_first_token_ms,
   tokens_per_second, retries, fallbacks, cache_hit, outcome, error_code, summed`,
);

/** @returns those that were not there. */
async function insertCalls(tx: Prisma.TransactionClient, usages: readonly Usage[]): Promise<Usage[]> {
  if (usages.length === 0) return [];
  const rows = usages.map(({ tokens, outcome, ...usage }) => ({
    id: usage.id,
    at: usage.at,
    user_id: usage.userId,
    api_key_id: usage.apiKeyId,
    conversation_id: usage.conversationId,
    message_id: usage.messageId,
    operation: usage.operation,
    provider: usage.provider,
    model: usage.model,
    deployment: usage.deployment,
    calls: usage.calls ?? 1,
    input_tokens: tokens.input,
    cached_tokens: tokens.cached,
    output_tokens: tokens.output,
    reasoning_tokens: tokens.reasoning,
    images: usage.images ?? 0,
    estimated: usage.estimated,
    cost: usage.cost,
    currency: usage.currency,
    latency_ms: usage.latencyMs,
    time_to_first_token_ms: usage.timeToFirstTokenMs,
    tokens_per_second: usage.tokensPerSecond,
    retries: usage.retries,
    fallbacks: usage.fallbacks,
    cache_hit: usage.cacheHit,
    outcome: outcome.toUpperCase(),
    error_code: usage.errorCode,
    summed: true,
  }));
  // All transactions insert in one order, so that two with the same calls do not wait for one another.
  const [inserted] = await tx.$queryRaw<{ ids: string }[]>`
    WITH inserted AS (
      INSERT INTO calls (${COLUMNS})
      SELECT ${COLUMNS} FROM json_populate_recordset(NULL::calls, ${JSON.stringify(rows)}::json) ORDER BY id
      ON CONFLICT (id) DO NOTHING RETURNING id)
    SELECT coalesce(string_agg(id::text, ','), '') AS ids FROM inserted`;
  const ids = new Set(inserted!.ids.split(','));
  return usages.filter(({ id }) => ids.delete(id.toLowerCase()));
}

/** What sums of a deleted user are kept under. */
const forgottenName = (userId: string): string => `deleted:${createHash('md5').update(userId).digest('hex')}`;

/** Long before any call: the sum of nothing that tells that a user is deleted. */
const BEFORE_ALL = new Date(0);

/**
 * Forgets a user's calls. Sums of everybody keep them under a name that tells no user, so that totals of the past stay
 * true, and so do calls that are reported later.
 */
export async function forgetUser(tx: Prisma.TransactionClient, userId: string): Promise<void> {
  // What may be very many goes before the lock, for which the calls of all others wait: then few are left to go.
  await tx.call.deleteMany({ where: { userId } });
  await tx.$executeRawUnsafe(`SELECT pg_advisory_xact_lock(${USERS_LOCK})`);
  await tx.call.deleteMany({ where: { userId } });
  await tx.conversationSum.deleteMany({ where: { userId } });
  await tx.budget.deleteMany({ where: { userId } });
  await tx.$executeRaw`
    WITH gone AS (DELETE FROM rollups WHERE user_id = ${userId} RETURNING *)
    INSERT INTO rollups AS r ("interval", at, user_id, operation, provider, model, outcome, currency, calls, cache_hits,
      input_tokens, cached_tokens, output_tokens, reasoning_tokens, images, cost, unpriced, latency, time_to_first_token)
    SELECT "interval", at, ${forgottenName(userId)}, operation, provider, model, outcome, currency, calls, cache_hits,
      input_tokens, cached_tokens, output_tokens, reasoning_tokens, images, cost, unpriced, latency, time_to_first_token FROM gone`;
  const nothing = { calls: 0, cacheHits: 0, inputTokens: 0, cachedTokens: 0, outputTokens: 0, reasoningTokens: 0 };
  const unnamed = { operation: '', provider: '', model: '', outcome: '', currency: '' };
  const mark = { interval: 'DAY', at: BEFORE_ALL, userId: forgottenName(userId), ...unnamed, ...nothing };
  await tx.rollup.createMany({ data: [{ ...mark, images: 0, cost: 0 }], skipDuplicates: true });
}
