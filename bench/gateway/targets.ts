import { type ChildProcess, fork } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { MEASURED_CORE, OTHER_CORES, pin } from './pin.ts';

/** A gateway process that is measured. */
export interface Target {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
  /** CPU time that the process, its threads and its children have used, in microseconds. */
  cpu(): number;
  /** Resident memory in bytes, children included. */
  memory(): number;
  stop(): void;
}

/** Starts a script of ours beside this one; resolves to the first message it sends. */
async function startScript<T>(name: string, args: readonly string[]): Promise<{ child: ChildProcess; first: T }> {
  const file = path.join(import.meta.dirname, `${name}.ts`);
  const child = fork(file, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const first = await new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', (code) => reject(new Error(`${name} ended with ${code}.`)));
  });
  return { child, first: first as T };
}

/** The subgraphs of the benchmark, with the auth routes for the key set given, on the core of the load. */
export async function startSubgraphs(jwks: string): Promise<{ urls: Readonly<Record<string, string>>; stop(): void }> {
  const { child, first } = await startScript<{ urls: Record<string, string> }>('subgraphs', [jwks]);
  pin(child.pid!, OTHER_CORES);
  return { urls: first.urls, stop: () => child.kill('SIGKILL') };
}

/** A gateway that one of the scripts beside this one starts. */
export async function startTarget(name: string, script: string, ...args: string[]): Promise<Target> {
  const { child, first } = await startScript<{ url: string }>(script, args);
  return targetOf(name, first.url, child);
}

/** A process that serves, put on the core where what is measured runs. */
export function targetOf(name: string, url: string, child: ChildProcess): Target {
  const pid = child.pid!;
  pin(pid, MEASURED_CORE);
  return {
    name,
    url,
    pid,
    cpu: () => sum(tree(pid).map(cpuOf)),
    memory: () => sum(tree(pid).map(memoryOf)),
    stop: () => child.kill('SIGKILL'),
  };
}

/** A process and all that it has started. */
function tree(pid: number): number[] {
  const children = threads(pid).flatMap((thread) =>
    readFileSync(`${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
  return [pid, ...children.flatMap(tree)];
}

const threads = (pid: number): string[] => readdirSync(`/proc/${pid}/task`).map((id) => `/proc/${pid}/task/${id}`);

/** Of all threads, as the scheduler counts it: in nanoseconds, where `stat` has ticks of 10 ms. */
const cpuOf = (pid: number): number =>
  sum(threads(pid).map((thread) => Number(readFileSync(`${thread}/schedstat`, 'utf8').split(' ')[0]) / 1_000));

const memoryOf = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) * 1024;

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
