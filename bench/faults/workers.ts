import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { Load } from '../../tests/testing/load.ts';
import { metricOf } from '../../tests/testing/process-metrics.ts';
import { freePort, type ServingProcess, SextantProcess } from '../../tests/testing/sextant.ts';
import { TickingSubgraph } from '../../tests/testing/ticking-subgraph.ts';
import { percentile } from '../statistics.ts';

const WORKERS = 4;
const SUBSCRIPTIONS = Number(process.env['FAULTS_SUBSCRIPTIONS'] ?? 2_000);
const REQUESTS_PER_SECOND = Number(process.env['FAULTS_REQUESTS'] ?? 500);
const SUBSCRIPTIONS_EACH = 10;
/** Kept-alive connections that the requests come over. */
const LANES = 20;
const TICK_MS = 250;
const PATIENCE_MS = 90_000;
const BEFORE_MS = 2_000;

/** A client with some subscriptions on one socket, which comes back when it is closed. */
class Subscriber {
  /** When it was first closed, and when all of it went on, as performance.now(). */
  closedAt: number | undefined;
  backAt: number | undefined;
  /** Events that are missing between two of one connection. */
  gaps = 0;
  readonly problems: string[] = [];
  readonly #url: string;
  readonly #address: string;
  #numbers = new Map<string, number>();
  #socket: WebSocket | undefined;
  #isOver = false;

  constructor(url: string, address: string) {
    this.#url = url;
    this.#address = address;
    this.#connect();
  }

  get isFollowing(): boolean {
    return this.#numbers.size === SUBSCRIPTIONS_EACH;
  }

