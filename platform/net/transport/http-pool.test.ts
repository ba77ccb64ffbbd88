import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished, vi } from 'vitest';
import { fc } from '#platform/base/testing/generated.ts';
import { Cancellation } from '../../base/cancellation/cancellation.ts';
import { HttpPool, type HttpPoolOptions, Unreachable } from './http-pool.ts';

interface Opened extends Disposable {
  readonly pool: HttpPool;
  /** Connections that the server has seen. */
  connections(): number;
  readonly server: ReturnType<typeof createServer>;
}

const poolAt = (port: number, options: Partial<HttpPoolOptions> = {}): HttpPool =>
  new HttpPool({
    subgraph: 'chat',
    url: new URL(`http://127.0.0.1:${port}/graphql`),
    address: undefined,
    connectTimeoutMs: 500,
    connections: 8,
    queue: 100,
    timeoutMs: 20_000,
    maxBytes: 1_000_000,
    ...options,
  });

async function open(
  answer: (request: IncomingMessage, response: ServerResponse, body: string) => void,
  options: Partial<HttpPoolOptions> = {},
): Promise<Opened> {
  let connections = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => answer(request, response, Buffer.concat(chunks).toString()));
  });
  server.on('connection', () => connections++);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const pool = poolAt((server.address() as AddressInfo).port, options);
  return {
    pool,
    server,
    connections: () => connections,
    [Symbol.dispose]() {
      pool.destroy();
      server.closeAllConnections();
      server.close();
    },
  };
}

const HEAD = 'POST /graphql HTTP/1.1\r\nhost: chat\r\n';
const send = (pool: HttpPool, body = '{}', signal?: Cancellation, mayRepeat = false) =>
  pool.send({ head: HEAD, body, mayRepeat, signal });

/** A server that answers each connection's bytes as told. */
async function raw(behave: (socket: Socket) => void): Promise<Disposable & { readonly port: number }> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    behave(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.dispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

it('any text comes back as it was sent, in answers with and without a length', async () => {
  using opened = await open((request, response, body) => {
    expect(request.headers['content-length']).toBe(String(Buffer.byteLength(body)));
    const bytes = Buffer.from(body);
    if (bytes.length % 2 === 0) response.setHeader('content-length', bytes.length);
    for (let at = 0; at < bytes.length; at += 7_000) response.write(bytes.subarray(at, at + 7_000));
    response.end();
  });
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'grapheme', maxLength: 200 }), fc.nat({ max: 400 }), async (text, times) => {
      const body = JSON.stringify(text.repeat(times));
      expect((await send(opened.pool, body)).body.toString()).toBe(body);
    }),
    { numRuns: 60 },
  );
});

it('requests beyond the connections wait for one, those beyond the queue are refused at once', async () => {
  using opened = await open((_, response, body) => setTimeout(() => response.end(body), 20), {
    connections: 2,
    queue: 3,
  });
  const calls = Array.from({ length: 7 }, (_, n) => send(opened.pool, String(n)));
  const settled = await Promise.allSettled(calls);
  expect(settled.map(({ status }) => status)).toEqual([...new Array(5).fill('fulfilled'), 'rejected', 'rejected']);
  expect(settled[6]).toMatchObject({ reason: { extensions: { code: 'SUBGRAPH_UNAVAILABLE' } } });
  const bodies = await Promise.all(calls.slice(0, 5).map(async (call) => (await call).body.toString()));
  expect(bodies).toEqual(['0', '1', '2', '3', '4']);
  expect(opened.connections()).toBe(2);
});

it('without a queue, as many requests run as there may be connections', async () => {
  using opened = await open((_, response, body) => setTimeout(() => response.end(body), 20), {
    connections: 2,
    queue: 0,
  });
  for (const round of [0, 1]) {
    const settled = await Promise.allSettled([0, 1, 2].map((n) => send(opened.pool, String(n), undefined, true)));
    expect([round, ...settled.map(({ status }) => status)]).toEqual([round, 'fulfilled', 'fulfilled', 'rejected']);
  }
});

it.each([1, 2])(
  'nor is one refused that comes alone, where each takes a new one of %i connections',
  async (connections) => {
    using opened = await open((_, response, body) => response.end(body), { connections, queue: 0 });
    for (let n = 0; n < 5; n++) expect((await send(opened.pool, String(n))).body.toString()).toBe(String(n));
  },
);

it('the time limit counts from the call, for the one who waits and for the one who is served', async () => {
  let seen = () => {};
  const served = new Promise<void>((resolve) => {
    seen = resolve;
  });
  using opened = await open(() => seen(), { connections: 1, timeoutMs: 100 });
  // The clock stands still but for one time limit: one that began with the service would not run out.
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const settled = Promise.allSettled([send(opened.pool), send(opened.pool)]);
  await served;
  await vi.advanceTimersByTimeAsync(110);
  for (const one of await settled) expect(one).toMatchObject({ reason: { extensions: { code: 'TIMEOUT' } } });
});

