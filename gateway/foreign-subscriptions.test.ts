import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buildSchema, GraphQLError, parse, subscribe } from 'graphql';
import { createClient } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import { composeSdl } from './execution/testing/fleet.ts';
import { startTestGateway } from './testing/test-gateway.ts';

const SDL =
  'type Query { ok: Boolean } type Subscription { ticks(to: Int!): Tick fails: Tick } type Tick { n: Int text: String }';
const schema = buildSchema(SDL);
async function* ticks(_: unknown, { to }: { to: number }) {
  for (let n = 1; n <= to; n++) yield { ticks: { n, text: 'a\r\n---\r\nb' } };
}
schema.getSubscriptionType()!.getFields()['ticks']!.subscribe = ticks;
schema.getSubscriptionType()!.getFields()['fails']!.subscribe = () => {
  throw new GraphQLError('Not for you.', { extensions: { code: 'FORBIDDEN' } });
};
interface Payload {
  query: string;
  variables?: Record<string, unknown>;
}
const run = ({ query, variables }: Payload) =>
  subscribe({ schema, document: parse(query), variableValues: variables ?? {} });

/** What each connection was opened with. */
const seen: { headers: IncomingMessage['headers']; init?: unknown }[] = [];

const server = createServer(handle).listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address() as AddressInfo;

const modern = new WebSocketServer({ noServer: true });
useServer(
  {
    schema,
    onConnect({ connectionParams, extra }) {
      seen.push({ headers: extra.request.headers, init: connectionParams });
      return extra.request.headers.authorization !== 'Bearer wrong';
    },
  },
  modern,
);
const legacy = new WebSocketServer({
  noServer: true,
  handleProtocols: (offered) => offered.has('graphql-ws') && 'graphql-ws',
});
legacy.on('connection', (socket, request: IncomingMessage) => {
  const send = (message: object) => socket.send(JSON.stringify(message));
  socket.on('message', async (data: RawData) => {
    const { type, id, payload } = JSON.parse(data.toString()) as { type: string; id: string; payload: Payload };
    if (type === 'connection_init') {
      seen.push({ headers: request.headers, init: payload });
      if (request.headers.authorization === 'Bearer wrong') {
        return send({ type: 'connection_error', payload: { message: 'No.' } });
      }
      send({ type: 'connection_ack' });
      send({ type: 'ka' });
    }
    if (type !== 'start') return;
    const events = await run(payload);
    if (!(Symbol.asyncIterator in events)) return send({ type: 'error', id, payload: events.errors![0] });
    for await (const event of events) send({ type: 'data', id, payload: event });
    send({ type: 'complete', id });
  });
});
/** Says goodbye and leaves the connection open. */
const silent = new WebSocketServer({ noServer: true });
silent.on('connection', (socket, request) => {
  socket.on('message', (data: RawData) => {
    const { type } = JSON.parse(data.toString()) as { type: string };
    if (type === 'connection_init') socket.send('{"type":"connection_ack"}');
    // A close frame with code 4001, written past the library, which would end the connection too.
    if (type === 'subscribe') request.socket.write(Buffer.from([0x88, 0x02, 0x0f, 0xa1]));
  });
});
server.on('upgrade', (request, socket, head) => {
  const face = request.url === '/legacy' ? legacy : request.url === '/silent' ? silent : modern;
  face.handleUpgrade(request, socket, head, (opened) => face.emit('connection', opened, request));
});

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  if (request.method !== 'POST') return void response.writeHead(404).end();
  seen.push({ headers: request.headers });
  if (request.headers.authorization === 'Bearer wrong') return void response.writeHead(403).end('No.');
  const events = await run(JSON.parse(Buffer.concat(chunks).toString()) as Payload);
  if (!(Symbol.asyncIterator in events)) {
    response.writeHead(200, { 'content-type': 'application/json' });
    return void response.end(JSON.stringify(events));
  }
  if (request.url === '/sse') {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(':\n\n');
    for await (const event of events) response.write(`event: next\ndata: ${JSON.stringify(event)}\n\n`);
    if (request.headers['x-cut'] === undefined) response.end('event: complete\ndata:\n\n');
    else setTimeout(() => response.destroy(), 100); // what was written goes out first
    return;
  }
  response.writeHead(200, { 'content-type': 'multipart/mixed; boundary="-"; subscriptionSpec=1.0' });
  response.write('---');
  const part = (json: string) => response.write(`\r\nContent-Type: application/json\r\n\r\n${json}\r\n---`);
  part('{}');
  for await (const event of events) part(JSON.stringify({ payload: event }));
  response.end('--\r\n');
}

const folder = mkdtempSync(path.join(tmpdir(), 'foreign-subscriptions-'));
const cleanup = new AsyncDisposableStack();
afterAll(async () => {
  await cleanup.disposeAsync();
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  seen.length = 0;
});

