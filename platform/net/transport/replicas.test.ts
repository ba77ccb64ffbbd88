import { setTimeout as wait } from 'node:timers/promises';
import type { ExecutionResult } from 'graphql';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, describe, expect, it } from 'vitest';
import { unauthenticated } from '../../base/errors/errors.ts';
import { LastingRoom } from '../../base/thread/lasting-room.ts';
import { createSubgraph } from '../../host/host.ts';
import { serveSubgraph } from '../../host/server.ts';
import { hostPlatform, plainAssertions } from '../../host/testing/platform.ts';
import { library } from '../../host/testing/subgraph.ts';
import { ANONYMOUS } from '../../identity/identity.ts';
import { createHttpTransport } from './http.ts';
import { REFUSES_IDENTITY } from './identity-refused.ts';
import { SocketOperation } from './socket-operation.ts';
import { FreezablePort } from './testing/freezable-port.ts';
import type { SubgraphTransport } from './transport.ts';

const log = pino({ level: 'silent' });
const subgraph = await createSubgraph(library, hostPlatform());
const server = await serveSubgraph(subgraph, {
  config: { HOST: '127.0.0.1', SHUTDOWN_TIMEOUT_MS: 500 },
  port: 0,
  metrics: new Registry(),
  assertions: plainAssertions,
});
afterAll(() => server[Symbol.asyncDispose]());

const over = (urls: readonly string[], options: object = {}): SubgraphTransport =>
  createHttpTransport({ subgraph: 'library', urls, assertions: plainAssertions, log, ...options });

const ask = async (transport: SubgraphTransport, query: string): Promise<ExecutionResult> =>
  (await transport.execute({ query, identity: ANONYMOUS, requestId: 'r' })).result;
const greet = (transport: SubgraphTransport) => ask(transport, '{ greeting(name: "x") }');
const greeted = { data: { greeting: 'Hello x' } };
const wants = (query: string, resubscribe = false) => ({ query, identity: ANONYMOUS, requestId: 'r', resubscribe });

/** A port on which nothing listens. */
async function closedPort(): Promise<string> {
  const port = await FreezablePort.open(server.url);
  await port[Symbol.asyncDispose]();
  return port.url;
}

