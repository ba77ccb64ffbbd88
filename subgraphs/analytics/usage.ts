import { Prisma, type PrismaClient } from '#prisma/analytics/client/client.ts';
import { BUCKETS, GROWTH, percentile } from './histogram.ts';
import { DAY_MS, HOUR_MS, type Interval, type Period, startOf } from './period.ts';

/** The choice of calls that count; everything that is given must hold. */
export interface UsageSelection {
  readonly period: Period;
  /** Absent: everybody's. */
  readonly userId?: string | undefined;
  readonly conversationId?: string | undefined;
  readonly conversationIds?: readonly string[] | undefined;
  readonly messageIds?: readonly string[] | undefined;
  readonly model?: string | undefined;
  readonly provider?: string | undefined;
  readonly operation?: string | undefined;
  readonly outcome?: string | undefined;
}

export interface Totals {
  readonly calls: number;
  readonly errors: number;
  readonly cacheHits: number;
  readonly inputTokens: number;
  readonly cachedTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
  readonly images: number;
  readonly cost: string;
  readonly unpriced: number;
  readonly currency: string;
  readonly latency: Percentiles;
  readonly timeToFirstToken: Percentiles;
}

export interface Percentiles {
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

export type Dimension = 'MODEL' | 'PROVIDER' | 'OPERATION' | 'OUTCOME' | 'USER';

const COLUMN: Record<Dimension, Prisma.Sql> = {
  MODEL: Prisma.sql`model`,
  PROVIDER: Prisma.sql`provider`,
  OPERATION: Prisma.sql`operation`,
  OUTCOME: Prisma.sql`outcome`,
  USER: Prisma.sql`user_id`,
};

interface Sums {
  key: string;
  calls: bigint;
  errors: bigint;
  cache_hits: bigint;
  input_tokens: number;
  cached_tokens: number;
  output_tokens: number;
  reasoning_tokens: number;
  images: bigint;
  cost: Prisma.Decimal | null;
  unpriced: bigint;
  currency: string | null;
}

interface BucketCount {
  key: string;
  which: 'latency' | 'firstToken';
  bucket: number;
  count: bigint;
}

/**
 * A reader of the sums of calls. Whole hours and days are read from the rollups, the rest of a period from the calls
 * themselves.
 */
export class UsageReader {
  readonly #db: PrismaClient;

  constructor(db: PrismaClient) {
    this.#db = db;
  }

  async totals(selection: UsageSelection): Promise<Totals> {
    return (await this.#grouped(selection, Prisma.sql`''`)).get('') ?? NOTHING;
  }

  /** Totals by key, dearest first. */
  async breakdown(
    selection: UsageSelection,
    dimension: Dimension,
    first: number,
  ): Promise<{ key: string; totals: Totals }[]> {
    const groups = await this.#grouped(selection, COLUMN[dimension]);
    return [...groups]
      .map(([key, totals]) => ({ key, totals }))
      .sort((a, b) => new Prisma.Decimal(b.totals.cost).comparedTo(a.totals.cost) || b.totals.calls - a.totals.calls)
      .slice(0, first);
  }

  /** One point an interval, empty ones included, oldest first. */
  async series(selection: UsageSelection, interval: Interval): Promise<{ at: Date; totals: Totals }[]> {
    const groups = await this.#grouped(
      selection,
      Prisma.sql`date_trunc(${interval.toLowerCase()}, at, 'UTC')::text`,
      interval,
    );
    const byTime = new Map([...groups].map(([key, totals]) => [new Date(key).getTime(), totals]));
    const points: { at: Date; totals: Totals }[] = [];
    const step = interval === 'HOUR' ? HOUR_MS : DAY_MS;
    for (let at = startOf(interval, selection.period.from).getTime(); at < selection.period.to.getTime(); at += step) {
      points.push({ at: new Date(at), totals: byTime.get(at) ?? NOTHING });
    }
    return points;
  }

  /** Totals of each of the messages, for the user alone. */
  byMessage(userId: string, messageIds: readonly string[]): Promise<Map<string, Totals>> {
    return this.#grouped({ period: ALWAYS, userId, messageIds }, Prisma.sql`message_id`);
  }

