import { createServer } from 'node:http';
import { createServer as createTcpServer, type Socket } from 'node:net';
import type { ExecutionResult } from 'graphql';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, describe, expect, it } from 'vitest';
import { Cancellation } from '../../base/cancellation/cancellation.ts';
import { CodedError, unauthenticated } from '../../base/errors/errors.ts';
import { createSubgraph } from '../../host/host.ts';
import { serveSubgraph } from '../../host/server.ts';
import { hostPlatform, plainAssertions, user } from '../../host/testing/platform.ts';
import { library, observed } from '../../host/testing/subgraph.ts';
import { ANONYMOUS, type Identity } from '../../identity/identity.ts';
import { createHttpTransport } from './http.ts';
import type { SubgraphTransport } from './transport.ts';

const log = pino({ level: 'silent' });
const subgraph = await createSubgraph(library, hostPlatform());
const config = { HOST: '127.0.0.1', SHUTDOWN_TIMEOUT_MS: 500 };
const serve = (port = 0) =>
  serveSubgraph(subgraph, { config, port, metrics: new Registry(), assertions: plainAssertions });
const server = await serve();
const overHttp = (urls: readonly string[], options: object = {}) =>
  createHttpTransport({ subgraph: 'library', urls, assertions: plainAssertions, log, ...options });
const remote = overHttp([server.url]);

afterAll(async () => {
  await remote[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const ask = async (transport: SubgraphTransport, query: string, identity: Identity = ANONYMOUS, signal?: AbortSignal) =>
  JSON.parse(
    JSON.stringify((await transport.execute({ query, identity, requestId: 'r1', signal })).result),
  ) as ExecutionResult;

const follow = (transport: SubgraphTransport, query: string, identity: Identity = ANONYMOUS, resubscribe = false) => {
  const events: ExecutionResult[] = [];
  const done = Promise.withResolvers<'complete' | Error>();
  const stop = transport.subscribe(
    { query, identity, requestId: 'r1', resubscribe },
    {
      next: (event) => void events.push(JSON.parse(JSON.stringify(event))),
      complete: () => done.resolve('complete'),
      error: (error) => done.resolve(error),
    },
  );
  return { events, done: done.promise, stop };
};

describe.each([
  ['in one process', subgraph.transport],
  ['over HTTP and graphql-ws', remote],
])('a transport %s', (_, transport) => {
  it('carries data, errors with codes, and the identity', async () => {
    const answer = await ask(transport, '{ greeting(name: "Ö") mine fails(how: "expected") }', user());
    expect(answer).toMatchObject({
      data: { greeting: 'Hello Ö', mine: 'user', fails: null },
      errors: [{ message: 'The book was not found.', path: ['fails'], extensions: { code: 'NOT_FOUND' } }],
    });
  });

  it('carries subscriptions of several identities, each refused or served on its own', async () => {
    const refused = follow(transport, 'subscription { adminTicks { number } }', user());
    const served = follow(transport, 'subscription { adminTicks { number } }', user(['admin']));
    expect(await refused.done).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] });
    expect(await served.done).toBe('complete');
    expect(refused.events).toEqual([]);
    expect(served.events).toEqual([{ data: { adminTicks: { number: 1 } } }]);
  });

  it('closes the source when the subscriber leaves', async () => {
    const { events, stop } = follow(transport, 'subscription { endless { number } }');
    await expect.poll(() => events.length).toBeGreaterThan(1);
    stop();
    await expect.poll(() => observed.streams).toBe(0);
  });

  it('ends the work when the caller leaves', async () => {
    const before = observed.aborted;
    const aborter = new AbortController();
    const answer = ask(transport, '{ slow }', ANONYMOUS, aborter.signal);
    setTimeout(() => aborter.abort(), 30);
    await expect(answer).rejects.toThrow();
    await expect.poll(() => observed.aborted).toBe(before + 1);
  });

  it('carries the plain routes', async () => {
    const answer = await transport.fetch(new Request('http://gateway/files/a.txt'), user());
    expect(await answer.json()).toEqual({ name: 'a.txt', who: 'user' });
    const upload = await transport.fetch(
      new Request('http://gateway/files', { method: 'POST', body: 'x'.repeat(100_000) }),
      user(),
    );
    expect([upload.status, await upload.text()]).toEqual([201, 'got 100000']);
    expect(await transport.health()).toMatchObject({ status: 'up' });
  });
});

it('a subscription that is larger than a subgraph takes ends alone, and is told the limit', async () => {
  const other = follow(remote, 'subscription { endless { number } }');
  await expect.poll(() => other.events.length).toBeGreaterThan(1);
  for (const text of ['é'.repeat(9_000_000), 'x'.repeat(17_000_000)]) {
    const large = follow(remote, `subscription { endless { number } } #${text}`);
    expect(await large.done).toMatchObject({
      code: 'PAYLOAD_TOO_LARGE',
      message: expect.stringContaining('16777216 bytes'),
    });
  }
  const seen = other.events.length;
  await expect.poll(() => other.events.length).toBeGreaterThan(seen + 1);
  other.stop();
  await expect.poll(() => observed.streams).toBe(0);
});

