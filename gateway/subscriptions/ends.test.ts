import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buildSchema, GraphQLError } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { afterAll, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { plainAssertions } from '#platform/host/testing/platform.ts';
import { composeSdl } from '../execution/testing/fleet.ts';
import { startTestGateway } from '../testing/test-gateway.ts';

const SUBSCRIPTIONS = `
  type Subscription { must: Event! may(n: Int): Event refused: Event }
  type Event { text: String }`;

/** What the subgraph sends for an operation, by its id; a number closes its socket with that code. */
let script: readonly (object | number)[] = [];

/** Subgraphs of strangers: one that writes what the script says, and the server that most of them are. */
const http = createServer().listen(0, '127.0.0.1');
await once(http, 'listening');
const scripted = new WebSocketServer({ noServer: true });
scripted.on('connection', (socket) => {
  socket.on('message', (data) => {
    const { type, id } = JSON.parse(data.toString()) as { type: string; id: string };
    if (type === 'connection_init') {
      if (typeof script[0] === 'number') return socket.close(script[0], 'Not you');
      socket.send('{"type":"connection_ack"}');
    }
    if (type !== 'subscribe') return;
    for (const message of script) {
      if (typeof message === 'number') socket.close(message, 'Not you');
      else socket.send(JSON.stringify({ id, ...message }));
    }
  });
});
const ordinary = new WebSocketServer({ noServer: true });
const schema = buildSchema(`type Query { ok: Boolean } ${SUBSCRIPTIONS}`);
async function* breaking() {
  yield { may: { text: 'a' } };
  throw new GraphQLError('The source is dry.', { extensions: { code: 'DRY' } });
}
async function* withoutData() {
  yield { must: null };
  yield { must: { text: 'b' } };
}
schema.getSubscriptionType()!.getFields()['may']!.subscribe = breaking;
schema.getSubscriptionType()!.getFields()['must']!.subscribe = withoutData;
schema.getSubscriptionType()!.getFields()['refused']!.subscribe = () => {
  throw new GraphQLError('Not for you.', { extensions: { code: 'FORBIDDEN' } });
};
useServer({ schema }, ordinary);
http.on('upgrade', (request, socket, head) => {
  const server = request.url === '/ordinary' ? ordinary : scripted;
  server.handleUpgrade(request, socket, head, (opened) => server.emit('connection', opened, request));
});
const { port } = http.address() as AddressInfo;

const start = (path: string, options = {}) => {
  const sdl = composeSdl({ events: `type Query { ok: Boolean } ${SUBSCRIPTIONS}` });
  const supergraph = { sdl: sdl.replace('http://events.test', `http://127.0.0.1:${port}${path}`) };
  return startTestGateway({ RATE_LIMIT_ADDRESS: '0' }, { supergraph, transports: new Map(), ...options });
};
const gateway = await start('/scripted');
const signing = await start('/scripted', { assertions: plainAssertions });
const common = await start('/ordinary');
afterAll(async () => {
  for (const one of [gateway, signing, common]) await one[Symbol.asyncDispose]();
  http.closeAllConnections();
  http.close();
});

const MAY = 'subscription { mine: may { text } }';

type Message = { readonly type: string; readonly payload?: unknown };

/** All messages about one operation. */
async function overWebSocket({ url }: { url: string }, query: string): Promise<Message[]> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  const messages: Message[] = [];
  const ended = Promise.withResolvers<void>();
  socket.on('open', () => socket.send('{"type":"connection_init"}'));
  socket.on('close', () => ended.resolve());
  socket.on('message', (data) => {
    const { id, ...message } = JSON.parse(data.toString()) as Message & { id?: string };
    if (message.type === 'connection_ack') {
      return socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query } }));
    }
    messages.push(message);
    if (message.type !== 'next') ended.resolve();
  });
  await ended.promise;
  socket.terminate();
  return messages;
}

