import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { pino } from 'pino';
import { afterAll, describe, expect, it } from 'vitest';
import { ANONYMOUS } from '../../identity/identity.ts';
import { createHttpTransport } from './http.ts';

const cleanup = new AsyncDisposableStack();
afterAll(() => cleanup.disposeAsync());

const PATIENCE = { timeout: 20_000, interval: 20 };

/**
 * A server of others. What it is asked waits for `go`, and so does all that comes after it where it is serial. It never
 * answers `endless`.
 */
async function openServer(isSerial: boolean) {
  const go = Promise.withResolvers<void>();
  const server = { url: '', queries: 0, probes: 0, isFrozen: false, go: () => go.resolve() };
  let before = Promise.resolve();
  const http = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += String(chunk);
    });
    request.on('end', async () => {
      const isQuery = request.method === 'POST';
      if (isQuery) server.queries++;
      else server.probes++;
      const turn = before;
      if (isSerial && isQuery) before = before.then(() => go.promise);
      if (isSerial) await turn;
      if (isQuery) await go.promise;
      if (!server.isFrozen && !body.includes('endless')) answer(response, isQuery);
    });
  }).listen(0, '127.0.0.1');
  await once(http, 'listening');
  cleanup.defer(() => {
    http.closeAllConnections();
    http.close();
  });
  server.url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/graphql`;
  return server;
}

function answer(response: ServerResponse, isQuery: boolean): void {
  response.writeHead(isQuery ? 200 : 404, { 'content-type': 'application/json' }).end('{"data":{"report":"done"}}');
}

function over(urls: readonly string[], timeoutMs = 60_000, log = pino({ level: 'silent' })) {
  const transport = cleanup.use(createHttpTransport({ subgraph: 'shop', urls, log, aloneMs: 200, timeoutMs }));
  return async (query = '{ report }') =>
    (await transport.execute({ query, identity: ANONYMOUS, requestId: 'r' })).result as unknown;
}

const DONE = { data: { report: 'done' } };

describe('a server of others that does one thing after another', () => {
  it('is waited for as long as its time limit says, and is asked nothing else', async () => {
    const server = await openServer(true);
    const answered = over([server.url])();
    await wait(1_500);
    server.go();
    expect(await answered).toEqual(DONE);
    expect([server.queries, server.probes]).toEqual([1, 0]);
  });

  it('keeps its query where there are two, and is asked seldom', async () => {
    const [one, two] = await Promise.all([openServer(true), openServer(true)]);
    const answered = over([one.url, two.url])();
    await wait(2_000);
    one.go();
    two.go();
    expect(await answered).toEqual(DONE);
    expect(one.queries + two.queries).toBe(1);
    expect(one.probes + two.probes).toBeLessThanOrEqual(5);
  });
});

it('a server of others that answered beside its work and falls silent loses its query to another', async () => {
  const servers = await Promise.all([openServer(false), openServer(false)]);
  const answered = over(servers.map(({ url }) => url))();
  await expect.poll(() => servers.some(({ probes }) => probes >= 3), PATIENCE).toBe(true);
  const [first, second] = servers[0]!.queries > 0 ? servers : servers.toReversed();
  first!.isFrozen = true;
  await expect.poll(() => second!.queries, PATIENCE).toBe(1);
  second!.go();
  expect(await answered).toEqual(DONE);
});

describe('two quick servers of others', () => {
  const openQuick = async () => {
    const servers = await Promise.all([openServer(false), openServer(false)]);
    for (const server of servers) server.go();
    return servers;
  };

  it('one that falls silent costs the calls of one time limit, and comes back when it answers', async () => {
    const [frozen, other] = await openQuick();
    const ask = over([frozen!.url, other!.url], 300);
    for (let i = 0; i < 10; i++) expect(await ask()).toEqual(DONE);
    frozen!.isFrozen = true;
    let late = 0;
    for (let i = 0; i < 60; i++) {
      await ask().catch((error: unknown) => {
        expect(error).toMatchObject({ code: 'TIMEOUT' });
        late++;
      });
      await wait(20); // longer all together than a failed address rests
    }
    expect(late).toBe(1);
    frozen!.isFrozen = false;
    const before = frozen!.queries;
    const again = async () => {
      await ask();
      return frozen!.queries - before;
    };
    await expect.poll(again, PATIENCE).toBeGreaterThan(3);
  });

  it('one that answers others is not left out for an operation that takes too long', async () => {
    const servers = await openQuick();
    const told: string[] = [];
    const log = pino({ level: 'warn' }, { write: (line) => void told.push(line) });
    const ask = over(
      servers.map(({ url }) => url),
      300,
      log,
    );
    const failures = Promise.allSettled([ask('{ endless }'), ask('{ endless }'), ask('{ endless }')]);
    let isOver = false;
    void failures.then(() => {
      isOver = true;
    });
    while (!isOver) expect(await ask()).toEqual(DONE);
    for (const { status } of await failures) expect(status).toBe('rejected');
    expect(told.filter((line) => line.includes('does not answer'))).toEqual([]);
  });
});
