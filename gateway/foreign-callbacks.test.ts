import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginSubscriptionCallback } from '@apollo/server/plugin/subscriptionCallback';
import { startStandaloneServer } from '@apollo/server/standalone';
import { buildSchema, GraphQLError } from 'graphql';
import { createClient } from 'graphql-ws';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { composeSdl } from './execution/testing/fleet.ts';
import { parseGatewayFile } from './settings/read-gateway-file.ts';
import { startTestGateway } from './testing/test-gateway.ts';

const SDL =
  'type Query { ok: Boolean } type Subscription { ticks(to: Int!): Tick endless: Tick fails: Tick } type Tick { n: Int }';
const cleanup = new AsyncDisposableStack();
afterAll(() => cleanup.disposeAsync());

/** Apollo Server, which brings the other side of the protocol. */
const schema = buildSchema(SDL);
let endlessRuns = 0;
const fields = schema.getSubscriptionType()!.getFields();
fields['ticks']!.subscribe = async function* (_, { to }: { to: number }) {
  for (let n = 1; n <= to; n++) yield { ticks: { n } };
};
fields['endless']!.subscribe = async function* () {
  endlessRuns++;
  try {
    for (let n = 1; ; n++) {
      yield { endless: { n } };
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  } finally {
    endlessRuns--;
  }
};
fields['fails']!.subscribe = () => {
  throw new GraphQLError('Not for you.', { extensions: { code: 'FORBIDDEN' } });
};
const seen: (string | undefined)[] = [];
const apollo = new ApolloServer({
  schema,
  plugins: [ApolloServerPluginSubscriptionCallback()],
  stopOnTerminationSignals: false,
});
const { url: apolloUrl } = await startStandaloneServer(apollo, {
  listen: { port: 0, host: '127.0.0.1' },
  context: async ({ req }) => {
    seen.push(req.headers.authorization);
    return {};
  },
});
cleanup.defer(() => apollo.stop());

interface Begun {
  readonly callbackUrl: string;
  readonly subscriptionId: string;
  readonly verifier: string;
  readonly heartbeatIntervalMs: number;
}
/** A subgraph that begins subscriptions, and of which a test says what it sends. */
const begun: Begun[] = [];
const silent = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  begun.push(
    (JSON.parse(Buffer.concat(chunks).toString()) as { extensions: { subscription: Begun } }).extensions.subscription,
  );
  response
    .writeHead(200, { 'content-type': 'application/json', 'subscription-protocol': 'callback/1.0' })
    .end('{"data":null}');
}).listen(0, '127.0.0.1');
await once(silent, 'listening');
cleanup.defer(() => {
  silent.closeAllConnections();
  silent.close();
});
beforeEach(() => {
  begun.length = 0;
  seen.length = 0;
});

let files = 0;
const folder = mkdtempSync(path.join(tmpdir(), 'callbacks-'));
async function serve(subgraph: string, heartbeatMs = 5_000) {
  const file = path.join(folder, `gateway-${files++}.yaml`);
  writeFileSync(file, '{}');
  const sdl = composeSdl({ clock: SDL }).replace('http://clock.test', subgraph);
  const gateway = cleanup.use(await startTestGateway({}, { supergraph: { sdl }, transports: new Map(), file }));
  const callback = `{ url: "${gateway.url}/callback", heartbeat_ms: ${heartbeatMs} }`;
  writeFileSync(file, `{ callback: ${callback}, all: { subscriptions: { protocol: callback } } }`);
  await gateway.reload();
  return gateway;
}

function follow(url: string, query: string, authorization?: string) {
  const client = createClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    connectionParams: authorization ? { authorization } : {},
  });
  const events: unknown[] = [];
  const ended = Promise.withResolvers<readonly { message: string; extensions: { code: string } }[]>();
  const stop = client.subscribe(
    { query },
    {
      next: (event) => events.push(event),
      error: (error) => ended.resolve(error as never),
      complete: () => ended.resolve([]),
    },
  );
  return { events, ended: ended.promise, stop, client };
}

