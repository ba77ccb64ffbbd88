/**
 * Our gateway against Apollo Server with Apollo Gateway, and against Hive Gateway where bench/rivals is installed: the
 * same supergraph, the same subgraphs over HTTP, rounds taken in turn, request bodies that vary.
 *
 * What counts is the CPU of the gateway's process for each request: it says the same on a busy machine and on a quiet
 * one. Linux only (it reads /proc). BENCH_ROUNDS and BENCH_SECONDS make it longer.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Pool } from 'undici';
import { OPERATIONS, supergraphOf } from './gateway/graph.ts';
import { startScript, startTargets, type Target } from './gateway/targets.ts';
import { median, ratioText } from './statistics.ts';

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);
const SECONDS = Number(process.env.BENCH_SECONDS ?? 2);
const CONNECTIONS = 32;

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
      const bytes = await response.body.bytes();
      if (response.statusCode !== 200 || bytes[2] !== 100) {
        throw new Error(
          `${target.name} answered ${response.statusCode} ${Buffer.from(bytes).toString().slice(0, 300)}`,
        );
      }
      answered++;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, client));
  await pool.close();
  return answered;
}

const folder = mkdtempSync(path.join(os.tmpdir(), 'bench-gateway-'));
const subgraphs = await startScript<{ urls: Record<string, string> }>('subgraphs');
const file = path.join(folder, 'supergraph.graphql');
writeFileSync(file, supergraphOf(subgraphs.first.urls));
const targets = await startTargets(file);
try {
  console.log(
    `${os.cpus().length} cores, Node ${process.version}, ${ROUNDS} rounds of ${SECONDS} s, ${CONNECTIONS} connections`,
  );
  for (const operation of Object.keys(OPERATIONS)) {
    const costs = new Map<string, number[]>(targets.map(({ name }) => [name, []]));
    const rates = new Map<string, number[]>(targets.map(({ name }) => [name, []]));
    for (const target of targets) await load(target, operation, 1);
    for (let round = 0; round < ROUNDS; round++) {
      for (const target of targets) {
        const before = target.cpu();
        const answered = await load(target, operation, SECONDS);
        costs.get(target.name)!.push((target.cpu() - before) / answered);
        rates.get(target.name)!.push(answered / SECONDS);
      }
    }
    const ours = costs.get('ours')!;
    for (const { name, memory } of targets) {
      const cost = median(costs.get(name)!).toFixed(0);
      const rate = median(rates.get(name)!).toFixed(0);
      console.log(
        `  ${operation} ${name}: ${cost} µs CPU a request, ${rate} requests/s, ${Math.round(memory() / 1e6)} MB`,
      );
      if (name === 'ours') continue;
      const { ratio, spread } = ratioText(costs.get(name)!, ours);
      console.log(
        `BENCH gateway-${operation} ratio=${ratio} spread=${spread} against=${name} value=${median(ours).toFixed(0)} unit=us-cpu`,
      );
    }
  }
} finally {
  for (const target of targets) target.stop();
  subgraphs.child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}
