import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { fc } from '#platform/base/testing/generated.ts';
import { createEngine } from '../execution/engine/engine.ts';
import { composeSdl } from '../execution/testing/fleet.ts';
import { startTestGateway } from '../testing/test-gateway.ts';

/** What the subgraph writes for one event, given the id of the operation, and in how many frames. */
interface Written {
  message(id: string): string;
  readonly frames: number;
}
let script: readonly Written[] = [];

/** A subgraph that speaks the protocol and writes whatever the script says. */
const http = createServer().listen(0, '127.0.0.1');
await once(http, 'listening');
new WebSocketServer({ server: http, handleProtocols: () => 'graphql-transport-ws' }).on('connection', (socket) => {
  socket.on('message', (data) => {
    const { type, id } = JSON.parse(data.toString()) as { type: string; id: string };
    if (type === 'connection_init') socket.send('{"type":"connection_ack"}');
    if (type !== 'subscribe') return;
    for (const { message, frames } of script) {
      const bytes = Buffer.from(message(id));
      const step = Math.ceil(bytes.length / frames);
      for (let at = 0; at < bytes.length; at += step) {
        socket.send(bytes.subarray(at, at + step), { binary: false, fin: at + step >= bytes.length });
      }
    }
    socket.send(JSON.stringify({ id, type: 'complete' }));
  });
});
const { port } = http.address() as AddressInfo;

const sdl = composeSdl({
  events: `
    type Query { ok: Boolean }
    type Subscription { event: Event }
    type Event { text: String number: Float list: [String] extensions: [Event] inner: Event }`,
}).replace('http://events.test', `http://127.0.0.1:${port}/graphql`);
const start = (trusted: boolean, env = {}) =>
  startTestGateway(
    { RATE_LIMIT_ADDRESS: '0', ...env },
    {
      supergraph: { sdl },
      transports: new Map(),
      compile: (supergraph) => createEngine({ supergraph, trusted: () => trusted }),
    },
  );
const trusting = await start(true);
const reading = await start(false);
afterAll(async () => {
  await trusting[Symbol.asyncDispose]();
  await reading[Symbol.asyncDispose]();
  http.closeAllConnections();
  http.close();
});

const QUERY = 'subscription { event { text number list extensions { text } inner { text number } } }';

/** The texts of all payloads that a client gets for the script, and how it ends. */
async function overWebSocket({ url }: { url: string }, query = QUERY): Promise<{ payloads: string[]; end: string }> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  const payloads: string[] = [];
  const ended = Promise.withResolvers<string>();
  socket.on('close', (code) => ended.resolve(`closed ${code}`));
  socket.on('open', () => socket.send('{"type":"connection_init"}'));
  socket.on('message', (data) => {
    const text = data.toString();
    const { type } = JSON.parse(text) as { type: string };
    if (type === 'connection_ack') socket.send(JSON.stringify({ id: 'ä"1', type: 'subscribe', payload: { query } }));
    else if (type === 'next') payloads.push(/^\{"id":"ä\\"1","type":"next","payload":(.*)\}$/s.exec(text)![1]!);
    else ended.resolve(type);
  });
  const end = await ended.promise;
  socket.close();
  return { payloads, end };
}

async function overHttp({ url }: { url: string }, accept: string): Promise<string> {
  const headers = { 'content-type': 'application/json', accept };
  const body = JSON.stringify({ query: QUERY });
  return (await fetch(`${url}/graphql`, { method: 'POST', headers, body })).text();
}

const next = (payload: unknown, frames = 1): Written => raw(JSON.stringify(payload), frames);
const raw = (payload: string, frames = 1): Written => ({
  message: (id) => `{"id":${JSON.stringify(id)},"type":"next","payload":${payload}}`,
  frames,
});

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('"', '\\', '{', '}', '\n', '\u2028', '🙂', '\ud800', '},"extensions":{') }),
  fc.integer({ min: 1, max: 100_000 }).map((length) => 'ä"'.repeat(length / 3)),
);
const leaf = fc.record({
  text: fc.option(text),
  number: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true })),
});
const event = fc.record({
  text: fc.option(text),
  number: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true })),
  list: fc.option(fc.array(fc.option(fc.string({ unit: 'binary' })))),
  extensions: fc.option(fc.array(fc.record({ text: fc.option(text) }))),
  inner: fc.option(leaf),
});
const error = fc.record({ message: text, path: fc.constant(['event', 'text']) });
const payload = fc.oneof(
  { weight: 4, arbitrary: fc.record({ data: fc.record({ event: fc.option(event) }) }) },
  { weight: 1, arbitrary: fc.record({ data: fc.record({ event }), errors: fc.array(error, { minLength: 1 }) }) },
  { weight: 1, arbitrary: fc.record({ errors: fc.array(error, { minLength: 1 }), data: fc.record({ event }) }) },
  { weight: 1, arbitrary: fc.record({ data: fc.record({ event }), extensions: fc.dictionary(text, text) }) },
  { weight: 1, arbitrary: fc.constant({ data: null }) },
);