  /** Totals of each of the conversations, for the user alone: from their sums, and the calls that are not in them. */
  async byConversation(userId: string, conversationIds: readonly string[]): Promise<Map<string, Totals>> {
    const where = Prisma.sql`user_id = ${userId} AND conversation_id IN (${Prisma.join([...conversationIds])})`;
    const unsummed = Prisma.sql`${where} AND NOT summed`;
    const key = Prisma.sql`conversation_id`;
    // Each is one statement: a call that is moved into the sums meanwhile is in one of the two.
    const [sums, buckets] = await Promise.all([
      this.#db.$queryRaw<Sums[]>`${sumsOfCalls(unsummed, key)} UNION ALL ${sumsOfConversations(where)}`,
      this.#db.$queryRaw<BucketCount[]>`
        ${bucketsOfCalls(unsummed, key)} UNION ALL ${bucketsOf(Prisma.sql`conversation_sums`, where, key)}`,
    ]);
    return assemble(sums, buckets);
  }

  async #grouped(selection: UsageSelection, key: Prisma.Sql, interval?: Interval): Promise<Map<string, Totals>> {
    const parts = await Promise.all(
      sourcesOf(selection, interval).map(({ table, period }) => {
        const where = conditions({ ...selection, period });
        return table === 'CALLS' ? this.#fromCalls(where, key) : this.#fromRollups(table, where, key);
      }),
    );
    return assemble(
      parts.flatMap((part) => part.sums),
      parts.flatMap((part) => part.buckets),
    );
  }

  async #fromRollups(interval: Interval, where: Prisma.Sql, key: Prisma.Sql): Promise<Rows> {
    const ofInterval = Prisma.sql`"interval" = ${interval} AND ${where}`;
    const sums = await this.#db.$queryRaw<Sums[]>`
      SELECT ${key} AS key, sum(calls) AS calls, coalesce(sum(calls) FILTER (WHERE outcome = 'ERROR'), 0) AS errors,
        ${SUMMED} FROM rollups WHERE ${ofInterval} GROUP BY 1`;
    const buckets = await this.#db.$queryRaw<BucketCount[]>`${bucketsOf(Prisma.sql`rollups`, ofInterval, key)}`;
    return { sums, buckets };
  }

  async #fromCalls(where: Prisma.Sql, key: Prisma.Sql): Promise<Rows> {
    const sums = await this.#db.$queryRaw<Sums[]>`${sumsOfCalls(where, key)}`;
    const buckets = await this.#db.$queryRaw<BucketCount[]>`${bucketsOfCalls(where, key)}`;
    return { sums, buckets };
  }
}

/** Sums of columns that rollups and sums of conversations have in common. */
const SUMMED = Prisma.sql`
  sum(cache_hits) AS cache_hits, sum(input_tokens)::float8 AS input_tokens, sum(cached_tokens)::float8 AS cached_tokens,
  sum(output_tokens)::float8 AS output_tokens, sum(reasoning_tokens)::float8 AS reasoning_tokens,
  sum(images) AS images, sum(cost) AS cost, sum(unpriced) AS unpriced, min(currency) AS currency`;

const sumsOfConversations = (where: Prisma.Sql): Prisma.Sql => Prisma.sql`
  SELECT conversation_id AS key, sum(calls) AS calls, sum(errors) AS errors, ${SUMMED}
  FROM conversation_sums WHERE ${where} GROUP BY 1`;

const sumsOfCalls = (where: Prisma.Sql, key: Prisma.Sql): Prisma.Sql => Prisma.sql`
  SELECT ${key} AS key, sum(calls) AS calls, coalesce(sum(calls) FILTER (WHERE outcome = 'ERROR'), 0) AS errors,
    coalesce(sum(calls) FILTER (WHERE cache_hit), 0) AS cache_hits, sum(input_tokens)::float8 AS input_tokens,
    sum(cached_tokens)::float8 AS cached_tokens, sum(output_tokens)::float8 AS output_tokens,
    sum(reasoning_tokens)::float8 AS reasoning_tokens, sum(images) AS images, sum(cost) AS cost,
    coalesce(sum(calls) FILTER (WHERE cost IS NULL), 0) AS unpriced, min(currency) AS currency
  FROM calls WHERE ${where} GROUP BY 1`;

/** Counts by bucket of a table that holds histograms. */
function bucketsOf(table: Prisma.Sql, where: Prisma.Sql, key: Prisma.Sql): Prisma.Sql {
  const counts = (which: string, column: Prisma.Sql) => Prisma.sql`
    SELECT ${key} AS key, ${which}::text AS which, bucket, ${column}[bucket] AS count
    FROM ${table}, generate_subscripts(${column}, 1) AS bucket WHERE ${where}`;
  return Prisma.sql`
    SELECT key, which, bucket::int AS bucket, sum(count) AS count FROM (
      ${counts('latency', Prisma.sql`latency`)} UNION ALL ${counts('firstToken', Prisma.sql`time_to_first_token`)}
    ) AS counts WHERE count > 0 GROUP BY 1, 2, 3`;
}

function bucketsOfCalls(where: Prisma.Sql, key: Prisma.Sql): Prisma.Sql {
  const counts = (which: string, column: Prisma.Sql) => Prisma.sql`
    SELECT ${key} AS key, ${which}::text AS which, ${bucketSql(column)} AS bucket, sum(calls) AS count
    FROM calls WHERE ${where} AND ${column} IS NOT NULL GROUP BY 1, 2, 3`;
  return Prisma.sql`
    ${counts('latency', Prisma.sql`latency_ms`)} UNION ALL ${counts('firstToken', Prisma.sql`time_to_first_token_ms`)}`;
}

interface Rows {
  readonly sums: Sums[];
  readonly buckets: BucketCount[];
}

/** bucketOf of histogram.ts in SQL, so that both ways give the same percentiles. */
const bucketSql = (column: Prisma.Sql): Prisma.Sql =>
  Prisma.sql`least(${BUCKETS}::int, greatest(1, ceil(ln(greatest(${column}, 1e-9)) / ln(${GROWTH}::float8))))::int`;

const ALWAYS: Period = { from: new Date(0), to: new Date(8.64e15 / 1000) };

/** A piece of a period, and the table that it is read from. */
interface UsageSource {
  readonly table: 'CALLS' | Interval;
  readonly period: Period;
}

/**
 * Where a period is read: its whole days from their rollups, the whole hours before and after them from theirs, the
 * pieces at its ends from the calls. A series of hours has no days.
 */
function sourcesOf(selection: UsageSelection, interval?: Interval): readonly UsageSource[] {
  const { period } = selection;
  // Rollups know neither conversations nor messages.
  if (selection.conversationId ?? selection.conversationIds ?? selection.messageIds)
    return [{ table: 'CALLS', period }];
  const byHour = (part: Period) => split(part, 'HOUR', (rest) => [{ table: 'CALLS', period: rest }]);
  return interval === 'HOUR' ? byHour(period) : split(period, 'DAY', byHour);
}

/** Cuts the whole intervals out of a period; `others` says where the rest before and after them is read. */
function split(
  { from, to }: Period,
  table: Interval,
  others: (rest: Period) => readonly UsageSource[],
): readonly UsageSource[] {
  const ms = table === 'HOUR' ? HOUR_MS : DAY_MS;
  const start = new Date(Math.ceil(from.getTime() / ms) * ms);
  const end = startOf(table, to);
  if (start >= end) return from < to ? others({ from, to }) : [];
  const rest = (part: Period) => (part.from < part.to ? others(part) : []);
  return [...rest({ from, to: start }), { table, period: { from: start, to: end } }, ...rest({ from: end, to })];
}

function conditions(selection: UsageSelection): Prisma.Sql {
  const { period, userId, conversationId, conversationIds, messageIds, model, provider, operation, outcome } =
    selection;
  const all = [Prisma.sql`at >= ${period.from} AND at < ${period.to}`];
  if (userId !== undefined) all.push(Prisma.sql`user_id = ${userId}`);
  if (conversationId !== undefined) all.push(Prisma.sql`conversation_id = ${conversationId}`);
  if (conversationIds !== undefined) all.push(Prisma.sql`conversation_id IN (${Prisma.join([...conversationIds])})`);
  if (messageIds !== undefined) all.push(Prisma.sql`message_id IN (${Prisma.join([...messageIds])})`);
  if (model !== undefined) all.push(Prisma.sql`model = ${model}`);
  if (provider !== undefined) all.push(Prisma.sql`provider = ${provider}`);
  if (operation !== undefined) all.push(Prisma.sql`operation = ${operation}`);
  if (outcome !== undefined) all.push(Prisma.sql`outcome = ${outcome}`);
  return Prisma.join(all, ' AND ');
}

/** Adds up the rows of each key. */
function assemble(sums: readonly Sums[], buckets: readonly BucketCount[]): Map<string, Totals> {
  const counts = new Map<string, Map<number, number>>();
  for (const { key, which, bucket, count } of buckets) {
    const ofKey = counts.get(`${which} ${key}`) ?? new Map<number, number>();
    ofKey.set(bucket, (ofKey.get(bucket) ?? 0) + Number(count));
    counts.set(`${which} ${key}`, ofKey);
  }
  const percentiles = (which: BucketCount['which'], key: string): Percentiles => {
    const ofKey = counts.get(`${which} ${key}`) ?? new Map<number, number>();
    return { p50: percentile(ofKey, 0.5), p95: percentile(ofKey, 0.95), p99: percentile(ofKey, 0.99) };
  };
  const groups = Map.groupBy(sums, (row) => row.key);
  return new Map(
    [...groups].map(([key, rows]) => {
      const sum = (pick: (row: Sums) => number | bigint) => rows.reduce((total, row) => total + Number(pick(row)), 0);
      const totals: Totals = {
        calls: sum((row) => row.calls),
        errors: sum((row) => row.errors),
        cacheHits: sum((row) => row.cache_hits),
        inputTokens: sum((row) => row.input_tokens),
        cachedTokens: sum((row) => row.cached_tokens),
        outputTokens: sum((row) => row.output_tokens),
        reasoningTokens: sum((row) => row.reasoning_tokens),
        images: sum((row) => row.images),
        cost: rows.reduce((total, row) => total.plus(row.cost ?? 0), new Prisma.Decimal(0)).toFixed(),
        unpriced: sum((row) => row.unpriced),
        currency: rows[0]?.currency ?? 'USD',
        latency: percentiles('latency', key),
        timeToFirstToken: percentiles('firstToken', key),
      };
      return [key, totals];
    }),
  );
}

const UNMEASURED: Percentiles = { p50: null, p95: null, p99: null };
const NOTHING: Totals = {
  calls: 0,
  errors: 0,
  cacheHits: 0,
  inputTokens: 0,
  cachedTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
  images: 0,
  cost: '0',
  unpriced: 0,
  currency: 'USD',
  latency: UNMEASURED,
  timeToFirstToken: UNMEASURED,
};