describe('a replica that is frozen', () => {
  it('holds no query for long, and gets none until it answers again', async () => {
    await using frozen = await FreezablePort.open(server.url);
    const lines: { address?: string; msg: string }[] = [];
    const told = pino({}, { write: (line: string) => void lines.push(JSON.parse(line) as (typeof lines)[number]) });
    const transport = over([frozen.url, server.url], { log: told });
    for (let i = 0; i < 20; i++) await greet(transport);
    expect(frozen.arrivals.length).toBeGreaterThan(0);

    frozen.freeze();
    const began = performance.now();
    for (let i = 0; i < 60; i++) expect(await greet(transport)).toEqual(greeted);
    // Those that meet it when it is left out are moved elsewhere, once. Whatever met it without the watch, or
    // afterwards, would take the 30 s of its time limit.
    expect(performance.now() - began).toBeLessThan(20_000);
    const { host } = new URL(frozen.url);
    expect(lines.filter(({ address }) => address === host).map(({ msg }) => msg)).toEqual([
      'a replica of the subgraph does not answer',
    ]);

    frozen.thaw();
    const before = frozen.arrivals.length;
    await expect
      .poll(
        async () => {
          for (let i = 0; i < 10; i++) await greet(transport);
          return frozen.arrivals.length - before;
        },
        { timeout: 15_000 },
      )
      .toBeGreaterThan(20);
    await transport[Symbol.asyncDispose]();
  });

  it('calls that are under way when it freezes are answered by another', async () => {
    await using frozen = await FreezablePort.open(server.url);
    const transport = over([frozen.url, server.url]);
    for (let i = 0; i < 20; i++) await greet(transport);
    frozen.freeze();
    const answers = await Promise.all(Array.from({ length: 40 }, () => greet(transport)));
    for (const answer of answers) expect(answer).toEqual(greeted);
    await transport[Symbol.asyncDispose]();
  });

  it('a mutation that was sent to it is not done again elsewhere', async () => {
    await using frozen = await FreezablePort.open(server.url);
    const transport = over([frozen.url, server.url], { timeoutMs: 1_000 });
    const count = async () => (await ask(transport, 'mutation { count }')).data?.['count'] as number;
    for (let i = 0; i < 20; i++) await greet(transport);
    const first = await count();
    frozen.freeze();
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, count));
    const failed = outcomes.filter(({ status }) => status === 'rejected');
    expect(failed.length).toBeGreaterThan(0);
    for (const outcome of failed)
      expect(outcome).toMatchObject({ reason: { extensions: { code: expect.stringMatching(/TIMEOUT|UNAVAILABLE/) } } });
    // Each that failed was sent once: it is done when the replica goes on, and not before.
    frozen.thaw();
    const done = outcomes.length - failed.length;
    await expect.poll(count).toBeGreaterThan(first + done);
    await transport[Symbol.asyncDispose]();
  });

  it('ends its subscriptions; those that want to go on do so at another', async () => {
    await using frozen = await FreezablePort.open(server.url);
    const transport = over([frozen.url, server.url]);
    let events = 0;
    const stops = Array.from({ length: 4 }, () =>
      transport.subscribe(wants('subscription { endless { number } }', true), {
        next: () => void events++,
        complete: () => {},
        error: () => {},
      }),
    );
    await expect.poll(() => events).toBeGreaterThan(20);
    frozen.freeze();
    // Queries find out that it is frozen.
    await Promise.all(Array.from({ length: 10 }, () => greet(transport)));
    const seen = await new Promise<number>((resolve) => setTimeout(() => resolve(events), 500));
    await expect.poll(() => events - seen).toBeGreaterThan(200);
    for (const stop of stops) stop();
    await transport[Symbol.asyncDispose]();
  });

  it('the last one that is silent may only be busy: a query waits for it', async () => {
    await using one = await FreezablePort.open(server.url);
    await using two = await FreezablePort.open(server.url);
    const lines: string[] = [];
    const told = pino({}, { write: (line: string) => void lines.push(line) });
    const transport = over([one.url, two.url], { log: told, aloneMs: 600_000, timeoutMs: 600_000 });
    for (let i = 0; i < 20; i++) await greet(transport);
    one.freeze();
    two.freeze();
    const asked = Promise.all(Array.from({ length: 20 }, () => greet(transport)));
    await expect.poll(() => lines.some((line) => line.includes('does not answer')), { timeout: 10_000 }).toBe(true);
    one.thaw();
    two.thaw();
    for (const answer of await asked) expect(answer).toEqual(greeted);
    expect(lines.some((line) => line.includes('failing fast'))).toBe(false);
    await transport[Symbol.asyncDispose]();
  });

  it('slow work is not taken for it, nor is an answer that this process reads late', async () => {
    await using one = await FreezablePort.open(server.url);
    await using two = await FreezablePort.open(server.url);
    const lines: string[] = [];
    const transport = over([one.url, two.url], {
      log: pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) }),
    });
    const leaving = new AbortController();
    const slow = transport
      .execute({ ...wants('{ slow }'), signal: leaving.signal as never })
      .catch((error: unknown) => error);
    await wait(1_500);
    const [before, between] = [one.arrivals.length, two.arrivals.length];
    await Promise.all(Array.from({ length: 60 }, () => greet(transport)));
    expect(Math.min(one.arrivals.length - before, two.arrivals.length - between)).toBeGreaterThan(5);
    // Held for longer than a probe may take, whenever one is under way.
    for (let i = 0; i < 10; i++) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
      await wait(20);
    }
    expect(lines).toEqual([]);
    leaving.abort(new Error('left'));
    expect(await slow).toMatchObject({ message: 'left' });
    await transport[Symbol.asyncDispose]();
  });
});

