import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createClient } from 'graphql-ws';
import { afterAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { observed } from '#platform/host/testing/subgraph.ts';
import { fakeAuthenticator, startTestGateway } from '../testing/test-gateway.ts';

const { authenticator, end } = fakeAuthenticator();
const gateway = await startTestGateway(
  { WS_MAX_OPERATIONS: '3', WS_MAX_SOCKETS_IDENTITY: '2', WS_MAX_MESSAGE_BYTES: '4096' },
  { authenticator },
);
afterAll(() => gateway[Symbol.asyncDispose]());
const url = `${gateway.url.replace('http', 'ws')}/graphql`;

/** A bare socket: what comes in, and how it closes. */
function open(protocol = 'graphql-transport-ws', target = url, headers: Record<string, string> = {}) {
  const socket = new WebSocket(target, protocol, { headers });
  // biome-ignore lint/suspicious/noExplicitAny: messages of every shape are looked into
  const messages: any[] = [];
  socket.on('message', (data) => messages.push(JSON.parse(data.toString())));
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    socket.on('error', () => {});
  });
  const opened = new Promise<void>((resolve, reject) => {
    socket.on('open', resolve);
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('closed')));
  });
  opened.catch(() => {});
  const send = (message: unknown) => socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  const ready = async (payload?: object) => {
    await opened;
    send({ type: 'connection_init', payload });
    await expect.poll(() => messages.some(({ type }) => type === 'connection_ack')).toBe(true);
  };
  const of = (id: string) => messages.filter((message) => message.id === id);
  const until = (id: string, type: string) => expect.poll(() => of(id).map((message) => message.type)).toContain(type);
  return { socket, messages, closed, opened, send, ready, of, until };
}

const subscribe = (id: string, query: string, more: object = {}) => ({
  id,
  type: 'subscribe',
  payload: { query, ...more },
});

describe('one socket carries', () => {
  it('queries, mutations and subscriptions, each with its own end', async () => {
    const client = open();
    await client.ready();
    client.send(subscribe('q', '{ greeting(name: "Ada") }'));
    client.send(subscribe('m', 'mutation { count }'));
    client.send(subscribe('s', 'subscription { ticks(count: 2) { number book { title } } }'));
    for (const id of ['q', 'm', 's']) await client.until(id, 'complete');
    expect(client.of('q')[0].payload).toEqual({ data: { greeting: 'Hello Ada' } });
    expect(client.of('s').map(({ payload }) => payload?.data.ticks)).toEqual([
      { number: 1, book: { title: 'Book 1' } },
      { number: 2, book: { title: 'Book 2' } },
      undefined,
    ]);
    client.socket.close();
  });

  it('errors of validation, and those that end a source, as an error message', async () => {
    const client = open();
    await client.ready();
    client.send(subscribe('v', 'subscription { nothing }'));
    client.send(subscribe('b', 'subscription { broken { number } }'));
    client.send(
      subscribe('c', 'subscription($x: Boolean!) { ticks(count: 1) @include(if: $x) { number } }', {
        variables: { x: true },
      }),
    );
    await client.until('v', 'error');
    await client.until('b', 'error');
    await client.until('c', 'error');
    expect(client.of('v')).toMatchObject([{ payload: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }] }]);
    expect(client.of('b').at(-1).payload[0].extensions.code).toBe('INTERNAL_SERVER_ERROR');
    expect(client.socket.readyState).toBe(WebSocket.OPEN);
    client.socket.close();
  });

  it('no more operations at once than allowed', async () => {
    const client = open();
    await client.ready();
    for (const id of ['1', '2', '3', '4']) client.send(subscribe(id, `subscription { endless { n${id}: number } }`));
    await client.until('4', 'error');
    expect(client.of('4')[0].payload[0].extensions.code).toBe('RATE_LIMITED');
    client.send({ id: '1', type: 'complete' });
    client.send(subscribe('5', 'subscription { ticks(count: 1) { number } }'));
    await client.until('5', 'complete');
    client.socket.close();
    await expect.poll(() => observed.streams).toBe(0);
  });
});

describe('credentials', () => {
  it.each([
    { authorization: 'Bearer ada' },
    { Authorization: 'Bearer ada' },
    { apiKey: 'ada' },
    { headers: { Authorization: 'Bearer ada' } },
  ])('come in connection_init as %o', async (payload) => {
    const client = open();
    await client.ready(payload);
    client.send(subscribe('q', '{ mine }'));
    await client.until('q', 'complete');
    expect(client.of('q')[0].payload).toEqual({ data: { mine: 'user' } });
    client.socket.close();
    await client.closed;
  });

  it('that are wrong close with 4403, after which clients come back with fresh ones', async () => {
    const client = open();
    await client.opened;
    client.send({ type: 'connection_init', payload: { authorization: 'Bearer wrong' } });
    expect(await client.closed).toMatchObject({ code: 4403, reason: expect.stringMatching(/^Forbidden/) });
  });

  it('that end close the socket with 4403, and graphql-ws resumes with new ones', async () => {
    let tokens = 0;
    const events: unknown[] = [];
    const client = createClient({
      url,
      webSocketImpl: WebSocket,
      connectionParams: () => ({ authorization: `Bearer grace${tokens++ === 0 ? '' : '2'}` }),
      retryWait: async () => {},
    });
    const stop = client.subscribe(
      { query: 'subscription { endless { number } }' },
      {
        next: (event) => events.push(event),
        error: (error) => events.push(error),
        complete: () => {},
      },
    );
    await expect.poll(() => events.length).toBeGreaterThan(1);
    end('grace', 'expired');
    await expect.poll(() => tokens).toBe(2);
    const seen = events.length;
    await expect.poll(() => events.length).toBeGreaterThan(seen);
    stop();
    await client.dispose();
  });

  it('open no more sockets than allowed', async () => {
    const sockets = [open(), open(), open()];
    for (const one of sockets.slice(0, 2)) await one.ready({ authorization: 'Bearer linus' });
    await sockets[2]!.opened;
    sockets[2]!.send({ type: 'connection_init', payload: { authorization: 'Bearer linus' } });
    expect((await sockets[2]!.closed).code).toBe(4403);
    for (const one of sockets) one.socket.close();
    await sockets[0]!.closed;
    await expect
      .poll(async () => {
        const again = open();
        await again.ready({ authorization: 'Bearer linus' });
        again.socket.close();
        return true;
      })
      .toBe(true);
  });
});