describe('the port of a subgraph', () => {
  const post = (headers: Record<string, string>, path = '/graphql') =>
    fetch(new URL(path, server.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query: '{ greeting(name: "x") }' }),
    });

  it('gives nothing without an asserted identity, on no path and by no transport', async () => {
    for (const path of ['/graphql', '/routes/files', '/files']) {
      const answer = await post({}, path);
      expect([answer.status, (await answer.json()).errors[0].extensions.code]).toEqual([401, 'UNAUTHENTICATED']);
    }
    const stranger = overHttp([server.url], { assertions: undefined });
    const { events, done } = follow(stranger, 'subscription { ticks(count: 1) { number } }');
    expect(await done).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
    expect(events).toEqual([]);
    await stranger[Symbol.asyncDispose]();
  });

  it('refuses an assertion that is meant for another subgraph', async () => {
    const assertion = await plainAssertions.sign(user(), 'auth/graphql');
    expect((await post({ 'x-sextant-identity': assertion })).status).toBe(401);
  });

  it('gets no header that a client has hidden in another', async () => {
    const request = { query: '{ greeting(name: "x") }', identity: ANONYMOUS, requestId: 'r1' };
    for (const value of ['a\r\nx-sextant-identity: forged', 'a\nb', 'a\0b', 'ſ']) {
      await expect(remote.execute({ ...request, headers: { authorization: value } })).rejects.toMatchObject({
        extensions: { code: 'BAD_USER_INPUT', argument: 'authorization' },
      });
    }
    // What only the gateway says is not overwritten by what a client says.
    const forged = { 'x-sextant-identity': 'forged', 'content-length': '1', host: 'elsewhere', connection: 'close' };
    expect((await remote.execute({ ...request, headers: forged })).result.errors).toBeUndefined();
  });

  it('answers health, readiness and metrics to anybody', async () => {
    const health = await (await fetch(new URL('/health', server.url))).json();
    expect(health).toMatchObject({
      status: 'healthy',
      service: 'library',
      dependencies: { shelves: true },
      checks: { shelves: { status: 'up' } },
      timestamp: expect.any(Number),
    });
    expect((await fetch(new URL('/ready', server.url))).status).toBe(200);
    expect(await (await fetch(new URL('/metrics', server.url))).text()).toContain(
      'sextant_subgraph_operation_duration',
    );
  });
});

describe('what is forwarded to plain routes', () => {
  const to = (path: string, method = 'GET', identity: Identity = ANONYMOUS) =>
    remote.fetch(new Request(`http://gateway${path}`, { method, ...(method === 'POST' && { body: '{}' }) }), identity);

  it('reaches what the subgraph has declared as a route, and no operation, health or metrics', async () => {
    expect((await to('/files/a')).status).toBe(200);
    for (const path of ['/graphql', '/health', '/ready', '/metrics', '//graphql', '/../graphql', '/%2e%2e/metrics']) {
      for (const method of ['GET', 'POST']) expect([path, (await to(path, method)).status]).toEqual([path, 404]);
    }
    for (const path of ['/files/..%2Fgraphql', '/files/%2e%2e', '/files/a%5Cb', '/files/a%00', '/files/%']) {
      expect([path, (await to(path)).status]).toEqual([path, 404]);
    }
  });

  it('carries an assertion that opens no operation', async () => {
    const assertion = await plainAssertions.sign(user(), 'library/routes');
    const answer = await fetch(server.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-sextant-identity': assertion },
      body: JSON.stringify({ query: '{ mine }' }),
    });
    expect(answer.status).toBe(401);
  });

  it('never goes to a subgraph that is not ours', async () => {
    let asked = 0;
    const foreign = createServer((_, response) => {
      asked++;
      response.end('{}');
    });
    await new Promise<void>((resolve) => foreign.listen(0, '127.0.0.1', resolve));
    const { port } = foreign.address() as { port: number };
    const transport = overHttp([`http://127.0.0.1:${port}/graphql`], { assertions: undefined });
    expect((await transport.fetch(new Request('http://gateway/graphql'), ANONYMOUS)).status).toBe(404);
    expect(asked).toBe(0);
    await transport[Symbol.asyncDispose]();
    foreign.close();
  });

  it.each([
    ['in one process', subgraph.transport],
    ['over HTTP', remote],
  ])('has a body no larger than the route takes, %s', async (_, transport) => {
    const send = (body: BodyInit) =>
      transport.fetch(
        new Request('http://gateway/files', { method: 'POST', body, duplex: 'half' } as RequestInit),
        user(),
      );
    expect((await send('x'.repeat(200_001))).status).toBe(413);
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(65_536)),
    });
    expect((await send(endless)).status).toBe(413);
  });
});