let files = 0;
async function serve(subscriptions: string, more = '') {
  const file = path.join(folder, `gateway-${files++}.yaml`);
  writeFileSync(file, `all: { subscriptions: ${subscriptions} }\n${more}`);
  const sdl = composeSdl({ clock: SDL }).replace('http://clock.test', `http://127.0.0.1:${port}/graphql`);
  const options = { supergraph: { sdl }, transports: new Map(), file };
  return cleanup.use(await startTestGateway({ RATE_LIMIT_ADDRESS: '0' }, options));
}

/** Follows a subscription to its end. */
async function follow(
  url: string,
  query: string,
  connectionParams: Record<string, unknown> = {},
  headers: object = {},
) {
  class Socket extends WebSocket {
    constructor(address: string, protocols: string) {
      super(address, protocols, { headers: headers as Record<string, string> });
    }
  }
  const client = createClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    webSocketImpl: Socket,
    retryAttempts: 0,
    connectionParams,
  });
  const events: unknown[] = [];
  const errors = await new Promise<readonly { message: string; extensions: Record<string, unknown> }[]>((resolve) => {
    client.subscribe(
      { query },
      {
        next: (event) => events.push(event),
        error: (error) => resolve(error as never),
        complete: () => resolve([]),
      },
    );
  });
  await client.dispose();
  return { events, codes: errors.map(({ extensions }) => extensions['code']), errors };
}
const TICKS = 'subscription { ticks(to: 3) { n text } }';
const THREE = [1, 2, 3].map((n) => ({ data: { ticks: { n, text: 'a\r\n---\r\nb' } } }));

describe.each([
  ['graphql-ws', '{ protocol: graphql-ws }'],
  ['subscriptions-transport-ws', '{ protocol: subscriptions-transport-ws, path: /legacy }'],
  ['sse', '{ protocol: sse, path: /sse }'],
  ['multipart', '{ protocol: multipart, path: /multipart }'],
])('a subgraph that speaks %s', (protocol, settings) => {
  it('is followed to its end, with the credentials of the client', async () => {
    const { url } = await serve(settings);
    const { events, codes } = await follow(url, TICKS, { Authorization: 'Bearer ada' });
    expect([events, codes]).toEqual([THREE, []]);
    expect(seen[0]!.headers.authorization).toBe('Bearer ada');
    if (protocol.endsWith('ws')) expect(seen[0]!.init).toMatchObject({ authorization: 'Bearer ada' });
  });

  it('refuses a subscription in its own words, and credentials as such', async () => {
    const { url } = await serve(settings);
    const refused = await follow(url, 'subscription { fails { n } }');
    expect([refused.events, refused.codes, refused.errors[0]!.message]).toEqual([[], ['FORBIDDEN'], 'Not for you.']);
    const wrong = await follow(url, TICKS, { authorization: 'Bearer wrong' });
    expect([wrong.events, wrong.codes]).toEqual([[], ['FORBIDDEN']]);
  });
});

it('equal credentials share a socket, and others have their own', async () => {
  const { url } = await serve('{}');
  await follow(url, TICKS, { authorization: 'Bearer ada' });
  await follow(url, TICKS, { authorization: 'Bearer ada' });
  expect(seen).toHaveLength(1);
  await follow(url, TICKS, { authorization: 'Bearer bob' });
  expect(seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer ada', 'Bearer bob']);
});

it('the payload of connection_init is what gateway.yaml says: the client’s own, or none', async () => {
  const own = await serve('{ init: client }');
  await follow(own.url, TICKS, { token: 'abc', nested: { deep: [1] } });
  expect(seen[0]!.init).toEqual({ token: 'abc', nested: { deep: [1] } });
  expect(seen[0]!.headers).not.toHaveProperty('token');
  const none = await serve('{ init: none }');
  await follow(none.url, TICKS, { authorization: 'Bearer ada' });
  expect(seen[1]!.init).toBeUndefined();
});

it('headers go by the rules, and a payload cannot pass for a claim', async () => {
  const { url } = await serve(
    '{}',
    'subgraphs: { clock: { headers: { request: [{ propagate: { matching: "^x-" } }] } } }',
  );
  await follow(url, TICKS, { 'x-tenant': 'a', 'claim:sub': 'root' }, { 'x-user': 'ada', authorization: 'Bearer t' });
  expect(seen[0]!.headers).toMatchObject({ 'x-tenant': 'a', 'x-user': 'ada' });
  expect(seen[0]!.headers).not.toHaveProperty('authorization');
});

it('a stream that breaks off is an error, not an end', async () => {
  const { url } = await serve(
    '{ protocol: sse, path: /sse }',
    'subgraphs: { clock: { headers: { request: [{ propagate: x-cut }] } } }',
  );
  const { events, codes } = await follow(url, TICKS, {}, { 'x-cut': '1' });
  expect([events, codes]).toEqual([THREE, ['SUBGRAPH_UNAVAILABLE']]);
});

it('a subgraph that says goodbye and stays connected is left, and its code is told', async () => {
  const { url } = await serve('{ path: /silent }');
  const { codes, errors } = await follow(url, TICKS);
  expect(codes).toEqual(['SUBGRAPH_UNAVAILABLE']);
  expect(errors[0]!.extensions['closeCode']).toBe(4001);
});