describe('equal subscriptions of one person share an upstream', () => {
  const query = 'subscription { endless { number } }';

  it('and a client that leaves takes nothing from the others, until the last', async () => {
    const clients = [open(), open()];
    for (const client of clients) {
      await client.ready({ authorization: 'Bearer mary' });
      client.send(subscribe('s', query));
      await client.until('s', 'next');
    }
    expect(observed.streams).toBe(1);
    clients[0]!.socket.close();
    await clients[0]!.closed;
    const seen = clients[1]!.of('s').length;
    await expect.poll(() => clients[1]!.of('s').length).toBeGreaterThan(seen + 2);
    expect(observed.streams).toBe(1);
    clients[1]!.send({ id: 's', type: 'complete' });
    await expect.poll(() => observed.streams).toBe(0);
    clients[1]!.socket.close();
  });

  it('but not those of different people', async () => {
    const clients = [open(), open()];
    for (const [index, client] of clients.entries()) {
      await client.ready({ authorization: `Bearer person${index}` });
      client.send(subscribe('s', query));
      await client.until('s', 'next');
    }
    expect(observed.streams).toBe(2);
    for (const client of clients) client.socket.terminate();
    await expect.poll(() => observed.streams).toBe(0);
  });
});

it('registered operations run by their id alone', async () => {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'manifest-')), 'relay.json');
  writeFileSync(file, JSON.stringify({ ticks: 'subscription { ticks(count: 1) { number } }' }));
  const safe = await startTestGateway({ OPERATIONS_MANIFEST: file });
  const client = open('graphql-transport-ws', `${safe.url.replace('http', 'ws')}/graphql`);
  await client.ready();
  client.send({ id: 'a', type: 'subscribe', payload: { id: 'ticks' } });
  client.send({ id: 'b', type: 'subscribe', payload: { id: 'ticks', query: null } });
  client.send({ id: 'c', type: 'subscribe', payload: { id: 'other' } });
  client.send(subscribe('d', 'subscription { ticks(count: 2) { number } }'));
  for (const id of ['a', 'b']) await client.until(id, 'complete');
  for (const id of ['c', 'd']) await client.until(id, 'error');
  expect(client.of('b')[0].payload).toEqual({ data: { ticks: { number: 1 } } });
  expect(['c', 'd'].map((id) => client.of(id)[0].payload[0].extensions.code)).toEqual([
    'PERSISTED_QUERY_NOT_FOUND',
    'PERSISTED_QUERY_REQUIRED',
  ]);
  client.socket.close();
  await safe[Symbol.asyncDispose]();
});

describe('the gateway is protected from', () => {
  it('messages that are too large, broken, or of another protocol', async () => {
    const large = open();
    await large.ready();
    large.send(subscribe('x', `{ greeting(name: "${'y'.repeat(5000)}") }`));
    expect((await large.closed).code).toBe(1009);
    const broken = open();
    await broken.opened;
    broken.send('{');
    expect((await broken.closed).code).toBe(4400);
    const deep = open();
    await deep.ready();
    deep.send(
      `{"id":"1","type":"subscribe","payload":{"query":"{ slow }","variables":{"v":${'['.repeat(1_998)}${']'.repeat(1_998)}}}}`,
    );
    expect((await deep.closed).code).toBe(4400);
    const other = open('graphql-ws');
    expect([4406, 1006]).toContain((await other.closed).code);
  });

  it('pages of foreign origins', async () => {
    const foreign = open('graphql-transport-ws', url, { origin: 'https://evil.example' });
    await expect(foreign.opened).rejects.toThrow('403');
  });

  it('sockets on other paths', async () => {
    await expect(open('graphql-transport-ws', url.replace('/graphql', '/other')).opened).rejects.toThrow('404');
  });
});

it('a stopping gateway tells its sockets to come back, and answers what runs', async () => {
  const stopping = await startTestGateway();
  const client = open('graphql-transport-ws', `${stopping.url.replace('http', 'ws')}/graphql`);
  await client.ready();
  client.send(subscribe('s', 'subscription { endless { number } }'));
  await client.until('s', 'next');
  client.send(subscribe('q', '{ greeting(name: "x") }'));
  await stopping[Symbol.asyncDispose]();
  expect((await client.closed).code).toBe(1012);
  expect(client.of('q').map(({ type }) => type)).toEqual(['next', 'complete']);
});
