import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createClient } from 'graphql-ws';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { composeSdl } from './execution/testing/fleet.ts';
import { PROTOCOLS, STREAMING_SDL, startStreamingSubgraph, TICK_TEXT } from './testing/streaming-subgraph.ts';
import { startTestGateway } from './testing/test-gateway.ts';

const subgraph = await startStreamingSubgraph();
const { seen } = subgraph;
const folder = mkdtempSync(path.join(tmpdir(), 'foreign-subscriptions-'));
const cleanup = new AsyncDisposableStack();
afterAll(async () => {
  await cleanup.disposeAsync();
  await subgraph[Symbol.asyncDispose]();
});
beforeEach(() => {
  seen.length = 0;
});

let files = 0;
async function serve(subscriptions: string, more = '') {
  const file = path.join(folder, `gateway-${files++}.yaml`);
  writeFileSync(file, `all: { subscriptions: ${subscriptions} }\n${more}`);
  const sdl = composeSdl({ clock: STREAMING_SDL }).replace('http://clock.test', subgraph.url);
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
const THREE = [1, 2, 3].map((n) => ({ data: { ticks: { n, text: TICK_TEXT } } }));

// Callbacks need the address of the gateway: foreign-callbacks.test.ts.
const { callback: _, ...STREAMED } = PROTOCOLS;

describe.each(Object.entries(STREAMED))('a subgraph that speaks %s', (protocol, settings) => {
  it('is followed to its end, with the credentials of the client', async () => {
    const { url } = await serve(settings);
    const { events, codes } = await follow(url, TICKS, { Authorization: 'Bearer ada' });
    expect([events, codes]).toEqual([THREE, []]);
    expect(seen[0]!.headers.authorization).toBe('Bearer ada');
    if (protocol.endsWith('ws')) expect(seen[0]!.init).toMatchObject({ authorization: 'Bearer ada' });
  });

  it('is not asked with what can be no header, and the next one is told the same', async () => {
    const { url } = await serve(settings);
    for (let n = 0; n < 2; n++) {
      const { codes } = await follow(url, TICKS, { Authorization: 'Bearer a\r\nx-role: root' });
      expect(codes).toEqual(['BAD_USER_INPUT']);
    }
    expect(seen).toEqual([]);
    expect((await follow(url, TICKS, { Authorization: 'Bearer ada' })).events).toEqual(THREE);
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