async function overHttp({ url }: { url: string }, query: string, accept: string): Promise<string> {
  const headers = { 'content-type': 'application/json', accept };
  return (await fetch(`${url}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query }) })).text();
}

const next = (payload: unknown) => ({ type: 'next', payload });
const complete = { type: 'complete' };
const locations = [{ line: 7, column: 7 }];
const UNSAID = { message: 'A subgraph failed without saying why.', extensions: { code: 'DOWNSTREAM_SERVICE_ERROR' } };

describe('a subgraph that ends an operation with errors', () => {
  const given = [{ message: 'No.', path: ['mine', 'text'], locations, extensions: { code: 'TEAPOT', why: 1 } }];
  const told = [{ message: 'No.', path: ['mine', 'text'], extensions: { code: 'TEAPOT', why: 1 } }];

  it.each([
    ['at once', []],
    ['after events', [next({ data: { mine: { text: 'a' } } }), next({ data: { mine: { text: 'b' } } })]],
  ])('%s, ends it for the client so, in the form of each protocol', async (_, events) => {
    script = [...events, { type: 'error', payload: given }];
    const seen = events.map((_, i) => ({ data: { mine: { text: i === 0 ? 'a' : 'b' } } }));
    expect(await overWebSocket(gateway, MAY)).toEqual([...seen.map(next), { type: 'error', payload: told }]);
    const sse = [...seen, { errors: told }].map((one) => `event: next\ndata: ${JSON.stringify(one)}\n\n`);
    expect(await overHttp(gateway, MAY, 'text/event-stream')).toBe(`${sse.join('')}event: complete\ndata:\n\n`);
    const parts = [...seen.map((payload) => ({ payload })), { payload: null, errors: told }];
    const multipart = await overHttp(gateway, MAY, 'multipart/mixed;subscriptionSpec="1.0"');
    expect(multipart.match(/^\{.*\}$/gm)!.map((one) => JSON.parse(one))).toEqual(parts);
  });

  it.each<[string, unknown, unknown]>([
    ['has no code', [{ message: 'No.', locations }], [{ message: 'No.', extensions: UNSAID.extensions }]],
    ['has no message', [{ extensions: { code: 'X' } }], [{ ...UNSAID, extensions: { code: 'X' } }]],
    ['has a message that is a number', [{ message: 5 }], [UNSAID]],
    ['has extensions that are a text', [{ message: 'No.', extensions: 'X' }], [{ ...UNSAID, message: 'No.' }]],
    ['is nothing', [null], [UNSAID]],
    ['is not there', [], [UNSAID]],
    ['stands alone', { message: 'No.' }, [{ ...UNSAID, message: 'No.' }]],
  ])('ends it so when the error %s', async (_, payload, errors) => {
    script = [{ type: 'error', payload }];
    expect(await overWebSocket(gateway, MAY)).toEqual([{ type: 'error', payload: errors }]);
  });

  it('ends it in the same way when it says so in an answer without data, as servers do', async () => {
    script = [next({ errors: [{ message: 'No.', locations }] }), complete];
    const payload = [{ message: 'No.', extensions: { code: 'DOWNSTREAM_SERVICE_ERROR' } }];
    expect(await overWebSocket(gateway, MAY)).toEqual([{ type: 'error', payload }]);
  });
});

describe('an event with errors', () => {
  const error = { message: 'Lost.', path: ['mine'], locations };
  const told = { message: 'Lost.', path: ['mine'], extensions: { code: 'DOWNSTREAM_SERVICE_ERROR' } };

  it.each([
    ['data that is null', { data: null, errors: [error] }, { errors: [told], data: null }],
    ['data', { data: { mine: null }, errors: [error] }, { errors: [told], data: { mine: null } }],
    ['extensions', { data: null, errors: [error], extensions: { secret: 1 } }, { errors: [told], data: null }],
  ])('and %s is an event, and the next one comes', async (_, event, seen) => {
    const good = { data: { mine: { text: 'a' } } };
    script = [next(event), next(good), complete];
    const expected = [next(seen), next({ data: { mine: { text: 'a' } } }), complete];
    expect(await overWebSocket(gateway, MAY)).toEqual(expected);
  });

  it('and no data at all is one when others came before it', async () => {
    script = [next({ data: { mine: null } }), next({ errors: [error] }), complete];
    const expected = [next({ data: { mine: null } }), next({ errors: [told], data: null }), complete];
    expect(await overWebSocket(gateway, MAY)).toEqual(expected);
  });
});

it('a subgraph that completes without an event is a subscription that completes', async () => {
  script = [complete];
  expect(await overWebSocket(gateway, MAY)).toEqual([complete]);
});

it.each([
  ['at its first message', [4403], [], 'FORBIDDEN'],
  ['at the operation', [next({ data: { mine: null } }), 4401], [next({ data: { mine: null } })], 'UNAUTHENTICATED'],
])(
  'a socket that the subgraph refuses %s refuses the credentials that it got: the client’s, or the gateway’s own',
  async (_, sent, seen, code) => {
    script = sent;
    for (const [asked, expected] of [
      [gateway, code],
      [signing, 'SUBGRAPH_UNAVAILABLE'],
    ] as const) {
      const messages = await overWebSocket(asked, MAY);
      expect(messages.slice(0, -1)).toEqual(seen);
      expect(messages.at(-1)).toMatchObject({ type: 'error', payload: [{ extensions: { code: expected } }] });
    }
  },
);

it('a refusal of the identity that the gateway has signed signs no client out', async () => {
  const refusal = { message: 'No.', extensions: { code: 'UNAUTHENTICATED', refused: 'assertion' } };
  script = [{ type: 'error', payload: [refusal] }];
  expect(await overWebSocket(signing, MAY)).toMatchObject([
    { type: 'error', payload: [{ extensions: { code: 'SUBGRAPH_UNAVAILABLE' } }] },
  ]);
  // Where credentials are passed on, it is the client who is refused.
  expect(await overWebSocket(gateway, MAY)).toMatchObject([
    { type: 'error', payload: [{ extensions: { code: 'UNAUTHENTICATED' } }] },
  ]);
});

describe('an ordinary graphql-ws server', () => {
  it('whose source does not open refuses the operation', async () => {
    expect(await overWebSocket(common, 'subscription { refused { text } }')).toEqual([
      { type: 'error', payload: [{ message: 'Not for you.', path: ['refused'], extensions: { code: 'FORBIDDEN' } }] },
    ]);
  });

  it('whose source breaks ends with its error, after the events that came', async () => {
    expect(await overWebSocket(common, MAY)).toEqual([
      next({ data: { mine: { text: 'a' } } }),
      { type: 'error', payload: [{ message: 'The source is dry.', extensions: { code: 'DRY' } }] },
    ]);
  });

  it('whose event lacks what must be there sends null for it, and goes on', async () => {
    const message = 'Cannot return null for non-nullable field Subscription.must.';
    expect(await overWebSocket(common, 'subscription { it: must { text } }')).toEqual([
      next({
        errors: [{ message, path: ['it'], extensions: { code: 'DOWNSTREAM_SERVICE_ERROR' } }],
        data: null,
      }),
      next({ data: { it: { text: 'b' } } }),
      complete,
    ]);
  });
});

it('a subscription whose variables do not fit ends with the error, and opens nothing', async () => {
  script = [complete];
  const messages = await overWebSocket(gateway, 'subscription ($n: Int!) { may(n: $n) { text } }');
  expect(messages).toMatchObject([{ type: 'error', payload: [{ extensions: { code: 'BAD_USER_INPUT' } }] }]);
});
