import os from 'node:os';
import { Pool } from 'undici';
import { median, ratioText } from '../statistics.ts';
import { OPERATIONS } from './graph.ts';
import type { Target } from './targets.ts';

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);
const SECONDS = Number(process.env.BENCH_SECONDS ?? 2);
/** Until V8 has compiled what the operation needs. */
const WARM_UP_SECONDS = 4;
const CONNECTIONS = 32;

/**
 * Measures the CPU of each target for a request of every operation, in rounds taken in turn, and prints how many times
 * as much the others use as the first.
 */
export async function compare(name: string, targets: readonly Target[]): Promise<void> {
  console.log(
    `${os.cpus().length} cores, Node ${process.version}, ${ROUNDS} rounds of ${SECONDS} s, ${CONNECTIONS} connections`,
  );
  for (const operation of Object.keys(OPERATIONS)) {
    const costs = targets.map((): number[] => []);
    const rates = targets.map((): number[] => []);
    for (const target of targets) await load(target, operation, WARM_UP_SECONDS);
    for (let round = 0; round < ROUNDS; round++) {
      for (const [i, target] of targets.entries()) {
        const before = target.cpu();
        const answered = await load(target, operation, SECONDS);
        costs[i]!.push((target.cpu() - before) / answered);
        rates[i]!.push(answered / SECONDS);
      }
    }
    for (const [i, target] of targets.entries()) {
      const cost = median(costs[i]!).toFixed(0);
      const memory = Math.round(target.memory() / 1e6);
      console.log(
        `  ${operation} ${target.name}: ${cost} µs CPU a request, ${median(rates[i]!).toFixed(0)} requests/s, ${memory} MB`,
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

/** Sends requests for some seconds. Resolves to how many were answered. */
async function load(target: Target, operation: string, seconds: number): Promise<number> {
  const { query, ids } = OPERATIONS[operation]!;
  const bodies = Array.from({ length: ids }, (_, id) => JSON.stringify({ query, variables: { id: String(id + 1) } }));
  const { origin, pathname } = new URL(target.url);
  const pool = new Pool(origin, { connections: CONNECTIONS, pipelining: 1 });
  const end = Date.now() + seconds * 1_000;
  let answered = 0;
  const headers = { 'content-type': 'application/json', accept: 'application/json' };
  const client = async (): Promise<void> => {
    while (Date.now() < end) {
      const body = bodies[answered % bodies.length]!;
      const response = await pool.request({ path: pathname, method: 'POST', headers, body });
      const text = Buffer.from(await response.body.bytes());
      if (response.statusCode !== 200 || !text.subarray(0, 8).equals(Buffer.from('{"data":'))) {
        throw new Error(`${target.name} answered ${response.statusCode} ${text.toString().slice(0, 300)}`);
      }
      answered++;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, client));
  await pool.close();
  return answered;
}
