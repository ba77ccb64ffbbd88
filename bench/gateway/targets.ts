import { type ChildProcess, fork, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

/** A gateway process that is measured. */
export interface Target {
  readonly name: string;
  readonly url: string;
  /** CPU time that the process and its threads have used, in microseconds. */
  cpu(): number;
  /** Resident memory in bytes. */
  memory(): number;
  stop(): void;
}

const HERE = import.meta.dirname;
const HIVE = path.join(HERE, '../rivals/node_modules/.bin/hive-gateway');
const TICKS_A_SECOND = 100;
const PATIENCE_MS = 60_000;

/** Starts a script of ours beside this one; resolves to the first message it sends. */
export function startScript<T>(name: string, ...args: string[]): Promise<{ child: ChildProcess; first: T }> {
  const child = fork(path.join(HERE, `${name}.ts`), args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  return new Promise((resolve, reject) => {
    child.once('message', (first) => resolve({ child, first: first as T }));
    child.once('exit', (code) => reject(new Error(`${name} ended with ${code}.`)));
  });
}

/** A gateway that one of the scripts beside this one starts. */
export async function startTarget(name: string, script: string, ...args: string[]): Promise<Target> {
  const { child, first } = await startScript<{ url: string }>(script, ...args);
  return target(name, first.url, child);
}

/** Ours first, then the others. */
export async function startGateways(supergraph: string): Promise<Target[]> {
  const targets = [await startTarget('ours', 'ours', supergraph), await startTarget('apollo', 'stock', supergraph)];
  if (!existsSync(HIVE)) {
    console.log('Hive Gateway is not installed and left out; to add it: npm install --prefix bench/rivals');
    return targets;
  }
  targets.push(await startHive('hive', supergraph, 4871, []));
  targets.push(await startHive('hive-rust-planner', supergraph, 4872, ['--hive-router-runtime']));
  return targets;
}

async function startHive(name: string, supergraph: string, port: number, flags: string[]): Promise<Target> {
  const args = [HIVE, 'supergraph', supergraph, '--port', String(port), '--host', '127.0.0.1', ...flags];
  const child = spawn(process.execPath, args, {
    cwd: path.join(HERE, '../rivals'),
    stdio: 'ignore',
    env: { ...process.env, NODE_ENV: 'production', LOG_LEVEL: 'error' },
  });
  const url = `http://127.0.0.1:${port}/graphql`;
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await wait(200)) {
    const ask = fetch(`${url}?query={__typename}`, { headers: { accept: 'application/json' } });
    if (
      await ask.then(
        (response) => response.ok,
        () => false,
      )
    )
      return target(name, url, child);
  }
  child.kill();
  throw new Error(`${name} did not start.`);
}

function target(name: string, url: string, child: ChildProcess): Target {
  const proc = (file: string): string => readFileSync(`/proc/${child.pid}/${file}`, 'utf8');
  return {
    name,
    url,
    cpu() {
      const fields = proc('stat').split(') ')[1]!.split(' ');
      return ((Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND) * 1e6;
    },
    memory: () => Number(/VmRSS:\s+(\d+)/.exec(proc('status'))![1]) * 1024,
    stop: () => child.kill('SIGKILL'),
  };
}
