import { deepStrictEqual } from 'node:assert/strict';
import os from 'node:os';
import { median, percentile, ratioText } from '../statistics.ts';
import { encodeRequest, openConnection } from './connection.ts';
import { OTHER_CORES, PINNED, pin } from './pin.ts';
import type { Target } from './targets.ts';

/** Many short rounds: what else the machine does then falls on all alike. */
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 20);
const SECONDS = Number(process.env.BENCH_SECONDS ?? 0.5);
/** Until V8 has compiled what the operation needs, on a busy machine too. */
const WARM_UP = { seconds: 4, requests: 3_000 };
const CONNECTIONS = 32;
/** So many more bodies of an operation than connections: those under way at once differ. */
const SPARE_BODIES = 17;

/** What is asked. */
export interface Work {
  /** Headers of each request; asked for before each round, as what is in them may not last. */
  headers(): Promise<Readonly<Record<string, string>>>;
  /** Bodies by operation, different for each id. */
  readonly operations: Readonly<Record<string, (id: string) => object>>;
  /** Headers of single requests, by operation. Default: none but the others. */
  readonly own?: Readonly<Record<string, (id: string) => Readonly<Record<string, string>>>>;
  /** Requests that are under way at once. Default: 32. */
  readonly connections?: number;
}

/**
 * Measures the CPU of each target for a request of every operation, in rounds taken in turn, and prints how many times
 * as much the others use as the first. All must give the same answers.
 */
export async function compare(name: string, targets: readonly Target[], work: Work): Promise<void> {
  pin(process.pid, OTHER_CORES);
  const { connections = CONNECTIONS } = work;
  console.log(
    `${os.cpus().length} cores${PINNED ? ', one for the server' : ''}, Node ${process.version}, ${ROUNDS} rounds of ${SECONDS} s, ${connections} connections`,
  );
  for (const [operation, body] of Object.entries(work.operations)) {
    const asked = Array.from({ length: connections + SPARE_BODIES }, (_, n): Asked => {
      const id = String(n + 1);
      return { body: JSON.stringify(body(id)), headers: work.own?.[operation]?.(id) ?? {} };
    });
    await sameAnswers(targets, operation, asked, await work.headers());
    const loads = targets.map((target) => loadOf(target, asked, work));
    const costs = targets.map((): number[] => []);
    const rates = targets.map((): number[] => []);
    const times = targets.map((): number[] => []);
    for (const load of loads) await load(WARM_UP.seconds, WARM_UP.requests);
    for (let round = 0; round < ROUNDS; round++) {
      for (const [i, target] of targets.entries()) {
        const before = target.cpu();
        const taken = await loads[i]!(SECONDS);
        costs[i]!.push((target.cpu() - before) / taken.length);
        rates[i]!.push(taken.length / SECONDS);
        for (const time of taken) times[i]!.push(time);
      }
    }
    for (const [i, target] of targets.entries()) {
      const cost = median(costs[i]!).toFixed(0);
      const least = Math.min(...costs[i]!).toFixed(0);
      const memory = Math.round(target.memory() / 1e6);
      const [p50, p99] = [0.5, 0.99].map((share) => percentile(times[i]!, share).toFixed(1));
      console.log(
        `  ${operation} ${target.name}: ${cost} µs CPU a request (least ${least}), ${median(rates[i]!).toFixed(0)} requests/s, p50 ${p50} ms, p99 ${p99} ms, ${memory} MB`,
      );
      if (i === 0) continue;
      const { ratio, spread } = ratioText(costs[i]!, costs[0]!);
      const value = median(costs[0]!).toFixed(0);
      console.log(
        `BENCH ${name}-${operation} ratio=${ratio} spread=${spread} against=${target.name} value=${value} unit=us-cpu`,
      );
    }
  }
}

const JSON_HEADERS = { 'content-type': 'application/json', accept: 'application/json' };

/** A request as it is sent each time. */
interface Asked {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** @throws where a target answers any of the requests in another way than the first target does. */
async function sameAnswers(
  targets: readonly Target[],
  operation: string,
  asked: readonly Asked[],
  headers: Readonly<Record<string, string>>,
): Promise<void> {
  for (const { body, headers: own } of asked) {
    const [expected, ...others] = await Promise.all(
      targets.map(async ({ url }) => {
        const response = await fetch(url, { method: 'POST', headers: { ...JSON_HEADERS, ...headers, ...own }, body });
        return response.json();
      }),
    );
    for (const [i, answer] of others.entries()) {
      const message = `${targets[i + 1]!.name} answers ${operation} in another way than ${targets[0]!.name}.`;
      deepStrictEqual(answer, expected, message);
    }
  }
}

/**
 * Sends requests for some seconds, and until at least so many are answered. Resolves to how long each took, in
 * milliseconds.
 */
type Load = (seconds: number, least?: number) => Promise<number[]>;

function loadOf(target: Target, asked: readonly Asked[], work: Work): Load {
  const url = new URL(target.url);
  let sent = 0;

  return async (seconds, least = 0) => {
    const headers = { ...JSON_HEADERS, ...(await work.headers()) };
    const requests = asked.map(({ body, headers: own }) => encodeRequest(url, { ...headers, ...own }, body));
    const length = work.connections ?? CONNECTIONS;
    const connections = await Promise.all(Array.from({ length }, () => openConnection(url)));
    const end = performance.now() + seconds * 1_000;
    const taken: number[] = [];
    const clients = connections.map(async (connection) => {
      for (let begun = performance.now(); begun < end || taken.length < least; ) {
        const answer = await connection.ask(requests[sent++ % requests.length]!);
        if (!answer.includes('{"data":{') || answer.includes('"errors":')) {
          throw new Error(`${target.name} answered ${answer.toString().slice(0, 500)}`);
        }
        const now = performance.now();
        taken.push(now - begun);
        begun = now;
      }
      connection.close();
    });
    await Promise.all(clients);
    return taken;
  };
}
