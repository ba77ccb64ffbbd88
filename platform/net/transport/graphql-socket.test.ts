import { EventEmitter, once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { expect, it, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { ANONYMOUS } from '../../identity/identity.ts';
import { createEndpoints } from './endpoints.ts';
import { PROTOCOL, serveGraphqlSocket } from './graphql-socket.ts';
import type { SubscriptionSink } from './transport.ts';
import { createUpstreamSocket } from './upstream-socket.ts';

const log = pino({ level: 'silent' });

/** The part of a `ws` socket that the protocol touches, with a client who reads when told to. */
class FakeSocket extends EventEmitter {
  readonly OPEN = 1;
  readonly protocol = PROTOCOL;
  readyState = 1;
  bufferedAmount = 0;
  pause = vi.fn();
  resume = vi.fn();
  close = vi.fn();
  ping = vi.fn();
  readonly #callbacks: (() => void)[] = [];
  send(text: string | Buffer, _: object, written?: () => void): void {
    this.bufferedAmount += text.length;
    if (written) this.#callbacks.push(written);
  }
  read(): void {
    this.bufferedAmount = 0;
    for (const written of this.#callbacks.splice(0)) written();
  }
}

it('a client that asks and does not read is not read from until it has read', async () => {
  const socket = new FakeSocket();
  serveGraphqlSocket(socket as unknown as WebSocket, {
    init: async () => 'session',
    operate(_, __, channel) {
      channel.next(JSON.stringify({ data: 'x'.repeat(600_000) }));
      channel.complete();
      return () => undefined;
    },
    keepAliveMs: 0,
  });
  const say = (message: object) => socket.emit('message', Buffer.from(JSON.stringify(message)), false);
  say({ type: 'connection_init' });
  await new Promise((resolve) => setImmediate(resolve));
  say({ type: 'subscribe', id: '1', payload: { query: '{ a }' } });
  expect(socket.pause).not.toHaveBeenCalled();
  say({ type: 'subscribe', id: '2', payload: { query: '{ a }' } });
  expect(socket.pause).toHaveBeenCalledTimes(1);
  expect(socket.resume).not.toHaveBeenCalled();
  socket.read();
  expect(socket.resume).toHaveBeenCalledTimes(1);
  socket.emit('close');
});

it('what comes behind a message that is being parsed waits for it, in order, and the socket is not read meanwhile', async () => {
  const socket = new FakeSocket();
  const parsing: (() => void)[] = [];
  const operated: string[] = [];
  const later = async <T>(parse: () => T): Promise<T> => {
    await new Promise<void>((resolve) => parsing.push(resolve));
    return parse();
  };
  serveGraphqlSocket(socket as unknown as WebSocket, {
    init: async () => 'session',
    read: (_, bytes, parse) => (bytes < 200 ? parse() : later(parse)),
    operate(_, { query }) {
      operated.push(query!);
      return () => undefined;
    },
    keepAliveMs: 0,
  });
  const say = (message: object) => socket.emit('message', Buffer.from(JSON.stringify(message)), false);
  const subscribe = (query: string, size = 0) =>
    say({ type: 'subscribe', id: query, payload: { query, variables: { a: 'x'.repeat(size) } } });
  say({ type: 'connection_init' });
  await new Promise((resolve) => setImmediate(resolve));
  for (const [query, size] of [['1'], ['2', 300], ['3'], ['4', 300], ['5']] as const) subscribe(query, size);
  expect(operated).toEqual(['1']);
  expect(socket.pause).toHaveBeenCalledTimes(1);
  parsing.shift()!();
  await expect.poll(() => operated).toEqual(['1', '2', '3']);
  parsing.shift()!();
  await expect.poll(() => operated).toEqual(['1', '2', '3', '4', '5']);
  expect(socket.resume).toHaveBeenCalledTimes(2);
  socket.emit('close');
});

it('what comes with new credentials waits until they count, and nothing counts once the server has begun to close', async () => {
  const socket = new FakeSocket();
  const renewing: (() => void)[] = [];
  const operated: string[] = [];
  serveGraphqlSocket(socket as unknown as WebSocket, {
    init: async () => 'session',
    renew: () => new Promise((resolve) => renewing.push(() => resolve({ renewed: true }))),
    operate(_, { query }) {
      operated.push(query!);
      return () => undefined;
    },
    keepAliveMs: 0,
  });
  const say = (message: object) => socket.emit('message', Buffer.from(JSON.stringify(message)), false);
  say({ type: 'connection_init' });
  await new Promise((resolve) => setImmediate(resolve));
  // All of one packet.
  say({ type: 'ping', payload: { accessToken: 'first' } });
  say({ type: 'subscribe', id: '1', payload: { query: '1' } });
  say({ type: 'ping', payload: { accessToken: 'second' } });
  say({ type: 'subscribe', id: '2', payload: { query: '2' } });
  expect([renewing.length, operated]).toEqual([1, []]);
  renewing[0]!();
  await expect.poll(() => [renewing.length, ...operated]).toEqual([2, '1']);
  renewing[1]!();
  await expect.poll(() => operated).toEqual(['1', '2']);
  // As when the session was revoked: `ws` still hands over what has come.
  socket.readyState = 2;
  say({ type: 'subscribe', id: '3', payload: { query: '3' } });
  expect(operated).toEqual(['1', '2']);
  socket.emit('close');
});

/** JSON of so many lists in one another. */
const lists = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

it.each([
  ['a ping', 'ping'],
  ['a pong', 'pong'],
  ['connection_init', 'connection_init'],
])('%s whose payload is nested too deep closes its socket alone', async (_, type) => {
  const init = vi.fn(async () => 'session');
  const start = () => {
    const socket = new FakeSocket();
    serveGraphqlSocket(socket as unknown as WebSocket, { init, operate: () => () => {}, keepAliveMs: 0 });
    return socket;
  };
  const deep = start();
  deep.emit('message', Buffer.from(`{"type":"${type}","payload":{"a":${lists(5_000)}}}`), false);
  expect(deep.close).toHaveBeenCalledWith(4400, 'Invalid message received');
  const flat = start();
  flat.emit('message', Buffer.from(`{"type":"${type}","payload":{"a":${lists(60)}}}`), false);
  expect(flat.close).not.toHaveBeenCalled();
  deep.emit('close');
  flat.emit('close');
});

it('an operation that cannot be started, and a session that cannot be opened, end their socket and nothing else', async () => {
  const socket = new FakeSocket();
  const stopped = vi.fn();
  serveGraphqlSocket(socket as unknown as WebSocket, {
    init: async () => 'session',
    operate(_, { query }) {
      if (query === '{ fails }') throw new RangeError('Maximum call stack size exceeded');
      return stopped;
    },
    keepAliveMs: 0,
    log,
  });
  const say = (message: object) => socket.emit('message', Buffer.from(JSON.stringify(message)), false);
  say({ type: 'connection_init' });
  await new Promise((resolve) => setImmediate(resolve));
  say({ type: 'subscribe', id: '1', payload: { query: '{ a }' } });
  say({ type: 'subscribe', id: '2', payload: { query: '{ fails }' } });
  expect(socket.close).toHaveBeenCalledWith(4500, 'Something went wrong');
  expect(stopped).toHaveBeenCalledTimes(1);

  const unopened = new FakeSocket();
  serveGraphqlSocket(unopened as unknown as WebSocket, {
    init: () => Promise.reject(new RangeError('Maximum call stack size exceeded')),
    operate: () => () => {},
    keepAliveMs: 0,
    log,
  });
  unopened.emit('message', Buffer.from('{"type":"connection_init"}'), false);
  await expect.poll(() => unopened.close.mock.calls).toEqual([[4500, 'Something went wrong']]);
});

/** A subgraph that speaks the protocol as badly as told. */
async function badSubgraph(behave: (socket: WebSocket) => void, options: object = {}) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', ...options });
  let connections = 0;
  server.on('connection', (socket) => {
    connections++;
    behave(socket);
  });
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  const endpoints = createEndpoints({
    subgraph: 'bad',
    urls: [`http://127.0.0.1:${port}/graphql`],
    connections: 1,
    queue: 1,
    timeoutMs: 500,
    maxBytes: 1_000,
    connectTimeoutMs: 500,
    resolveEveryMs: 60_000,
    log,
  });
  const upstream = createUpstreamSocket({
    pick: () => endpoints.pick(),
    subgraph: 'bad',
    endpoints,
    log,
    connectTimeoutMs: 200,
    maxMessage: 1_000_000,
    keepAliveMs: 100,
    idleMs: 50,
  });
  const listen = (sink: SubscriptionSink, resubscribe = false) =>
    upstream.subscribe({ query: 'subscription { a }', identity: ANONYMOUS, requestId: 'r', resubscribe }, sink);
  const subscribe = (resubscribe = false) => {
    const ended = Promise.withResolvers<unknown>();
    const events: unknown[] = [];
    const sink: SubscriptionSink = {
      next: (event) => void events.push(event),
      complete: () => ended.resolve('complete'),
      error: ended.resolve,
    };
    const stop = listen(sink, resubscribe);
    return { ended: ended.promise, events, stop };
  };
  return {
    listen,
    subscribe,
    connections: () => connections,
    clients: server.clients,
    async close() {
      upstream.dispose();
      for (const socket of server.clients) socket.terminate();
      server.close();
      await endpoints[Symbol.asyncDispose]();
    },
  };
}

const acknowledge = (socket: WebSocket, onSubscribe: (id: string) => void = () => undefined) =>
  socket.on('message', (data) => {
    const message = JSON.parse(data.toString());
    if (message.type === 'connection_init') socket.send('{"type":"connection_ack"}');
    if (message.type === 'subscribe') onSubscribe(message.id);
  });

const UNAVAILABLE = { extensions: { code: 'SUBGRAPH_UNAVAILABLE' } };

it('a subgraph that never acknowledges is given up after some tries', async () => {
  const bad = await badSubgraph(() => undefined);
  expect(await bad.subscribe().ended).toMatchObject(UNAVAILABLE);
  expect(bad.connections()).toBe(3);
  await bad.close();
});

it.each([4401, 4403])(
  'a subgraph that refuses the socket with %i is not asked again for those who wait',
  async (code) => {
    const bad = await badSubgraph((socket) => socket.close(code, 'Not you'));
    const [plain, lasting] = [bad.subscribe(), bad.subscribe(true)];
    expect(await plain.ended).toMatchObject(UNAVAILABLE);
    expect(await lasting.ended).toMatchObject(UNAVAILABLE);
    expect(bad.connections()).toBe(1);
    await bad.close();
  },
);

it.each([401, 403])('and so is one that refuses the upgrade with %i', async (status) => {
  let asked = 0;
  const verifyClient = (_: unknown, answer: (allowed: boolean, status: number) => void) => {
    asked++;
    answer(false, status);
  };
  const bad = await badSubgraph(() => undefined, { verifyClient });
  expect(await bad.subscribe(true).ended).toMatchObject(UNAVAILABLE);
  expect(asked).toBe(1);
  await bad.close();
});

it('a subgraph that answers no ping is left, with an error on its operations alone', async () => {
  const bad = await badSubgraph((socket) => void acknowledge(socket), { autoPong: false });
  expect(await bad.subscribe().ended).toMatchObject(UNAVAILABLE);
  await bad.close();
});

it('all subscriptions share one socket, and the last one’s end closes it after a while', async () => {
  const good = await badSubgraph(
    (socket) =>
      void acknowledge(socket, (id) => {
        socket.send(JSON.stringify({ id, type: 'next', payload: { data: { a: id } } }));
        socket.send(JSON.stringify({ id, type: 'complete' }));
      }),
  );
  const all = Array.from({ length: 20 }, () => good.subscribe());
  expect(await Promise.all(all.map(({ ended }) => ended))).toEqual(Array(20).fill('complete'));
  expect(new Set(all.map(({ events }) => JSON.stringify(events))).size).toBe(20);
  expect(good.connections()).toBe(1);
  await expect.poll(() => good.clients.size).toBe(0);
  const again = good.subscribe();
  expect(await again.ended).toBe('complete');
  expect(good.connections()).toBe(2);
  await good.close();
});

it('a subscription that comes while an idle socket closes is begun on another one', async () => {
  const closing = vi.spyOn(WebSocket.prototype, 'close');
  const good = await badSubgraph(
    (socket) =>
      void acknowledge(socket, (id) => {
        socket.send(JSON.stringify({ id, type: 'complete' }));
        // It reads nothing more: the other side waits for its answer to the close.
        socket.pause();
      }),
  );
  expect(await good.subscribe().ended).toBe('complete');
  await expect.poll(() => closing.mock.calls.length, { interval: 5 }).toBe(1);
  expect(await good.subscribe().ended).toBe('complete');
  expect(good.connections()).toBe(2);
  closing.mockRestore();
  await good.close();
});

it('leaving before the connection stands sends nothing', async () => {
  const asked: string[] = [];
  const good = await badSubgraph((socket) => void acknowledge(socket, (id) => void asked.push(id)));
  good.subscribe().stop();
  const kept = good.subscribe();
  await expect.poll(() => asked.length).toBe(1);
  kept.stop();
  await good.close();
});

const ENDED = 'ended with SUBGRAPH_UNAVAILABLE';

it.each([
  ['an event that is null', (id: string) => ({ id, type: 'next', payload: null }), ENDED],
  ['an event that is a list', (id: string) => ({ id, type: 'next', payload: [] }), ENDED],
  ['no event at all', (id: string) => ({ id, type: 'next' }), ENDED],
  ['data that is a text', (id: string) => ({ id, type: 'next', payload: { data: 'a' } }), ENDED],
  ['a refusal without errors', (id: string) => ({ id, type: 'error', payload: 'no' }), ENDED],
  ['a message of an unknown type', (id: string) => ({ id, type: 'data', payload: { data: {} } }), ENDED],
  ['an event without a subscriber', () => ({ id: 'x', type: 'next', payload: null }), 'going on'],
  ['an id that is a number', (id: string) => ({ id: Number(id), type: 'complete' }), 'going on'],
  ['a number', () => 5, 'going on'],
  ['null', () => null, 'going on'],
  ['a list', () => [1], 'going on'],
  ['a text', () => 'next', 'going on'],
])('a subgraph that sends %s harms that operation at most', async (_, nonsense, outcome) => {
  const left: string[] = [];
  const bad = await badSubgraph((socket) => {
    acknowledge(socket, (id) => {
      if (id === '1') socket.send(JSON.stringify(nonsense(id)));
      else socket.send(JSON.stringify({ id, type: 'next', payload: { data: { a: 1 }, errors: null } }));
    });
    socket.on('message', (data) => {
      const message = JSON.parse(data.toString());
      if (message.type === 'complete') left.push(message.id);
    });
  });
  const harmed = bad.subscribe();
  const other = bad.subscribe();
  await expect.poll(() => other.events).toEqual([{ data: { a: 1 }, errors: null }]);
  const first = await Promise.race([harmed.ended, new Promise((resolve) => setTimeout(resolve, 20, 'going on'))]);
  if (outcome === ENDED) {
    expect(first).toMatchObject(UNAVAILABLE);
    // It is told that no client listens any more.
    await expect.poll(() => left).toEqual(['1']);
  } else expect(first).toBe('going on');
  expect(bad.connections()).toBe(1);
  await bad.close();
});

it.each([
  ['a number', 5, [{}]],
  ['one alone', { message: 'no' }, [{ message: 'no' }]],
  ['null in a list', [null], [{}]],
  ['a path that is a number', [{ message: 'no', path: 1 }], [{ message: 'no' }]],
  ['a message that is an object', [{ message: {}, extensions: [] }, { path: ['a'] }], [{}, { path: ['a'] }]],
])('an event keeps its data where its errors are badly written: %s', async (_, errors, told) => {
  const subgraph = await badSubgraph(
    (socket) =>
      void acknowledge(socket, (id) => {
        socket.send(JSON.stringify({ id, type: 'next', payload: { data: { a: 1 }, errors } }));
        socket.send(JSON.stringify({ id, type: 'next', payload: { data: { a: 2 } } }));
      }),
  );
  const { events, stop } = subgraph.subscribe();
  await expect.poll(() => events).toEqual([{ data: { a: 1 }, errors: told }, { data: { a: 2 } }]);
  stop();
  await subgraph.close();
});

it('a listener that fails ends its own operation, and not the process', async () => {
  const good = await badSubgraph(
    (socket) =>
      void acknowledge(socket, (id) => socket.send(JSON.stringify({ id, type: 'next', payload: { data: {} } }))),
  );
  const ended = await new Promise((resolve) => {
    good.listen({
      next: () => {
        throw new Error('not today');
      },
      complete: () => resolve('complete'),
      error: resolve,
    });
  });
  expect(ended).toMatchObject(UNAVAILABLE);
  await good.close();
});

it('a client whose first message has come while the process was busy is not late', async () => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, handleProtocols: () => PROTOCOL });
  await once(server, 'listening');
  server.on('connection', (socket) =>
    serveGraphqlSocket(socket, {
      init: async () => 'session',
      operate: () => () => undefined,
      initTimeoutMs: 1_000,
      keepAliveMs: 0,
    }),
  );
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, PROTOCOL);
  const said = Promise.withResolvers<string>();
  client.on('message', (data) => said.resolve(String(data)));
  client.on('close', (code) => said.resolve(String(code)));
  client.on('open', () => {
    client.send('{"type":"connection_init"}');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_300);
  });
  expect(await said.promise).toBe('{"type":"connection_ack"}');
  client.terminate();
  server.close();
});