describe('a subgraph that fails', () => {
  it('a query is tried on another URL, a mutation is not repeated', async () => {
    let hits = 0;
    const broken = createTcpServer((socket) => {
      // On a busy machine it is asked whether it lives as well.
      socket.on('data', (bytes) => {
        if (bytes.includes('mutation')) hits++;
        socket.destroy();
      });
      socket.on('error', () => {});
    });
    await new Promise<void>((resolve) => broken.listen(0, '127.0.0.1', resolve));
    const { port } = broken.address() as { port: number };
    const alone = overHttp([`http://127.0.0.1:${port}/graphql`]);
    await expect(ask(alone, 'mutation { count }')).rejects.toMatchObject({
      extensions: { code: 'SUBGRAPH_UNAVAILABLE' },
    });
    expect(hits).toBe(1);
    const both = overHttp([`http://127.0.0.1:${port}/graphql`, server.url]);
    for (let call = 0; call < 20; call++) expect((await ask(both, '{ greeting(name: "x") }')).errors).toBeUndefined();
    await alone[Symbol.asyncDispose]();
    await both[Symbol.asyncDispose]();
    broken.close();
  });

  it('a subgraph that hangs is given up after the time limit, and then fast', async () => {
    const sockets = new Set<Socket>();
    const silent = createTcpServer((socket) => void sockets.add(socket));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as { port: number };
    const transport = overHttp([`http://127.0.0.1:${port}/graphql`], { timeoutMs: 100 });
    const calls = Array.from({ length: 30 }, () => ask(transport, '{ greeting(name: "x") }').catch((error) => error));
    expect((await calls[0])!.extensions.code).toBe('TIMEOUT');
    await Promise.all(calls);
    // Not TIMEOUT: the subgraph was not asked.
    await expect(ask(transport, '{ greeting(name: "x") }')).rejects.toMatchObject({
      extensions: { code: 'SUBGRAPH_UNAVAILABLE' },
    });
    await transport[Symbol.asyncDispose]();
    for (const socket of sockets) socket.destroy();
    silent.close();
  });

  it('callers who leave are not a reason to think that it is away', async () => {
    const transport = overHttp([server.url]);
    const leave = async (): Promise<void> => {
      const leaving = new Cancellation();
      const request = { query: '{ slow }', identity: ANONYMOUS, requestId: 'r1', signal: leaving };
      const answer = expect(transport.execute(request)).rejects.toThrow('left');
      leaving.abort(new CodedError('TIMEOUT', 'The client has left.'));
      await answer;
    };
    await Promise.all(Array.from({ length: 50 }, leave));
    expect((await ask(transport, '{ greeting(name: "x") }')).errors).toBeUndefined();
    await transport[Symbol.asyncDispose]();
  });

  it('an answer that is not GraphQL, or larger than allowed, is SUBGRAPH_UNAVAILABLE', async () => {
    const small = overHttp([server.url], { maxBytes: 20 });
    await expect(ask(small, '{ greeting(name: "a long enough name") }')).rejects.toMatchObject({
      extensions: { code: 'SUBGRAPH_UNAVAILABLE' },
    });
    await small[Symbol.asyncDispose]();
  });

  it('a restart ends its subscriptions with an error, reopens those that asked for it, and new ones work', async () => {
    const first = await serve();
    const transport = overHttp([first.url]);
    const plain = follow(transport, 'subscription { endless { number } }');
    const lasting = follow(transport, 'subscription { endless { number } }', ANONYMOUS, true);
    await expect.poll(() => Math.min(plain.events.length, lasting.events.length)).toBeGreaterThan(2);
    await first[Symbol.asyncDispose]();
    expect(await plain.done).toMatchObject({ extensions: { code: 'RESUBSCRIBE' } });
    const second = await serve(first.port);
    const seen = lasting.events.length;
    await expect.poll(() => lasting.events.length, { timeout: 5000 }).toBeGreaterThan(seen + 2);
    const again = follow(transport, 'subscription { ticks(count: 2) { number } }');
    expect(await again.done).toBe('complete');
    expect(again.events).toHaveLength(2);
    lasting.stop();
    await transport[Symbol.asyncDispose]();
    await second[Symbol.asyncDispose]();
  });
});

it('a subgraph that refuses what is signed for it is down, and says why, until it believes it again', async () => {
  let believes = false;
  await using doubting = await serveSubgraph(subgraph, {
    config,
    port: 0,
    metrics: new Registry(),
    assertions: {
      sign: plainAssertions.sign,
      verify: (...given) => {
        if (!believes) throw unauthenticated('It was signed at a time that is 600 s ahead of the clock here.');
        return plainAssertions.verify(...given);
      },
    },
  });
  const transport = overHttp([doubting.url]);
  expect(await transport.health!()).toMatchObject({ status: 'up' });
  await expect(ask(transport, '{ mine }', user())).rejects.toMatchObject({
    extensions: { code: 'SUBGRAPH_UNAVAILABLE' },
  });
  const { status, detail } = await transport.health!();
  expect(status).toBe('down');
  // For anybody to read: what it says itself is in the log.
  expect(detail).toBe('refuses what is signed for it; the log has what it says');
  believes = true;
  expect(await transport.health!()).toMatchObject({ status: 'up' });
  await transport[Symbol.asyncDispose]();
});