const silentUrl = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/graphql`;
const send = async (url: string, body: unknown) => {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'subscription-protocol': 'callback/1.0' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return [answer.status, answer.headers.get('subscription-protocol')];
};

describe('Apollo Server, over the HTTP callback protocol', () => {
  it('is followed to its end, with the credentials of the client', async () => {
    const { url } = await serve(apolloUrl);
    const { events, ended, client } = follow(url, 'subscription { ticks(to: 3) { n } }', 'Bearer ada');
    expect(await ended).toEqual([]);
    expect(events).toEqual([1, 2, 3].map((n) => ({ data: { ticks: { n } } })));
    expect(seen).toContain('Bearer ada');
    await client.dispose();
  });

  it('refuses a subscription in its own words', async () => {
    const { url } = await serve(apolloUrl);
    const { ended, client } = follow(url, 'subscription { fails { n } }');
    expect((await ended).map(({ message, extensions }) => [message, extensions.code])).toEqual([
      ['Not for you.', 'FORBIDDEN'],
    ]);
    await client.dispose();
  });

  it('learns that the client has left, and ends its work', async () => {
    const { url } = await serve(apolloUrl);
    const { events, stop, client } = follow(url, 'subscription { endless { n } }');
    await expect.poll(() => events.length).toBeGreaterThan(2);
    expect(endlessRuns).toBe(1);
    stop();
    await expect.poll(() => endlessRuns).toBe(0);
    await client.dispose();
  });
});

describe('a callback', () => {
  it('needs the id and the verifier of a subscription that is open', async () => {
    const { url } = await serve(silentUrl);
    const { events, ended, client } = follow(url, 'subscription { ticks(to: 3) { n } }');
    await expect.poll(() => begun.length).toBe(1);
    const { callbackUrl, subscriptionId: id, verifier, heartbeatIntervalMs } = begun[0]!;
    expect([callbackUrl, heartbeatIntervalMs]).toEqual([`${url}/callback/${id}`, 5_000]);
    const message = { kind: 'subscription', id, verifier };
    const next = { ...message, action: 'next', payload: { data: { ticks: { n: 7 } } } };
    for (const [body, status] of [
      ['{', 400],
      [{ ...next, verifier: 'other' }, 400],
      [{ ...next, verifier: undefined }, 400],
      [{ ...next, id: 'other' }, 400],
      [{ ...next, kind: 'other' }, 400],
      [{ ...next, action: 'other' }, 400],
      [{ ...next, payload: 'text' }, 400],
      [{ ...message, action: 'check' }, 204],
      [next, 200],
    ] as const)
      expect(await send(callbackUrl, body)).toEqual([status, 'callback/1.0']);
    expect((await send(`${url}/callback/other`, { ...next, id: 'other' }))[0]).toBe(404);
    await expect.poll(() => events).toEqual([{ data: { ticks: { n: 7 } } }]);
    expect((await send(callbackUrl, { ...message, action: 'complete' }))[0]).toBe(202);
    expect(await ended).toEqual([]);
    expect((await send(callbackUrl, next))[0]).toBe(404);
    await client.dispose();
  });

  it('ends a subscription with errors, and what is not GraphQL ends it as such', async () => {
    const { url } = await serve(silentUrl);
    const one = follow(url, 'subscription { ticks(to: 3) { n } }');
    await expect.poll(() => begun.length).toBe(1);
    const { callbackUrl, subscriptionId: id, verifier } = begun[0]!;
    const errors = [{ message: 'It is over.', extensions: { code: 'E_OVER' } }];
    await send(callbackUrl, { kind: 'subscription', id, verifier, action: 'complete', errors });
    expect((await one.ended).map(({ message }) => message)).toEqual(['It is over.']);
    await one.client.dispose();
  });

  it('that does not come for three heartbeats is a subgraph that is lost', async () => {
    const { url } = await serve(silentUrl, 50);
    const { ended, client } = follow(url, 'subscription { ticks(to: 3) { n } }');
    expect((await ended).map(({ extensions }) => extensions.code)).toEqual(['SUBGRAPH_UNAVAILABLE']);
    await client.dispose();
  });
});

it('a file that wants callbacks has to say where they come', () => {
  const yaml = 'subgraphs: { clock: { subscriptions: { protocol: callback } } }';
  expect(() => parseGatewayFile(yaml, 'gateway.yaml', {})).toThrow(
    'gateway.yaml: subgraphs.clock.subscriptions.protocol is wrong; allowed: callback only with `callback: {url: …}`',
  );
});