describe('a replica that does not believe what is signed for it', () => {
  it('is told in the log once and in /health, and what it is asked goes elsewhere until it does', async () => {
    let believes = false;
    let doubts = 0;
    await using doubting = await serveSubgraph(subgraph, {
      config: { HOST: '127.0.0.1', SHUTDOWN_TIMEOUT_MS: 500 },
      port: 0,
      metrics: new Registry(),
      assertions: {
        sign: plainAssertions.sign,
        verify: (...given) => {
          if (believes) return plainAssertions.verify(...given);
          doubts++;
          throw unauthenticated('It was signed at a time that is 600 s ahead of the clock here.');
        },
      },
    });
    const lines: { address?: string; said?: string; msg: string }[] = [];
    const told = pino({}, { write: (line: string) => void lines.push(JSON.parse(line) as (typeof lines)[number]) });
    const transport = over([doubting.url, server.url], { log: told });
    while (doubts === 0) expect(await greet(transport)).toEqual(greeted);
    for (let i = 0; i < 40; i++) expect(await greet(transport)).toEqual(greeted);
    expect(lines).toMatchObject([
      { address: new URL(doubting.url).host, said: expect.stringContaining('600 s ahead'), msg: REFUSES_IDENTITY },
    ]);
    expect(await transport.health!()).toMatchObject({
      status: 'up',
      detail: '1 of 2 replicas: refuses what is signed for it; the log has what it says',
    });
    // A mutation as well: it was refused before anything was done. A transport that does not know it yet meets it
    // first.
    const before = doubts;
    while (doubts === before) {
      await using fresh = over([doubting.url, server.url]);
      expect(await ask(fresh, 'mutation { count }')).toEqual({ data: { count: expect.any(Number) } });
    }
    believes = true;
    expect((await transport.health!()).detail).toBeUndefined();
    await transport[Symbol.asyncDispose]();
  });
});

describe('a replica that is gone', () => {
  it('a mutation that could not be sent is done at another, and so are plain routes', async () => {
    const transport = over([await closedPort(), server.url]);
    const counts = new Set<unknown>();
    for (let i = 0; i < 20; i++) counts.add((await ask(transport, 'mutation { count }')).data?.['count']);
    expect(counts.size).toBe(20);
    const other = over([await closedPort(), server.url]);
    for (let i = 0; i < 10; i++) {
      const request = new Request('http://gateway/files', { method: 'POST', body: 'x', duplex: 'half' } as RequestInit);
      expect((await other.fetch(request, ANONYMOUS)).status).toBeLessThan(500);
    }
    await transport[Symbol.asyncDispose]();
    await other[Symbol.asyncDispose]();
  });

  it('queries and mutations wait for the only process of a subgraph while it restarts', async () => {
    const url = await closedPort();
    const transport = over([url]);
    const asked = Array.from({ length: 30 }, (_, index) =>
      index % 2 ? greet(transport) : ask(transport, 'mutation { count }'),
    );
    const route = transport.fetch(new Request('http://gateway/files', { method: 'POST', body: 'x' }), ANONYMOUS);
    await wait(400);
    await using _back = await FreezablePort.open(server.url, Number(new URL(url).port));
    for (const answer of await Promise.all(asked)) expect(answer.errors).toBeUndefined();
    expect((await route).status).toBeLessThan(500);
    await transport[Symbol.asyncDispose]();
  });

  it('that comes back after a long outage is asked by the very next query, and /health says so without one', async () => {
    const url = await closedPort();
    const [transport, watched] = [over([url], { restartMs: 100 }), over([url], { restartMs: 100 })];
    // Many outages' worth of failed trials: the circuit would rest for ten seconds.
    for (const one of [transport, watched]) {
      for (let trials = 0; trials < 5; trials++) {
        await Promise.allSettled(Array.from({ length: 20 }, () => greet(one)));
        await wait(500);
      }
      expect(await one.health!()).toMatchObject({ status: 'down' });
    }
    await wait(150); // for so long it is believed that it is away
    await using _back = await FreezablePort.open(server.url, Number(new URL(url).port));
    const answers = await Promise.all(Array.from({ length: 20 }, () => greet(transport)));
    for (const answer of answers) expect(answer).toEqual(greeted);
    expect(await watched.health!()).toMatchObject({ status: 'up' });
    for (const one of [transport, watched]) await one[Symbol.asyncDispose]();
  });

  it('they wait for a bounded time, and later ones not at all', async () => {
    const transport = over([await closedPort()], { restartMs: 200 });
    const refused = { reason: { extensions: { code: 'SUBGRAPH_UNAVAILABLE' } } };
    for (const outcome of await Promise.allSettled(Array.from({ length: 20 }, () => greet(transport))))
      expect(outcome).toMatchObject(refused);
    await wait(250);
    // One may try; the others are refused without a try.
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => greet(transport)));
    for (const outcome of outcomes) expect(outcome).toMatchObject(refused);
    await transport[Symbol.asyncDispose]();
  });
});