it('a caller who leaves takes its connection with it, and no other', async () => {
  let left = 0;
  using opened = await open((request, response, body) => {
    request.socket.once('close', () => left++);
    if (body === 'fast') setTimeout(() => response.end('done'), 60);
  });
  const leaving = new Cancellation();
  const slow = send(opened.pool, 'slow', leaving);
  const fast = send(opened.pool, 'fast');
  setTimeout(() => leaving.abort(new Error('gone')), 20);
  await expect(slow).rejects.toThrow('gone');
  expect((await fast).body.toString()).toBe('done');
  await expect.poll(() => left).toBe(1);
  const before = new Cancellation();
  before.abort(new Error('gone before'));
  await expect(send(opened.pool, 'slow', before)).rejects.toThrow('gone before');
});

/** Hangs up on the second request. */
const losesSecond =
  (count: () => number) =>
  (request: IncomingMessage, response: ServerResponse, body: string): void => {
    if (count() === 2) request.socket.destroy();
    else response.end(body);
  };

it('a connection that the server closed while it was idle is replaced without the caller noticing', async () => {
  let requests = 0;
  using opened = await open(losesSecond(() => ++requests));
  await send(opened.pool, 'first');
  expect((await send(opened.pool, 'second', undefined, true)).body.toString()).toBe('second');
  expect(opened.connections()).toBe(2);
});

it('what must not be repeated is not, when its connection is lost', async () => {
  let requests = 0;
  using opened = await open(losesSecond(() => ++requests));
  await send(opened.pool, 'first');
  await expect(send(opened.pool, 'second')).rejects.toBeInstanceOf(Unreachable);
  expect(requests).toBe(2);
});

/** Answers each request whole, and closes the connection without having said that it would. */
const answersAndCloses =
  (seen: string[], close: (socket: Socket) => void) =>
  (socket: Socket): void =>
    void socket.on('data', (bytes) => {
      const body = bytes.toString().split('\r\n\r\n')[1]!;
      seen.push(body);
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
      close(socket);
    });

it.each([
  ['one after another', 8, 1],
  ['one after another on one connection at a time', 1, 1],
  ['several at a time, of which all but one wait', 1, 5],
  ['several at a time', 3, 10],
] as const)(
  'what must not be repeated arrives once at a server that closes each connection after its answer: %s',
  async (_, connections, together) => {
    const seen: string[] = [];
    using server = await raw(answersAndCloses(seen, (socket) => socket.end()));
    const pool = poolAt(server.port, { connections });
    for (let round = 0; round < 20; round++) {
      const bodies = Array.from({ length: together }, (_, i) => `${round}-${i}`);
      const answers = await Promise.all(bodies.map((body) => send(pool, body)));
      expect(answers.map(({ body }) => body.toString())).toEqual(bodies);
    }
    expect(new Set(seen).size).toBe(seen.length);
    pool.destroy();
  },
);

it('what must not be repeated gets new connections after a server has closed kept ones a moment later', async () => {
  const seen: string[] = [];
  let closed = 0;
  using server = await raw(
    answersAndCloses(seen, (socket) => {
      socket.once('close', () => closed++);
      setTimeout(() => socket.end(), 2);
    }),
  );
  const pool = poolAt(server.port);
  await send(pool, 'first');
  await expect.poll(() => closed).toBe(1);
  // One that is kept would be closed under each of them, sooner or later.
  for (let i = 0; i < 200; i++) {
    await sleep(i % 4);
    expect((await send(pool, String(i))).body.toString()).toBe(String(i));
  }
  expect(seen).toHaveLength(201);
  pool.destroy();
});

it('what must not be repeated has its turn at a server that closes early and is busy with the rest', async () => {
  const seen: string[] = [];
  let answered = 0;
  using server = await raw(
    answersAndCloses(seen, (socket) => {
      if (++answered === 1) socket.end();
    }),
  );
  const pool = poolAt(server.port, { connections: 2 });
  await send(pool, 'first');
  await sleep(20);
  let isOver = false;
  const busy = Array.from({ length: 6 }, async () => {
    while (!isOver) await send(pool, 'query', undefined, true);
  });
  await sleep(20);
  for (let i = 0; i < 5; i++) expect((await send(pool, String(i))).body.toString()).toBe(String(i));
  isOver = true;
  await Promise.all(busy);
  pool.destroy();
});

it('what waits for a connection when the pool is closed is sent, in its turn', async () => {
  const seen: string[] = [];
  using server = await raw(answersAndCloses(seen, () => {}));
  const pool = poolAt(server.port, { connections: 1 });
  const all = [send(pool, 'query', undefined, true), send(pool, 'mutation'), send(pool, 'another', undefined, true)];
  pool.close();
  expect((await Promise.all(all)).map(({ body }) => body.toString())).toEqual(['query', 'mutation', 'another']);
});

