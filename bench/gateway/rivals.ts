import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type Target, targetOf } from './targets.ts';

const FOLDER = path.join(import.meta.dirname, '../rivals');
const HIVE = path.join(FOLDER, 'node_modules/.bin/hive-gateway');
const PATIENCE_MS = 60_000;
const POLL_MS = 200;

/** The gateways that bench/rivals has; none, with a word about it, where it is not installed or BENCH_RIVALS is off. */
export async function startRivals(supergraph: string): Promise<Target[]> {
  if (process.env.BENCH_RIVALS === 'off') return [];
  if (!existsSync(HIVE)) {
    console.log('Other gateways are not installed and left out; to add them: npm install --prefix bench/rivals');
    return [];
  }
  return [
    await startHive('hive', supergraph, 4871, []),
    await startHive('hive-rust-planner', supergraph, 4872, ['--hive-router-runtime']),
  ];
}

function startHive(name: string, supergraph: string, port: number, flags: string[]): Promise<Target> {
  const args = [HIVE, 'supergraph', supergraph, '--port', String(port), '--host', '127.0.0.1', ...flags];
  const child = spawn(process.execPath, args, {
    cwd: FOLDER,
    stdio: 'ignore',
    env: { ...process.env, NODE_ENV: 'production', LOG_LEVEL: 'error' },
  });
  return whenItAnswers(name, `http://127.0.0.1:${port}/graphql`, child);
}

async function whenItAnswers(name: string, url: string, child: ChildProcess): Promise<Target> {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await wait(POLL_MS)) {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: '{"query":"{ __typename }"}',
    }).catch(() => undefined);
    if (answer?.ok) return targetOf(name, url, child);
  }
  child.kill();
  throw new Error(`${name} did not start.`);
}