it('what is passed on unread says the same as what is read and written again', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(payload, fc.integer({ min: 1, max: 4 })), { minLength: 1, maxLength: 8 }),
      async (events) => {
        script = events.map(([one, frames]) => next(one, frames));
        const [passed, read] = await Promise.all([overWebSocket(trusting), overWebSocket(reading)]);
        expect(passed.end).toBe(read.end);
        expect(passed.payloads.map((one) => JSON.parse(one))).toEqual(read.payloads.map((one) => JSON.parse(one)));
        expect(passed.payloads).toHaveLength(events.length);
      },
    ),
    { numRuns: 40 },
  );
}, 60_000);

// Unusual enough to be recognised, and no different in what it says.
const AS_SENT = '{"data":{"event":{"text":"\\u00e4","number":1.50e1,"list":[ ],"extensions":null,"inner":null}}}';
const AS_WRITTEN = '{"data":{"event":{"text":"ä","number":15,"list":[],"extensions":null,"inner":null}}}';

describe('an event of a trusted subgraph', () => {
  it('reaches the client byte by byte, by every way', async () => {
    script = [raw(AS_SENT), raw(AS_SENT, 3)];
    expect((await overWebSocket(trusting)).payloads).toEqual([AS_SENT, AS_SENT]);
    expect((await overWebSocket(reading)).payloads).toEqual([AS_WRITTEN, AS_WRITTEN]);
    const sse = `event: next\ndata: ${AS_SENT}\n\n`;
    expect(await overHttp(trusting, 'text/event-stream')).toBe(`${sse}${sse}event: complete\ndata:\n\n`);
    const part = `\r\ncontent-type: application/json\r\n\r\n{"payload":${AS_SENT}}\r\n--graphql`;
    expect(await overHttp(trusting, 'multipart/mixed;subscriptionSpec="1.0"')).toBe(
      `\r\n--graphql${part}${part}--\r\n`,
    );
  });

  it('that is spread over lines does not break the lines of an event stream', async () => {
    script = [raw(AS_SENT.replaceAll(',', ',\r\n'))];
    const stream = await overHttp(trusting, 'text/event-stream');
    expect(stream).toMatch(/^event: next\ndata: [^\r\n]+\n\nevent: complete\ndata:\n\n$/);
    expect(JSON.parse(/data: (.*)/.exec(stream)![1]!)).toEqual(JSON.parse(AS_WRITTEN));
  });

  it.each([
    ['has errors', `${AS_SENT.slice(0, -1)},"errors":[{"message":"m","path":["event","list"]}]}`],
    ['has extensions', `${AS_SENT.slice(0, -1)},"extensions":{"secret":1}}`],
    ['begins with errors', `{"errors":[{"message":"m","path":["event","list"]}],${AS_SENT.slice(1)}`],
    ['is not written as we write', AS_SENT.replace('{"data"', '{ "data"')],
  ])('is read when it %s', async (_, sent) => {
    script = [raw(sent)];
    const [only] = (await overWebSocket(trusting)).payloads;
    expect(JSON.parse(only!).data).toEqual(JSON.parse(AS_WRITTEN).data);
    expect(only).not.toMatch(/1\.50|secret/);
  });

  it('is read when its message is in another order, or has more in it', async () => {
    const other = (message: (id: string) => string): Written => ({ message, frames: 1 });
    script = [
      other((id) => `{"type":"next","id":"${id}","payload":${AS_SENT}}`),
      other((id) => `{ "id":"${id}","type":"next","payload":${AS_SENT}}`),
      other((id) => `{"id":"${id}","type":"next","payload":${AS_SENT},"more":[]}`),
      other((id) => `{"id":"${id}","type":"next","payload":${AS_SENT}}\n`),
    ];
    expect((await overWebSocket(trusting)).payloads).toEqual(Array(4).fill(AS_WRITTEN));
  });

  it('is read when the client selects it otherwise', async () => {
    script = [next({ data: { event: { text: 'a' } } })];
    const { payloads } = await overWebSocket(trusting, 'subscription { event { words: text __typename } }');
    expect(payloads.map((one) => JSON.parse(one).data.event)).toEqual([{ words: null, __typename: 'Event' }]);
  });
});
