import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createClient } from 'graphql-ws';
import { afterEach, expect, it, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { composeSdl } from './execution/testing/fleet.ts';
import { startTestGateway } from './testing/test-gateway.ts';

const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const one of cleanup.splice(0).reverse()) await one();
});

const TICKS = `type Query { ok: Boolean }
type Subscription { ticks: Tick state: Tick @tag(name: "stream-latest") }
type Tick @key(fields: "id") { id: ID! }`;
const NAMES = `type Query { fine: Boolean }
type Tick @key(fields: "id") { id: ID! name: String }`;

const until = (check: () => void) => vi.waitFor(check, { timeout: 20_000 });

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanup.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A subgraph that sends as many events as it is told, at once, and does not wait for anybody. */
async function startSource() {
  const server = createServer();
  const sockets = new WebSocketServer({ server, handleProtocols: () => 'graphql-transport-ws' });
  const stopped: string[] = [];
  const open = new Map<string, { socket: WebSocket; field: string }>();
  sockets.on('connection', (socket) => {
    socket.on('message', (data) => {
      const { type, id, payload } = JSON.parse(data.toString());
      if (type === 'connection_init') socket.send('{"type":"connection_ack"}');
      if (type === 'complete') stopped.push(open.get(id)!.field);
      if (type === 'subscribe')
        open.set(id, { socket, field: /(\w+)\s*\{\s*(__typename|id)/.exec(payload.query)![1]! });
    });
  });
  cleanup.push(() => sockets.close());
  const send = (field: string, from: number, to: number) => {
    for (const [id, one] of open) {
      if (one.field !== field) continue;
      for (let n = from; n <= to; n++) {
        const data = { [field]: { __typename: 'Tick', id: String(n) } };
        one.socket.send(JSON.stringify({ type: 'next', id, payload: { data } }));
      }
    }
  };
  return { url: await listen(server), send, stopped, count: () => open.size };
}

/** A subgraph that answers when it is let. */
async function startNames() {
  const { promise, resolve: release } = Promise.withResolvers<void>();
  let asked = 0;
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const { variables } = JSON.parse(Buffer.concat(pieces).toString());
    asked++;
    await promise;
    const representations = Object.values(variables)[0] as { id: string }[];
    const data = { _entities: representations.map(({ id }) => ({ __typename: 'Tick', name: `n${id}` })) };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ data }));
  });
  return { url: await listen(server), release, asked: () => asked };
}

async function start() {
  const [source, names] = [await startSource(), await startNames()];
  const sdl = composeSdl({ ticks: TICKS, names: NAMES })
    .replace('http://ticks.test', source.url)
    .replace('http://names.test', names.url);
  const gateway = await startTestGateway({ RATE_LIMIT_ADDRESS: '0' }, { supergraph: { sdl }, transports: new Map() });
  cleanup.push(() => gateway[Symbol.asyncDispose]());
  const client = createClient({
    url: `${gateway.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
  });
  cleanup.push(() => client.dispose());
  const follow = (field: string) => {
    const ids: number[] = [];
    const { promise: end, resolve } = Promise.withResolvers<readonly { extensions: { code: string } }[]>();
    client.subscribe(
      { query: `subscription { ${field} { id name } }` },
      {
        next: ({ data }) => void ids.push(Number((data as Record<string, { id: string }>)[field]!.id)),
        error: (error) => resolve(error as never),
        complete: () => resolve([]),
      },
    );
    return { ids, end };
  };
  return { source, names, follow };
}

it('a source that is faster than its events are completed is told to stop, and the client why, with what came in order', async () => {
  const { source, names, follow } = await start();
  const { ids, end } = follow('ticks');
  await until(() => expect(source.count()).toBe(1));
  source.send('ticks', 1, 2_000);
  await until(() => expect(source.stopped).toEqual(['ticks']));
  expect(names.asked()).toBeLessThan(300);
  names.release();
  const errors = await end;
  expect(errors.map(({ extensions }) => extensions.code)).toEqual(['SLOW_CONSUMER']);
  expect(ids).toEqual(ids.map((_, index) => index + 1));
  expect(ids.length).toBeLessThan(300);
});

it('of a state only the newest waits while an earlier one is completed, and other subscriptions of the socket go on', async () => {
  const { source, names, follow } = await start();
  const state = follow('state');
  const ticks = follow('ticks');
  await until(() => expect(source.count()).toBe(2));
  source.send('state', 1, 2_000);
  source.send('ticks', 1, 3);
  await until(() => expect(names.asked()).toBeGreaterThan(0));
  names.release();
  await until(() => expect(ticks.ids).toEqual([1, 2, 3]));
  await until(() => expect(state.ids.at(-1)).toBe(2_000));
  expect(state.ids.length).toBeLessThan(100);
  source.send('state', 2_001, 2_001);
  await until(() => expect(state.ids.at(-1)).toBe(2_001));
  expect(source.stopped).toEqual([]);
});