it('subscriptions are spread over the replicas', async () => {
  const started = await Promise.all([FreezablePort.open(server.url), FreezablePort.open(server.url)]);
  const transport = over(started.map(({ url }) => url));
  let events = 0;
  const stops = Array.from({ length: 10 }, () =>
    transport.subscribe(wants('subscription { endless { number } }'), {
      next: () => void events++,
      complete: () => {},
      error: () => {},
    }),
  );
  await expect.poll(() => events).toBeGreaterThan(50);
  const [first, second] = started.map(({ received }) => received) as [number, number];
  expect(Math.min(first, second)).toBeGreaterThan(0.7 * Math.max(first, second));
  for (const stop of stops) stop();
  await transport[Symbol.asyncDispose]();
  await Promise.all(started.map((port) => port[Symbol.asyncDispose]()));
});

describe('a replica without memory for further subscriptions', () => {
  /** So few are never refused. */
  const FEW = 200;
  const SUBSCRIPTIONS = FEW + 100;
  const serve = (isFull: () => boolean) =>
    serveSubgraph(subgraph, {
      config: { HOST: '127.0.0.1', SHUTDOWN_TIMEOUT_MS: 500 },
      port: 0,
      metrics: new Registry(),
      assertions: plainAssertions,
      room: new LastingRoom({ heap: () => (isFull() ? 1 : 0), collect: () => {} }),
    });

  it('those that it refuses begin at another; where none has room the refusal is handed on', async () => {
    let areBothFull = false;
    await using full = await serve(() => true);
    await using roomy = await serve(() => areBothFull);
    const transport = over([full.url, roomy.url]);
    const begun = new Set<number>();
    const refusals: Error[] = [];
    const begin = (id: number) =>
      transport.subscribe(wants('subscription { endless { number } }'), {
        next: () => void begun.add(id),
        complete: () => {},
        error: (error) => refusals.push(error),
      });
    const stops = Array.from({ length: SUBSCRIPTIONS }, (_, id) => begin(id));
    await expect.poll(() => begun.size, { timeout: 10_000 }).toBe(SUBSCRIPTIONS);
    expect(refusals).toEqual([]);

    areBothFull = true;
    await wait(100); // until the replica looks again
    stops.push(begin(SUBSCRIPTIONS));
    await expect.poll(() => refusals.length).toBe(1);
    expect(refusals[0]).toMatchObject({ errors: [{ extensions: { code: 'SERVICE_UNAVAILABLE', retryAfter: 2 } }] });

    for (const stop of stops) stop();
    await expect.poll(() => SocketOperation.running).toBe(0);
    await transport[Symbol.asyncDispose]();
  });
});
