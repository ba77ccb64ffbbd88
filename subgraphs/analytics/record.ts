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

/** Forgets a user's calls; sums of everybody keep them under no name, so that totals of the past stay true. */
export async function forgetUser(tx: Prisma.TransactionClient, userId: string): Promise<void> {
  await tx.call.deleteMany({ where: { userId } });
  await tx.budget.deleteMany({ where: { userId } });
  await tx.$executeRaw`
    WITH gone AS (DELETE FROM rollups WHERE user_id = ${userId} RETURNING *)
    INSERT INTO rollups AS r ("interval", at, user_id, operation, provider, model, outcome, currency, calls, cache_hits,
      input_tokens, cached_tokens, output_tokens, reasoning_tokens, images, cost, unpriced, latency, time_to_first_token)
    SELECT "interval", at, 'deleted:' || md5(${userId}), operation, provider, model, outcome, currency, calls, cache_hits,
      input_tokens, cached_tokens, output_tokens, reasoning_tokens, images, cost, unpriced, latency, time_to_first_token FROM gone`;
}
