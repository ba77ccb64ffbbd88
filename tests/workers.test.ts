import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { metricOf } from './testing/process-metrics.ts';
import { freePort, type ServingProcess, SextantProcess } from './testing/sextant.ts';
import { TickingSubgraph } from './testing/ticking-subgraph.ts';

const WORKERS = 4;
const SOCKETS = 24;
const SUBSCRIPTIONS_EACH = 8;
const LANES = 8;
/** The start of a process while all others are busy, on a machine that is busy itself. */
const START_MS = 60_000;
const PER_MINUTE = 60;

let subgraph: TickingSubgraph;
let gateway: ServingProcess;
beforeAll(async () => {
  subgraph = await TickingSubgraph.start();
  gateway = await SextantProcess.start(['gateway', '--supergraph', subgraph.supergraph], {
    PORT: String(await freePort()),
    WORKERS: String(WORKERS),
    RATE_LIMIT_ADDRESS: String(PER_MINUTE),
    TRUSTED_PROXIES: '1', // so that each test has addresses of its own
  });
}, 60_000);
afterAll(async () => {
  await gateway.stop();
  await subgraph[Symbol.asyncDispose]();
});

/** Process ids of all workers that have ever served. */
const pids = (): number[] =>
  gateway.output
    .filter((line) => line.includes('"a worker is ready"'))
    .map((line) => Number((JSON.parse(line) as { instance: string }).instance.split(':').at(-1)));

const workers = (): Promise<number> => metricOf(gateway.url, 'sextant_workers');

/** One request on a connection of its own, or of an agent. */
function ask(params: object, address: string, agent?: Agent): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'x-forwarded-for': address };
    const sent = request(`${gateway.url}/graphql`, { method: 'POST', agent: agent ?? false, headers }, (answer) => {
      let body = '';
      answer.on('data', (piece: Buffer) => {
        body += piece.toString();
      });
      answer.on('end', () => resolve({ status: answer.statusCode!, body }));
      answer.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(JSON.stringify(params));
  });
}

/** Clients that ask without a pause, each on a kept-alive connection, until they are told to stop. */
function load(network: number) {
  let isOver = false;
  const lanes = Array.from({ length: LANES }, () => ({ answered: 0, failures: [] as unknown[] }));
  const running = lanes.map(async (lane, index) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let i = 0; !isOver; i++) {
      // No address asks more than it may.
      const address = `10.${network}.${index}.${i % 250}`;
      try {
        const { status } = await ask({ query: '{ __typename }' }, address, agent);
        if (status === 200) lane.answered++;
        else lane.failures.push(status);
      } catch (error) {
        lane.failures.push(error);
      }
      await sleep(20);
    }
    agent.destroy();
  });
  return {
    lanes,
    async stop() {
      isOver = true;
      await Promise.all(running);
    },
  };
}

interface Follower {
  readonly client: Client;
  readonly numbers: number[][];
  closes: number;
  readonly problems: unknown[];
}

