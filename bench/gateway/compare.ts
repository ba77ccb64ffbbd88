import { deepStrictEqual } from 'node:assert/strict';
import os from 'node:os';
import { Pool } from 'undici';
import { median, ratioText } from '../statistics.ts';
import { OPERATIONS } from './graph.ts';
import { OTHER_CORE, PINNED, pin } from './pin.ts';
import type { Target } from './targets.ts';

/** Many short rounds: what else the machine does then falls on all alike. */
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 20);
const SECONDS = Number(process.env.BENCH_SECONDS ?? 0.5);
/** Until V8 has compiled what the operation needs. */
const WARM_UP_SECONDS = 4;
const CONNECTIONS = 32;
/** Different bodies of an operation: more than are ever under way at once. */
const BODIES = 49;

/**
 * Measures the CPU of each target for a request of every operation, in rounds taken in turn, and prints how many times
 * as much the others use as the first. All must give the same answers.
 *
 * @param token sent with every request.
 */
export async function compare(name: string, targets: readonly Target[], token: string): Promise<void> {
  pin(process.pid, OTHER_CORE);
  console.log(
    `${os.cpus().length} cores${PINNED ? ', one for the server' : ''}, Node ${process.version}, ${ROUNDS} rounds of ${SECONDS} s, ${CONNECTIONS} connections`,
  );
  for (const operation of Object.keys(OPERATIONS)) {
    await sameAnswers(targets, operation, token);
    const loads = targets.map((target) => loadOf(target, operation, token));
    const costs = targets.map((): number[] => []);
    const rates = targets.map((): number[] => []);
    for (const load of loads) await load.run(WARM_UP_SECONDS);
    for (let round = 0; round < ROUNDS; round++) {
      for (const [i, target] of targets.entries()) {
        const before = target.cpu();
        const answered = await loads[i]!.run(SECONDS);
        costs[i]!.push((target.cpu() - before) / answered);
        rates[i]!.push(answered / SECONDS);
      }
    }
    for (const load of loads) await load.close();
    for (const [i, target] of targets.entries()) {
      const cost = median(costs[i]!).toFixed(0);
      const least = Math.min(...costs[i]!).toFixed(0);
      const memory = Math.round(target.memory() / 1e6);
      console.log(
        `  ${operation} ${target.name}: ${cost} µs CPU a request (least ${least}), ${median(rates[i]!).toFixed(0)} requests/s, ${memory} MB`,
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

const headersOf = (token: string) => ({
  'content-type': 'application/json',
  accept: 'application/json',
  authorization: `Bearer ${token}`,
});

const bodyOf = (operation: string, id: number): string =>
  JSON.stringify({ query: OPERATIONS[operation], variables: { id: String(id + 1) } });

/** @throws where a target answers anything else than the first does. */
async function sameAnswers(targets: readonly Target[], operation: string, token: string): Promise<void> {
  let expected: unknown;
  for (const { name, url } of targets) {
    const response = await fetch(url, { method: 'POST', headers: headersOf(token), body: bodyOf(operation, 0) });
    const answer = await response.json();
    expected ??= answer;
    deepStrictEqual(answer, expected, `${name} answers ${operation} in another way than ${targets[0]!.name}.`);
  }
}

interface Load {
  /** Sends requests for some seconds. Resolves to how many were answered. */
  run(seconds: number): Promise<number>;
  close(): Promise<void>;
}

function loadOf(target: Target, operation: string, token: string): Load {
  const bodies = Array.from({ length: BODIES }, (_, id) => bodyOf(operation, id));
  const headers = headersOf(token);
  const start = Buffer.from('{"data":{');
  const { origin, pathname } = new URL(target.url);
  const pool = new Pool(origin, { connections: CONNECTIONS, pipelining: 1 });
  let sent = 0;

  async function ask(): Promise<void> {
    const body = bodies[sent++ % BODIES]!;
    const response = await pool.request({ path: pathname, method: 'POST', headers, body });
    const bytes = await response.body.bytes();
    if (response.statusCode !== 200 || start.compare(bytes, 0, start.length) !== 0) {
      throw new Error(`${target.name} answered ${response.statusCode} ${Buffer.from(bytes).toString().slice(0, 300)}`);
    }
  }

  return {
    async run(seconds) {
      const end = performance.now() + seconds * 1_000;
      let answered = 0;
      const client = async (): Promise<void> => {
        for (; performance.now() < end; answered++) await ask();
      };
      await Promise.all(Array.from({ length: CONNECTIONS }, client));
      return answered;
    },
    close: () => pool.close(),
  };
}