  #connect(): void {
    if (this.#isOver) return;
    const headers = { 'x-forwarded-for': this.#address };
    const socket = new WebSocket(this.#url, 'graphql-transport-ws', { headers, perMessageDeflate: false });
    this.#socket = socket;
    const send = (message: object): void => socket.send(JSON.stringify(message));
    socket.on('open', () => send({ type: 'connection_init' }));
    socket.on('message', (data: Buffer) => this.#hear(data.toString(), send));
    socket.on('error', () => {});
    socket.on('close', () => {
      if (this.#isOver) return;
      this.closedAt ??= performance.now();
      this.#numbers = new Map();
      setTimeout(() => this.#connect(), 100 + Math.random() * 100);
    });
  }

  #hear(text: string, send: (message: object) => void): void {
    const message = JSON.parse(text) as { type: string; id: string; payload: { data?: { ticks: { number: number } } } };
    if (message.type === 'ping') {
      send({ type: 'pong' });
      return;
    }
    if (message.type === 'connection_ack') {
      for (let i = 0; i < SUBSCRIPTIONS_EACH; i++) {
        const query = `subscription { ticks(size: ${i}) { number } }`;
        send({ type: 'subscribe', id: String(i), payload: { query } });
      }
      return;
    }
    const number = message.type === 'next' ? message.payload.data?.ticks.number : undefined;
    if (number === undefined) {
      this.problems.push(text);
      return;
    }
    const last = this.#numbers.get(message.id);
    if (last !== undefined && number !== last + 1) this.gaps++;
    this.#numbers.set(message.id, number);
    if (this.closedAt !== undefined && this.isFollowing) this.backAt ??= performance.now();
  }

  close(): void {
    this.#isOver = true;
    this.#socket?.terminate();
  }
}

interface Workers {
  readonly gateway: ServingProcess;
  /** Process ids of workers that have served, oldest first. */
  pids(): readonly number[];
}

interface WorkerFault {
  readonly name: string;
  /** Makes it go wrong; resolves when the workers are as many as before. */
  happen(workers: Workers): Promise<void>;
  /** How many of the clients at most are touched. */
  readonly touches: number;
  /** How long a client may be without its subscriptions, in milliseconds. */
  readonly maxBackMs: number;
  /** Requests that may be lost: those that a dead worker had taken. */
  readonly mayFail: number;
}

async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not within ${PATIENCE_MS} ms: ${what}`);
    await sleep(50);
  }
}

const ended = ({ gateway }: Workers, reason: string): Promise<number> =>
  metricOf(gateway.url, 'sextant_workers_ended_total', { reason }).catch(() => 0);

async function whole(workers: Workers): Promise<void> {
  const serving = (): Promise<number> => metricOf(workers.gateway.url, 'sextant_workers').catch(() => 0);
  await until(async () => (await serving()) === WORKERS, `${WORKERS} workers serve`);
}

/** Signals one worker, and waits until it is counted as ended for a reason and another one is there. */
async function signal(workers: Workers, pid: number, name: NodeJS.Signals, reason: string): Promise<void> {
  const before = await ended(workers, reason);
  process.kill(pid, name);
  await until(async () => (await ended(workers, reason)) > before, `a worker is counted as ${reason}`);
  await whole(workers);
}

/** What goes wrong with one of several workers of a gateway. */
export const WORKER_FAULTS: readonly WorkerFault[] = [
  {
    name: 'worker-killed',
    touches: 1 / 2,
    maxBackMs: 2_000,
    mayFail: LANES / 2,
    happen: (workers) => signal(workers, workers.pids().at(-1)!, 'SIGKILL', 'died'),
  },
  {
    // A loop that never comes to an end looks the same from outside.
    name: 'worker-frozen',
    touches: 1 / 2,
    maxBackMs: 2_000,
    mayFail: LANES / 2,
    happen: (workers) => signal(workers, workers.pids().at(-1)!, 'SIGSTOP', 'hung'),
  },
  {
    name: 'worker-killed-while-replaced',
    touches: 1,
    // It may come to one that is replaced next.
    maxBackMs: 5_000,
    mayFail: LANES / 2,
    async happen(workers) {
      const served = workers.pids().length;
      process.kill(workers.gateway.pid, 'SIGHUP');
      await until(() => workers.pids().length > served, 'the first new worker serves');
      await signal(workers, workers.pids().at(served)!, 'SIGKILL', 'died');
      const said = (): boolean => workers.gateway.output.some((line) => line.includes('"all workers are replaced"'));
      await until(said, 'all workers are replaced');
      await whole(workers);
    },
  },
];

/**
 * Tries one fault of a worker beside 2,000 subscriptions (FAULTS_SUBSCRIPTIONS) and 500 requests a second
 * (FAULTS_REQUESTS), and prints its line.
 *
 * @returns whether the other workers' clients noticed nothing, and its own were back within two seconds.
 */
export async function tryWorkerFault(fault: WorkerFault): Promise<boolean> {
  await using subgraph = await TickingSubgraph.start(TICK_MS);
  const gateway = await SextantProcess.start(['gateway', '--supergraph', subgraph.supergraph], {
    PORT: String(await freePort()),
    WORKERS: String(WORKERS),
    RATE_LIMIT_ADDRESS: '0',
    TRUSTED_PROXIES: '1',
  });
  const pids = (): number[] =>
    gateway.output
      .filter((line) => line.includes('"a worker is ready"'))
      .map((line) => Number((JSON.parse(line) as { instance: string }).instance.split(':').at(-1)));
  const agent = new Agent({ keepAlive: true, maxSockets: LANES });
  const url = `${gateway.url.replace('http', 'ws')}/graphql`;
  const all = Array.from({ length: Math.ceil(SUBSCRIPTIONS / SUBSCRIPTIONS_EACH) }, (_, i) => {
    return new Subscriber(url, `10.1.${i >> 8}.${i & 255}`);
  });
  try {
    await until(() => all.every(({ isFollowing }) => isFollowing), 'all subscriptions have an event');
    const load = new Load(REQUESTS_PER_SECOND, () => ask(gateway.url, agent));
    await sleep(BEFORE_MS);
    await fault.happen({ gateway, pids });
    await until(() => all.every(({ isFollowing }) => isFollowing), 'all subscriptions go on');
    const outcomes = await load.stop();
    const failed = outcomes.filter(({ answer }) => answer !== 200);
    const own = all.filter(({ closedAt }) => closedAt !== undefined);
    const back = Math.max(0, ...own.map(({ closedAt, backAt }) => (backAt ?? Number.POSITIVE_INFINITY) - closedAt!));
    const disturbed = all.filter(({ gaps, problems }) => gaps > 0 || problems.length > 0).length;
    const passes =
      own.length > 0 &&
      own.length <= all.length * fault.touches &&
      back <= fault.maxBackMs &&
      disturbed === 0 &&
      failed.length <= fault.mayFail;
    const p95 = percentile(
      outcomes.map(({ ms }) => ms),
      0.95,
    );
    console.log(
      `FAULT ${fault.name} requests=${outcomes.length} failed=${failed.length} p95_ms=${p95.toFixed(0)} ` +
        `back_ms=${back.toFixed(0)} clients=${all.length} closed=${own.length} disturbed=${disturbed} ` +
        `subscriptions=${all.length * SUBSCRIPTIONS_EACH} ${passes ? 'pass' : 'fail'}`,
    );
    if (!passes)
      for (const problem of new Set([...failed.map(({ answer, error }) => String(error ?? answer))]))
        console.log(`  ${problem}`);
    return passes;
  } finally {
    for (const one of all) one.close();
    agent.destroy();
    await gateway.stop();
  }
}

/** Resolves to the status of one request. */
function ask(url: string, agent: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    const sent = request(`${url}/graphql`, { method: 'POST', agent, headers }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode!));
      answer.on('error', reject);
    });
    sent.on('error', reject);
    sent.end('{"query":"{ __typename }"}');
  });
}