it('what must not be repeated is not the trial of whether a server keeps connections', async () => {
  const seen: string[] = [];
  // As servers do that say nothing of it: some close after each answer, a moment later.
  using server = await raw(answersAndCloses(seen, (socket) => setTimeout(() => socket.end(), 1)));
  for (let i = 0; i < 50; i++) {
    const pool = poolAt(server.port);
    for (let j = 0; j < 4; j++) expect((await send(pool, `${i}-${j}`)).body.toString()).toBe(`${i}-${j}`);
    pool.destroy();
  }
  expect(seen).toHaveLength(200);
});

it.each([
  ['that says how long it keeps them', 'keep-alive: timeout=60\r\n', 0, 1],
  // One more until it is known.
  ['that says nothing, and is seen to keep them', '', 300, 2],
] as const)('what must not be repeated uses connections again of a server %s', async (_, header, pause, opened) => {
  let connections = 0;
  using server = await raw((socket) => {
    connections++;
    socket.on('data', () => socket.write(`HTTP/1.1 200 OK\r\n${header}content-length: 2\r\n\r\n{}`));
  });
  const pool = poolAt(server.port);
  await send(pool);
  await sleep(pause);
  for (let i = 0; i < 20; i++) await send(pool);
  expect(connections).toBe(opened);
  pool.destroy();
});

it('what may be repeated and what may not share a server that closes early', async () => {
  const seen: string[] = [];
  using server = await raw(answersAndCloses(seen, (socket) => socket.end()));
  const pool = poolAt(server.port, { connections: 2 });
  const sent = Array.from({ length: 100 }, (_, i) => send(pool, String(i), undefined, i % 3 > 0));
  const answers = await Promise.all(sent);
  expect(answers.map(({ body }) => body.toString())).toEqual(answers.map((_, i) => String(i)));
  expect(seen.filter((body) => Number(body) % 3 === 0)).toHaveLength(34);
  pool.destroy();
});

it('idle connections are ended before the server ends them', async () => {
  using opened = await open((_, response, body) => {
    response.setHeader('keep-alive', 'timeout=1');
    response.end(body);
  });
  await send(opened.pool);
  await sleep(10);
  await send(opened.pool);
  expect(opened.connections()).toBe(2);
});

it('connections are used again', async () => {
  using opened = await open((_, response, body) => {
    response.setHeader('keep-alive', 'timeout=60');
    response.end(body);
  });
  for (let i = 0; i < 20; i++) await send(opened.pool, String(i));
  expect(opened.connections()).toBe(1);
});

it.each([
  ['no server listens', undefined],
  ['the server hangs up', (socket: Socket): void => void socket.once('data', () => socket.destroy())],
  [
    'the answer is cut off',
    (socket: Socket): void =>
      void socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{')),
  ],
  [
    'the answer is not HTTP',
    (socket: Socket): void => void socket.once('data', () => socket.write('SSH-2.0-x\r\n\r\n')),
  ],
] as const)('when %s, every call says so at once', async (_, behave) => {
  using server = await raw(behave ?? (() => undefined));
  if (!behave) server[Symbol.dispose]();
  const pool = poolAt(server.port);
  const settled = await Promise.allSettled(Array.from({ length: 20 }, () => send(pool)));
  for (const one of settled) expect(one).toMatchObject({ status: 'rejected', reason: expect.any(Unreachable) });
  pool.destroy();
});

it('an answer that was not asked for never becomes the answer to the next request', async () => {
  const answer = (text: string) => `HTTP/1.1 200 OK\r\ncontent-length: ${text.length}\r\n\r\n${text}`;
  let sockets = 0;
  using server = await raw((socket) => {
    sockets++;
    socket.on('close', () => sockets--);
    socket.on('data', () => socket.write(answer('true'), () => setTimeout(() => socket.write(answer('false')), 5)));
  });
  const pool = poolAt(server.port);
  for (let i = 0; i < 5; i++) {
    expect((await send(pool)).body.toString()).toBe('true');
    // The connection ends with what came too much.
    await expect.poll(() => sockets).toBe(0);
  }
  pool.destroy();
});

it('closing lets answers come that are on their way; destroying does not wait for them', async () => {
  using opened = await open((_, response, body) => setTimeout(() => response.end(body), 50));
  await send(opened.pool, 'warm');
  const running = send(opened.pool, 'running');
  opened.pool.close();
  expect((await running).body.toString()).toBe('running');
  const again = poolAt((opened.server.address() as AddressInfo).port);
  const lost = send(again, 'lost');
  again.destroy();
  await expect(lost).rejects.toBeInstanceOf(Unreachable);
});
