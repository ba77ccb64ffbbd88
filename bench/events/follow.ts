import { setTimeout as sleep } from 'node:timers/promises';
import { v7 as uuidv7 } from 'uuid';

/** The owner whose relay hands the events over: the one that does the least besides. */
export const PRODUCER = 'auth';
const USERS = 1_000;
const CONVERSATIONS = 5_000;

/** Runs SQL and returns the rows. */
export type Query = <Row>(sql: string, values?: unknown[]) => Promise<Row[]>;

/** What one run came to. */
export interface Figures {
  readonly perSecond: number;
  readonly transactionsPerEvent: number;
  /** Of all events, by who used it, in ms. Embedded all is one process. */
  readonly cpuMs: Readonly<Record<string, number>>;
  readonly replicas?: number;
}

/** Puts calls of many users into the producer's outbox, as if it had recorded them. */
export async function seed(query: Query, events: number): Promise<void> {
  await query(
    `INSERT INTO ${PRODUCER}.outbox_events (id, type, version, aggregate, payload)
     SELECT gen_random_uuid(), 'llm.called', 1, 'call:' || call, jsonb_build_object(
       'id', call, 'userId', 'user-' || n % ${USERS}, 'conversationId', 'conversation-' || n % ${CONVERSATIONS},
       'messageId', call, 'operation', CASE n % 3 WHEN 0 THEN 'title' ELSE 'chat' END, 'provider', 'openai',
       'model', 'model-' || n % 2, 'deployment', 'model-' || n % 2,
       'tokens', jsonb_build_object('input', 100, 'cached', 10, 'output', 50, 'reasoning', 5), 'estimated', false,
       'cost', '0.000125', 'currency', 'USD', 'latencyMs', 200 + n % 1700, 'timeToFirstTokenMs', 20 + n % 300,
       'retries', 0, 'fallbacks', 0, 'cacheHit', false, 'outcome', 'ok',
       'at', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
     FROM (SELECT n, gen_random_uuid()::text AS call FROM generate_series(1, ${events}) AS n) AS calls`,
  );
}

/**
 * Follows the count until all events are in it.
 *
 * @throws when the sums are not exact in the end, or nothing more comes for a minute.
 */
export async function follow(query: Query, events: number): Promise<number> {
  const counted = async () => {
    const [row] = await query<{ calls: string | null }>(
      `SELECT sum(calls) AS calls FROM analytics.rollups WHERE "interval" = 'HOUR'`,
    );
    return Number(row?.calls ?? 0);
  };
  let first: { at: number; calls: number } | undefined;
  for (let calls = 0, newsAt = performance.now(); calls < events; ) {
    await sleep(50);
    const now = await counted();
    if (now > calls) newsAt = performance.now();
    else if (performance.now() - newsAt > 60_000) throw new Error(`Only ${calls} of ${events} events were counted.`);
    calls = now;
    if (calls > 0) first ??= { at: performance.now(), calls };
  }
  const perSecond = (events - first!.calls) / ((performance.now() - first!.at) / 1_000);
  await checkExact(query, events);
  return perSecond;
}

async function checkExact(query: Query, events: number): Promise<void> {
  const sums = await query<Record<string, string>>(
    `SELECT sum(calls)::text AS calls, sum(input_tokens)::text AS tokens, sum(cost)::float8::text AS cost,
       sum((SELECT sum(n) FROM unnest(latency) AS n))::text AS measured FROM analytics.rollups GROUP BY "interval"
     UNION ALL SELECT count(*)::text, sum(input_tokens)::text, sum(cost)::float8::text, count(*)::text FROM analytics.calls`,
  );
  const right = [String(events), String(events * 100), String(Number((events * 0.000125).toFixed(6))), String(events)];
  for (const sum of sums)
    if (Object.values(sum).join() !== right.join())
      throw new Error(`The sums are ${Object.values(sum).join()} and not ${right.join()}.`);
}

/** An id for what a run names. */
export const runId = (): string => uuidv7().slice(-12);
