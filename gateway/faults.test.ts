import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createClient } from 'graphql-ws';
import { afterAll, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { plainAssertions } from '#platform/host/testing/platform.ts';
import type { SubgraphTransport } from '#platform/net/transport/transport.ts';
import { composeSdl } from './execution/testing/fleet.ts';
import { librarySubgraphSdl, startTestGateway } from './testing/test-gateway.ts';

const script = new URL('../platform/host/testing/serve.ts', import.meta.url).pathname;
let child: ChildProcess;
async function startLibrary(port = 0): Promise<number> {
  child = fork(script, [String(port)], { stdio: 'ignore' });
  const [message] = (await once(child, 'message')) as [{ port: number }];
  return message.port;
}
const port = await startLibrary();

/** A subgraph of this process, which nothing happens to. */
const steady: SubgraphTransport = {
  subgraph: 'steady',
  execute: async () => ({ result: { data: { steady: 'here' } } }),
  subscribe: () => () => undefined,
  fetch: async () => new Response(),
  health: async () => ({ status: 'up' }),
  [Symbol.asyncDispose]: async () => undefined,
};
const sdl = composeSdl({ library: librarySubgraphSdl, steady: 'type Query { steady: String }' }).replace(
  'http://library.test',
  `http://127.0.0.1:${port}/graphql`,
);
const gateway = await startTestGateway(
  { SUBGRAPH_TIMEOUT_MS: '400', RATE_LIMIT_ADDRESS: '0' },
  { supergraph: { sdl }, transports: new Map([['steady', steady]]), assertions: plainAssertions },
);
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  child.kill('SIGKILL');
});

interface Outcome {
  readonly data: { steady?: string; book?: object | null };
  readonly code: string | undefined;
}

async function ask(): Promise<Outcome> {
  const response = await fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: `{ steady book(id: ${Math.ceil(Math.random() * 1e9)}) { title } }` }),
  });
  const body = (await response.json()) as { data: Outcome['data']; errors?: { extensions: { code: string } }[] };
  return { data: body.data, code: body.errors?.[0]?.extensions.code };
}

/** Fifty requests a second while something happens. */
async function underLoad(happening: (answers: readonly Promise<Outcome>[]) => Promise<void>): Promise<Outcome[]> {
  const answers: Promise<Outcome>[] = [];
  const timer = setInterval(() => answers.push(ask()), 20);
  await happening(answers);
  clearInterval(timer);
  return await Promise.all(answers);
}

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const alive = () => expect.poll(async () => (await ask()).code, { timeout: 15_000, interval: 200 }).toBeUndefined();

it('a subgraph that is paused costs its own fields, with a code and in time; the others are answered', async () => {
  await alive();
  const outcomes = await underLoad(async (answers) => {
    await wait(300);
    child.kill('SIGSTOP');
    await wait(2_000);
    // What waits for the subgraph itself would never end: it goes on when all that were asked so far are answered.
    await Promise.all(answers);
    child.kill('SIGCONT');
  });
  expect(outcomes.every(({ data }) => data.steady === 'here')).toBe(true);
  const failed = outcomes.filter(({ code }) => code !== undefined);
  expect(failed.length).toBeGreaterThan(10);
  // The first of them end by their own limit, before the watch over the subgraph says that it is away.
  expect(failed[0]!.code).toBe('TIMEOUT');
  for (const { data, code } of failed) {
    expect(data.book).toBeNull();
    expect(['TIMEOUT', 'SUBGRAPH_UNAVAILABLE']).toContain(code);
  }
  await alive();
});

it('a subgraph that is killed and started again: fields are back, subscriptions are told and resume', async () => {
  const events: number[] = [];
  let told: readonly { extensions?: { code?: unknown } }[] = [];
  const client = createClient({ url: `${gateway.url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket });
  const follow = (after: number) =>
    new Promise<void>((resolve) => {
      client.subscribe<{ flood: { firstSeq: number; lastSeq: number } }>(
        {
          query: 'subscription($after: Int!) { flood(size: 10, after: $after) { text firstSeq lastSeq } }',
          variables: { after },
        },
        {
          next: ({ data }) => {
            const { firstSeq, lastSeq } = data!.flood;
            // No gap and no repetition, also over the restart.
            expect(firstSeq).toBe((events.at(-1) ?? 0) + 1);
            events.push(lastSeq);
          },
          error: (errors) => {
            told = errors as typeof told;
            resolve();
          },
          complete: resolve,
        },
      );
    });
  const first = follow(0);
  await expect.poll(() => events.length).toBeGreaterThan(5);
  const outcomes = await underLoad(async () => {
    child.kill('SIGKILL');
    await first;
    await wait(500);
    await startLibrary(port);
  });
  expect(told[0]?.extensions?.code).toBe('SUBGRAPH_UNAVAILABLE');
  expect(outcomes.every(({ data }) => data.steady === 'here')).toBe(true);
  await alive();
  const seen = events.length;
  void follow(events.at(-1)!);
  await expect.poll(() => events.length).toBeGreaterThan(seen + 5);
  await client.dispose();
});
