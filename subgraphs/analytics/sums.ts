import type { Usage } from '#platform/contracts/events.ts';
import { Prisma } from '#prisma/analytics/client/client.ts';
import { bucketOf } from './histogram.ts';

/** The part of a call that a sum adds up. */
export type Summand = Pick<
  Usage,
  'calls' | 'tokens' | 'images' | 'cost' | 'cacheHit' | 'outcome' | 'latencyMs' | 'timeToFirstTokenMs'
>;

/** A histogram that becomes an array of Postgres from its first bucket to its last, as `[75:76]={1,2}`. */
class HistogramLiteral {
  readonly #counts = new Map<number, number>();

  add(ms: number, count: number): void {
    const bucket = bucketOf(ms);
    this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + count);
  }

  toJSON(): string {
    if (this.#counts.size === 0) return '{}';
    // The sum of one call, as most are.
    if (this.#counts.size === 1) for (const [bucket, count] of this.#counts) return `[${bucket}:${bucket}]={${count}}`;
    const [first, last] = [Math.min(...this.#counts.keys()), Math.max(...this.#counts.keys())];
    const counts = Array.from({ length: last - first + 1 }, (_, n) => this.#counts.get(first + n) ?? 0);
    return `[${first}:${last}]={${counts.join()}}`;
  }
}

/** The sums of some calls, as columns of the tables that hold sums; as JSON they are a row. */
export class Sums {
  calls = 0;
  errors = 0;
  cache_hits = 0;
  input_tokens = 0;
  cached_tokens = 0;
  output_tokens = 0;
  reasoning_tokens = 0;
  images = 0;
  /** As it was told while it is of one call: most are, and decimals are dear. */
  cost: string | Prisma.Decimal = '0';
  unpriced = 0;
  readonly latency = new HistogramLiteral();
  readonly time_to_first_token = new HistogramLiteral();

  add({ calls = 1, tokens, images = 0, cost, cacheHit, outcome, latencyMs, timeToFirstTokenMs }: Summand): void {
    this.calls += calls;
    if (outcome === 'error') this.errors += calls;
    if (cacheHit) this.cache_hits += calls;
    this.input_tokens += tokens.input;
    this.cached_tokens += tokens.cached;
    this.output_tokens += tokens.output;
    this.reasoning_tokens += tokens.reasoning;
    this.images += images;
    if (cost === undefined) this.unpriced += calls;
    else this.cost = this.cost === '0' ? cost : new Prisma.Decimal(this.cost).plus(cost);
    this.latency.add(latencyMs, calls);
    if (timeToFirstTokenMs !== undefined) this.time_to_first_token.add(timeToFirstTokenMs, calls);
  }
}

/**
 * Adds up by key.
 *
 * @param keyOf the columns of the key of what an item goes into.
 * @returns rows in the order of their keys: all transactions write them in one order, so that two do not wait for one
 *   another.
 */
export function sumsBy<Item extends Summand>(items: readonly Item[], keyOf: (item: Item) => object): object[] {
  const sums = new Map<string, { readonly key: object; readonly sum: Sums }>();
  for (const item of items) {
    const key = keyOf(item);
    const name = JSON.stringify(Object.values(key));
    const entry = sums.get(name) ?? { key, sum: new Sums() };
    entry.sum.add(item);
    sums.set(name, entry);
  }
  return [...sums].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, { key, sum }]) => ({ ...key, ...sum }));
}

/** The columns that all tables of sums have, beside their histograms. */
const SUMS = [
  'calls',
  'cache_hits',
  'input_tokens',
  'cached_tokens',
  'output_tokens',
  'reasoning_tokens',
  'images',
  'cost',
  'unpriced',
];

/** Adds rows of `sumsBy` to a table. `columns` are those of its key, `more` sums that it alone has. */
export async function addRows(
  tx: Prisma.TransactionClient,
  table: 'rollups' | 'conversation_sums',
  columns: readonly string[],
  rows: readonly object[],
  more: readonly string[] = [],
): Promise<void> {
  if (rows.length === 0) return;
  const sums = [...SUMS, ...more];
  const histograms = ['latency', 'time_to_first_token'];
  const all = [...columns, ...sums, ...histograms].map((name) => `"${name}"`).join();
  const key = columns.map((name) => `"${name}"`).join();
  const added = [
    ...sums.map((name) => `${name} = own.${name} + excluded.${name}`),
    ...histograms.map((name) => `${name} = add_histograms(own.${name}, excluded.${name})`),
  ];
  await tx.$executeRawUnsafe(
    `INSERT INTO ${table} AS own (${all})
     SELECT ${all} FROM json_populate_recordset(NULL::${table}, $1::json)
     ON CONFLICT (${key}) DO UPDATE SET ${added.join(', ')}`,
    JSON.stringify(rows),
  );
}
