import { createHash } from 'node:crypto';
import type { Usage } from '#platform/contracts/events.ts';
import { Prisma } from '#prisma/analytics/client/client.ts';
import { bucketOf } from './histogram.ts';
import { type Interval, startOf } from './period.ts';

/**
 * Counts a call (or some alike, reported together): its own row, and the sums of its hour and its day. In the
 * transaction of the event's inbox entry, so a report that is delivered twice counts once.
 */
export async function recordCall(tx: Prisma.TransactionClient, usage: Usage): Promise<void> {
  const { tokens, outcome, ...rest } = usage;
  const forgotten = forgottenName(usage.userId);
  // An event of a call may come after the one that deleted its user: it counts, and names nobody.
  if (await tx.rollup.findFirst({ where: { interval: 'DAY', userId: forgotten }, select: { at: true } })) {
    await addToRollup(tx, 'HOUR', { ...usage, userId: forgotten });
    await addToRollup(tx, 'DAY', { ...usage, userId: forgotten });
    return;
  }
  await tx.call.create({
    data: {
      id: rest.id,
      at: rest.at,
      userId: rest.userId,
      apiKeyId: rest.apiKeyId ?? null,
      conversationId: rest.conversationId ?? null,
      messageId: rest.messageId ?? null,
      operation: rest.operation,
      provider: rest.provider,
      model: rest.model,
      deployment: rest.deployment,
      calls: rest.calls ?? 1,
      inputTokens: tokens.input,
      cachedTokens: tokens.cached,
      outputTokens: tokens.output,
      reasoningTokens: tokens.reasoning,
      images: rest.images ?? 0,
      estimated: rest.estimated,
      cost: rest.cost ?? null,
      currency: rest.currency,
      latencyMs: rest.latencyMs,
      timeToFirstTokenMs: rest.timeToFirstTokenMs ?? null,
      tokensPerSecond: rest.tokensPerSecond ?? null,
      retries: rest.retries,
      fallbacks: rest.fallbacks,
      cacheHit: rest.cacheHit,
      outcome: outcome.toUpperCase(),
      errorCode: rest.errorCode ?? null,
    },
  });
  await addToRollup(tx, 'HOUR', usage);
  await addToRollup(tx, 'DAY', usage);
}

async function addToRollup(tx: Prisma.TransactionClient, interval: Interval, usage: Usage): Promise<void> {
  const { tokens, calls = 1 } = usage;
  const latency = bucketOf(usage.latencyMs);
  const firstToken = usage.timeToFirstTokenMs === undefined ? undefined : bucketOf(usage.timeToFirstTokenMs);
  // Postgres fills the gap between an array's end and an assigned subscript with NULLs, and counts subscripts from 1.
  await tx.$executeRaw`
    INSERT INTO rollups AS r ("interval", at, user_id, operation, provider, model, outcome, currency, calls, cache_hits,
      input_tokens, cached_tokens, output_tokens, reasoning_tokens, images, cost, unpriced, latency, time_to_first_token)
    VALUES (${interval}, ${startOf(interval, new Date(usage.at))}, ${usage.userId}, ${usage.operation}, ${usage.provider},
      ${usage.model}, ${usage.outcome.toUpperCase()}, ${usage.currency}, ${calls}, ${usage.cacheHit ? calls : 0}, ${tokens.input},
      ${tokens.cached}, ${tokens.output}, ${tokens.reasoning}, ${usage.images ?? 0}, ${new Prisma.Decimal(usage.cost ?? 0)},
      ${usage.cost === undefined ? calls : 0}, ${onlyIn(latency, calls)}::int[], ${onlyIn(firstToken, calls)}::int[])
    ON CONFLICT ("interval", at, user_id, operation, provider, model, outcome, currency) DO UPDATE SET
      calls = r.calls + excluded.calls,
      cache_hits = r.cache_hits + excluded.cache_hits,
      input_tokens = r.input_tokens + excluded.input_tokens,
      cached_tokens = r.cached_tokens + excluded.cached_tokens,
      output_tokens = r.output_tokens + excluded.output_tokens,
      reasoning_tokens = r.reasoning_tokens + excluded.reasoning_tokens,
      images = r.images + excluded.images,
      cost = r.cost + excluded.cost,
      unpriced = r.unpriced + excluded.unpriced,
      latency[${latency}::int] = coalesce(r.latency[${latency}::int], 0) + excluded.calls
      ${firstToken === undefined ? Prisma.empty : Prisma.sql`, time_to_first_token[${firstToken}::int] = coalesce(r.time_to_first_token[${firstToken}::int], 0) + excluded.calls`}`;
}

/** A histogram with entries in one bucket. */
const onlyIn = (bucket: number | undefined, count: number): number[] =>
  bucket === undefined ? [] : [...Array<number>(bucket - 1).fill(0), count];

/** What sums of a deleted user are kept under. */
const forgottenName = (userId: string): string => `deleted:${createHash('md5').update(userId).digest('hex')}`;

/** Long before any call: the sum of nothing that tells that a user is deleted. */
const BEFORE_ALL = new Date(0);

/**
 * Forgets a user's calls. Sums of everybody keep them under a name that tells nobody, so that totals of the past stay
 * true, and so do calls that are reported later.
 */
export async function forgetUser(tx: Prisma.TransactionClient, userId: string): Promise<void> {
  await tx.call.deleteMany({ where: { userId } });
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
