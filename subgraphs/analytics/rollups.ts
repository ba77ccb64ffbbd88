import type { Usage } from '#platform/contracts/events.ts';
import { Prisma } from '#prisma/analytics/client/client.ts';
import { bucketOf } from './histogram.ts';
import { type Interval, startOf } from './period.ts';

const INTERVALS: readonly Interval[] = ['HOUR', 'DAY'];

/** A rollup's key and what is added to it, as columns of the table. */
interface Addition {
  readonly interval: Interval;
  readonly at: string;
  readonly user_id: string;
  readonly operation: string;
  readonly provider: string;
  readonly model: string;
  readonly outcome: string;
  readonly currency: string;
  calls: number;
  cache_hits: number;
  input_tokens: number;
  cached_tokens: number;
  output_tokens: number;
  reasoning_tokens: number;
  images: number;
  cost: Prisma.Decimal;
  unpriced: number;
  readonly latency: number[];
  readonly time_to_first_token: number[];
}

/**
 * Adds calls to the sums of their hours and days, by one statement. All transactions go through the rollups in one
 * order, so that two do not wait for one another.
 */
export async function addToRollups(tx: Prisma.TransactionClient, usages: readonly Usage[]): Promise<void> {
  const additions = new Map<string, Addition>();
  for (const interval of INTERVALS) for (const usage of usages) add(additions, interval, usage);
  if (additions.size === 0) return;
  const rows = [...additions].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, addition]) => addition);
  await tx.$executeRaw`
    INSERT INTO rollups AS r ("interval", at, user_id, operation, provider, model, outcome, currency, calls, cache_hits,
      input_tokens, cached_tokens, output_tokens, reasoning_tokens, images, cost, unpriced, latency, time_to_first_token)
    SELECT "interval", at, user_id, operation, provider, model, outcome, currency, calls, cache_hits, input_tokens,
      cached_tokens, output_tokens, reasoning_tokens, images, cost, unpriced, latency, time_to_first_token
    FROM jsonb_populate_recordset(NULL::rollups, ${JSON.stringify(rows)}::jsonb)
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
      latency = add_histograms(r.latency, excluded.latency),
      time_to_first_token = add_histograms(r.time_to_first_token, excluded.time_to_first_token)`;
}

function add(additions: Map<string, Addition>, interval: Interval, usage: Usage): void {
  const { userId, operation, provider, model, currency, tokens, calls = 1 } = usage;
  const at = startOf(interval, new Date(usage.at)).toISOString();
  const outcome = usage.outcome.toUpperCase();
  const key = JSON.stringify([interval, at, userId, operation, provider, model, outcome, currency]);
  let sum = additions.get(key);
  if (!sum) {
    sum = { interval, at, user_id: userId, operation, provider, model, outcome, currency, ...nothing() };
    additions.set(key, sum);
  }
  sum.calls += calls;
  sum.cache_hits += usage.cacheHit ? calls : 0;
  sum.input_tokens += tokens.input;
  sum.cached_tokens += tokens.cached;
  sum.output_tokens += tokens.output;
  sum.reasoning_tokens += tokens.reasoning;
  sum.images += usage.images ?? 0;
  if (usage.cost === undefined) sum.unpriced += calls;
  else sum.cost = sum.cost.plus(usage.cost);
  count(sum.latency, usage.latencyMs, calls);
  if (usage.timeToFirstTokenMs !== undefined) count(sum.time_to_first_token, usage.timeToFirstTokenMs, calls);
}

const nothing = () => ({
  calls: 0,
  cache_hits: 0,
  input_tokens: 0,
  cached_tokens: 0,
  output_tokens: 0,
  reasoning_tokens: 0,
  images: 0,
  cost: new Prisma.Decimal(0),
  unpriced: 0,
  latency: [] as number[],
  time_to_first_token: [] as number[],
});

/** Puts a duration into its bucket. Buckets count from 1, as in Postgres. */
function count(histogram: number[], ms: number, calls: number): void {
  const bucket = bucketOf(ms) - 1;
  while (histogram.length <= bucket) histogram.push(0);
  histogram[bucket]! += calls;
}
