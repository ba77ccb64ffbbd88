import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

/** A server whose start is measured. */
export interface Starter {
  readonly name: string;
  /** Default: this Node. */
  readonly command?: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Where it will serve, for those who do not say that they are ready; the others print it. */
  readonly url?: string;
  /** Whether it is asked an operation as soon as it is ready. */
  readonly ask: boolean;
  /** A path that only the database can answer, asked after that. */
  readonly stored?: string;
}

export interface Start {
  /** From the start of the process to its word that it serves, in milliseconds. Undefined where it says nothing. */
  readonly ready: number | undefined;
  /** From the start of the process to the first operation answered. */
  readonly answered: number | undefined;
  /** From the start of the process to the first answer out of the database. */
  readonly stored?: number | undefined;
  /** CPU time until it was ready, all threads, in milliseconds. */
  readonly cpu: number;
  /** Resident memory when it was ready, in megabytes. */
  readonly memory: number;
}

const PATIENCE_MS = 60_000;
const POLL_MS = 5;
const READY = /"url":"([^"]+)"/;

/** Starts a server, measures, and ends it politely, so that it may keep what it has compiled. */
export async function measure(starter: Starter): Promise<Start> {
  const { name, command = process.execPath, args, env, url, ask, stored: path } = starter;
  const started = performance.now();
  const child = spawn(command, args, {
    // A channel to its parent keeps Hive Gateway from ending at SIGTERM.
    stdio: ['ignore', 'pipe', 'inherit', url ? 'ignore' : 'ipc'],
    env: { ...process.env, NODE_ENV: 'production', LOG_FORMAT: 'json', LLM_DISCOVERY: 'false', ...env },
  });
  try {
    const said = url ? undefined : await untilReady(child, name);
    const ready = said === undefined ? undefined : performance.now() - started;
    const usage = said === undefined ? undefined : usageOf(child.pid!);
    const graphql = url ?? `${said!.replace(/\/(graphql)?$/, '')}/graphql`;
    if (ask) await untilOk(graphql, QUERY, name);
    const answered = ask ? performance.now() - started : undefined;
    if (path) await untilOk(new URL(path, graphql), undefined, name);
    const stored = path ? performance.now() - started : undefined;
    return { ready, answered, stored, ...(usage ?? usageOf(child.pid!)) };
  } finally {
    if (child.kill('SIGTERM')) await once(child, 'exit');
  }
}

/** The URL that it prints, as a line of our log, or sends, as the scripts of other servers do. */
function untilReady(child: ChildProcess, name: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    child.stdout!.on('data', (data: Buffer) => {
      output += data.toString();
      const line = output.split('\n').find((one) => one.includes('"msg":"ready"'));
      if (line) resolve(READY.exec(line)![1]!);
    });
    child.once('message', (message) => resolve((message as { url: string }).url));
    child.once('exit', (code) => reject(new Error(`${name} ended with ${code}: ${output}`)));
  });
}

const QUERY = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"query":"{ __typename }"}' };

async function untilOk(url: string | URL, request: RequestInit | undefined, name: string): Promise<void> {
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await wait(POLL_MS)) {
    const response = await fetch(url, request).catch(() => undefined);
    if (response?.ok) return;
  }
  throw new Error(`${name} did not answer.`);
}

const TICK_MS = 10;

function usageOf(pid: number): { cpu: number; memory: number } {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  const kilobytes = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
  return { cpu: (Number(fields[11]) + Number(fields[12])) * TICK_MS, memory: kilobytes / 1024 };
}