/** A client with some subscriptions on one socket, which comes back by itself. */
function follow(network: number, index: number): Follower {
  class FromAddress extends WebSocket {
    constructor(url: string, protocols: string) {
      super(url, protocols, { headers: { 'x-forwarded-for': `10.${network}.${index}.1` } });
    }
  }
  const client = createClient({
    url: `${gateway.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: FromAddress,
    lazy: false,
    retryAttempts: 50,
    shouldRetry: () => true,
    retryWait: () => sleep(100 + Math.random() * 100),
    on: {
      closed: () => {
        follower.closes++;
      },
    },
  });
  const follower: Follower = { client, numbers: [], closes: 0, problems: [] };
  for (let i = 0; i < SUBSCRIPTIONS_EACH; i++) {
    const numbers: number[] = [];
    follower.numbers.push(numbers);
    client.subscribe<{ ticks: { number: number } }>(
      { query: `subscription { ticks(size: ${i}) { number } }` },
      {
        next: ({ data }) => numbers.push(data!.ticks.number),
        error: (error) => follower.problems.push(error),
        complete: () => {},
      },
    );
  }
  return follower;
}

const isConsecutive = (numbers: readonly number[]): boolean =>
  numbers.every((number, i) => i === 0 || number === numbers[i - 1]! + 1);

async function withFollowers(network: number, run: (followers: readonly Follower[]) => Promise<void>): Promise<void> {
  const followers = Array.from({ length: SOCKETS }, (_, index) => follow(network, index));
  const all = followers.flatMap(({ numbers }) => numbers);
  await expect.poll(() => all.every((numbers) => numbers.length > 0), { timeout: 20_000 }).toBe(true);
  await run(followers);
  await Promise.all(followers.map(({ client }) => client.dispose()));
}

/** Resolves when each subscription has had an event since. */
async function allGoOn(followers: readonly Follower[]): Promise<void> {
  const all = followers.flatMap(({ numbers }) => numbers);
  const seen = all.map((numbers) => numbers.length);
  await expect.poll(() => all.filter((numbers, i) => numbers.length === seen[i]).length, { timeout: 20_000 }).toBe(0);
}

describe(`${WORKERS} workers behind one port`, () => {
  it('count and keep together what one process has in its memory', async () => {
    const query = '{ __typename }';
    const persistedQuery = { version: 1, sha256Hash: createHash('sha256').update(query).digest('hex') };
    expect((await ask({ query, extensions: { persistedQuery } }, '10.1.0.1')).status).toBe(200);
    for (let i = 0; i < 2 * WORKERS; i++) {
      expect((await ask({ extensions: { persistedQuery } }, '10.1.0.2')).body).toContain('{"__typename":"Query"}');
    }
    // A new window may begin among them. Counted by each worker it would be twice as many still.
    const answers = await Promise.all(Array.from({ length: 5 * PER_MINUTE }, () => ask({ query }, '10.1.0.3')));
    const answered = answers.filter(({ status }) => status === 200).length;
    expect(answered).toBeGreaterThanOrEqual(PER_MINUTE / 2);
    expect(answered).toBeLessThanOrEqual(2 * PER_MINUTE);
  }, 60_000);

  it('have one page of metrics, and one word on their health', async () => {
    const name = 'sextant_gateway_operation_duration_seconds_count';
    const before = await metricOf(gateway.url, name);
    for (let i = 0; i < 10; i++) await ask({ query: '{ __typename }' }, '10.2.0.1');
    for (let i = 0; i < WORKERS; i++) expect(await metricOf(gateway.url, name)).toBe(before + 10);
    const health = await (await fetch(`${gateway.url}/health`)).json();
    expect(health.checks.workers).toEqual({ status: 'up', detail: '4 of 4 serve' });
  });

  it('lose one to kill -9: clients of the others notice nothing, its own are back, and another takes its place', async () => {
    await withFollowers(3, async (followers) => {
      const requests = load(3);
      await expect.poll(() => requests.lanes.every(({ answered }) => answered > 5), { timeout: 15_000 }).toBe(true);
      const total = 'sextant_gateway_operation_duration_seconds_count';
      const counted = await metricOf(gateway.url, total);

      process.kill(pids().at(-1)!, 'SIGKILL');
      await expect.poll(() => followers.filter(({ closes }) => closes > 0).length).toBeGreaterThan(0);
      await allGoOn(followers);
      await expect.poll(workers, { timeout: START_MS }).toBe(WORKERS);
      await requests.stop();

      const others = followers.filter(({ closes }) => closes === 0);
      expect(others.length).toBeGreaterThanOrEqual(SOCKETS / 2);
      expect(others.flatMap(({ numbers }) => numbers).every(isConsecutive)).toBe(true);
      expect(followers.flatMap(({ problems }) => problems)).toEqual([]);
      // What was on its way to that worker alone is lost.
      const hit = requests.lanes.filter(({ failures }) => failures.length > 0);
      expect(hit.length).toBeLessThanOrEqual(LANES / 2);
      expect(hit.every(({ failures }) => failures.length === 1)).toBe(true);
      expect(await metricOf(gateway.url, 'sextant_workers_ended_total', { reason: 'died' })).toBe(1);
      expect(await metricOf(gateway.url, total)).toBeGreaterThanOrEqual(counted);
    });
  }, 180_000);

  it('are replaced one by one at SIGHUP without a failed request; subscribers are back', async () => {
    await expect.poll(workers, { timeout: START_MS }).toBe(WORKERS);
    const earlier = pids();
    await withFollowers(4, async (followers) => {
      const requests = load(4);
      process.kill(gateway.pid, 'SIGHUP');
      await expect.poll(() => gateway.output.join(), { timeout: 2 * START_MS }).toContain('all workers are replaced');
      await allGoOn(followers);
      await requests.stop();
      expect(requests.lanes.flatMap(({ failures }) => failures)).toEqual([]);
      expect(followers.flatMap(({ problems }) => problems)).toEqual([]);
    });
    expect(pids().length).toBe(earlier.length + WORKERS);
    expect(await workers()).toBe(WORKERS);
    expect(await metricOf(gateway.url, 'sextant_workers_ended_total', { reason: 'replaced' })).toBe(WORKERS);
  }, 180_000);

  it('stay where the ones that should replace them do not start', async () => {
    const good = await readFile(subgraph.supergraph, 'utf8');
    await writeFile(subgraph.supergraph, 'subgraphs: {');
    process.kill(gateway.pid, 'SIGHUP');
    await expect.poll(() => gateway.output.join(), { timeout: START_MS }).toContain('a new worker does not start');
    await writeFile(subgraph.supergraph, good);
    expect(await workers()).toBe(WORKERS);
    expect((await ask({ query: '{ __typename }' }, '10.5.0.1')).status).toBe(200);
  }, 60_000);
});
