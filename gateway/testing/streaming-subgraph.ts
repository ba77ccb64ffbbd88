import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildSchema, type ExecutionResult, GraphQLError, parse, subscribe } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';

/** Each way in which a subgraph that is not ours may serve subscriptions, as gateway.yaml says it. */
export const PROTOCOLS = {
  'graphql-ws': '{ protocol: graphql-ws }',
  'subscriptions-transport-ws': '{ protocol: subscriptions-transport-ws, path: /legacy }',
  sse: '{ protocol: sse, path: /sse }',
  multipart: '{ protocol: multipart, path: /multipart }',
  callback: '{ protocol: callback, path: /callback }',
} as const;

export const STREAMING_SDL = `type Query { ok: Boolean }
type Subscription { ticks(to: Int!): Tick endless: Tick fails: Tick }
type Tick { n: Int text: String }`;
/** A text that would break a protocol whose frames are made of lines. */
export const TICK_TEXT = 'a\r\n---\r\nb';

/** A subgraph that is not ours and serves the same subscriptions in every protocol, each at a path of its own. */
export interface StreamingSubgraph extends AsyncDisposable {
  readonly url: string;
  /** What each connection, or request, was opened with. */
  readonly seen: { headers: IncomingMessage['headers']; init?: unknown }[];
  /** Endless subscriptions that run. */
  readonly endless: number;
  /** Cuts every connection and ends every stream, as a crash does. */
  crash(): void;
}

interface Payload {
  readonly query: string;
  readonly variables?: Record<string, unknown>;
  readonly extensions?: {
    readonly subscription?: {
      readonly callbackUrl: string;
      readonly subscriptionId: string;
      readonly verifier: string;
    };
  };
}

/** Starts one. It refuses the token `wrong`, and a request with `x-cut` over SSE breaks off before its end. */
export async function startStreamingSubgraph(): Promise<StreamingSubgraph> {
  const seen: StreamingSubgraph['seen'] = [];
  let endless = 0;
  /** Changes when it crashes: what ran before does not go on. */
  let life = 0;
  const schema = buildSchema(STREAMING_SDL);
  const fields = schema.getSubscriptionType()!.getFields();
  fields['ticks']!.subscribe = async function* (_, { to }: { to: number }) {
    for (let n = 1; n <= to; n++) yield { ticks: { n, text: TICK_TEXT } };
  };
  fields['endless']!.subscribe = async function* () {
    endless++;
    try {
      for (let n = 1; ; n++) {
        yield { endless: { n, text: '' } };
        await sleep(20);
      }
    } finally {
      endless--;
    }
  };
  fields['fails']!.subscribe = () => {
    throw new GraphQLError('Not for you.', { extensions: { code: 'FORBIDDEN' } });
  };
  const run = ({ query, variables }: Payload) =>
    subscribe({ schema, document: parse(query), variableValues: variables ?? {} });

  /** Hands on events until the receiver has gone. */
  async function pass(
    events: AsyncGenerator<ExecutionResult>,
    isOpen: () => boolean,
    send: (event: ExecutionResult) => unknown,
  ): Promise<boolean> {
    const own = life;
    for await (const event of events) {
      if (!isOpen() || life !== own || (await send(event)) === false) return false;
    }
    return life === own;
  }

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
  legacy.on('connection', (socket: WebSocket, request: IncomingMessage) => {
    const stopped = new Set<string>();
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
      if (type === 'stop') stopped.add(id);
      if (type !== 'start') return;
      const events = await run(payload);
      if (!(Symbol.asyncIterator in events)) return send({ type: 'error', id, payload: events.errors![0] });
      const isOpen = () => !stopped.has(id) && socket.readyState === socket.OPEN;
      if (await pass(events, isOpen, (event) => send({ type: 'data', id, payload: event })))
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

  async function callBack(payload: Payload, events: AsyncGenerator<ExecutionResult>): Promise<void> {
    const { callbackUrl, subscriptionId: id, verifier } = payload.extensions!.subscription!;
    const send = async (action: string, more: object = {}) => {
      const body = JSON.stringify({ kind: 'subscription', id, verifier, action, ...more });
      const headers = { 'content-type': 'application/json', 'subscription-protocol': 'callback/1.0' };
      return (await fetch(callbackUrl, { method: 'POST', headers, body })).ok;
    };
    const isOpen = () => true;
    const own = life;
    void (async () => {
      while (life === own && endless > 0 && (await send('check').catch(() => false))) await sleep(50);
    })();
    if (await pass(events, isOpen, (event) => send('next', { payload: event }))) await send('complete');
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (request.method !== 'POST') return void response.writeHead(404).end();
    const payload = JSON.parse(Buffer.concat(chunks).toString()) as Payload;
    seen.push({ headers: request.headers });
    if (request.headers.authorization === 'Bearer wrong') return void response.writeHead(403).end('No.');
    const events = await run(payload);
    if (!(Symbol.asyncIterator in events) || request.url === '/callback') {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(Symbol.asyncIterator in events ? { data: null } : events));
      return Symbol.asyncIterator in events ? callBack(payload, events) : undefined;
    }
    const isOpen = () => !response.destroyed;
    if (request.url === '/sse') {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(':\n\n');
      const send = (event: ExecutionResult) => void response.write(`event: next\ndata: ${JSON.stringify(event)}\n\n`);
      if (!(await pass(events, isOpen, send))) return;
      if (request.headers['x-cut'] === undefined) response.end('event: complete\ndata:\n\n');
      else setTimeout(() => response.destroy(), 100); // what was written goes out first
      return;
    }
    response.writeHead(200, { 'content-type': 'multipart/mixed; boundary="-"; subscriptionSpec=1.0' });
    response.write('---');
    const part = (json: string) => void response.write(`\r\nContent-Type: application/json\r\n\r\n${json}\r\n---`);
    part('{}');
    if (await pass(events, isOpen, (event) => part(JSON.stringify({ payload: event })))) response.end('--\r\n');
  }

  const server = createServer((request, response) => void handle(request, response).catch(() => response.destroy()));
  const faces = [modern, legacy, silent];
  server.on('upgrade', (request, socket, head) => {
    const face = request.url === '/legacy' ? legacy : request.url === '/silent' ? silent : modern;
    face.handleUpgrade(request, socket, head, (opened) => face.emit('connection', opened, request));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const crash = (): void => {
    life++;
    for (const face of faces) for (const client of face.clients) client.terminate();
    server.closeAllConnections();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`,
    seen,
    get endless() {
      return endless;
    },
    crash,
    async [Symbol.asyncDispose]() {
      crash();
      server.close();
    },
  };
}
