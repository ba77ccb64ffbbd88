import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createClient } from 'graphql-ws';
import { afterAll, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { createSubgraph } from '#platform/host/host.ts';
import { hostPlatform } from '#platform/host/testing/platform.ts';
import { library } from '#platform/host/testing/subgraph.ts';
import { ANONYMOUS } from '#platform/identity/identity.ts';
import type { SubgraphTransport } from '#platform/net/transport/transport.ts';
import { librarySdl, startTestGateway } from './testing/test-gateway.ts';

const file = path.join(mkdtempSync(path.join(tmpdir(), 'reload-')), 'supergraph.graphql');
writeFileSync(file, librarySdl);
const gateway = await startTestGateway({}, { supergraph: { file } });
afterAll(() => gateway[Symbol.asyncDispose]());

const ask = async (query: string) => {
  const response = await fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  return (await response.json()) as { data?: Record<string, unknown>; errors?: { message: string }[] };
};

it('a changed supergraph is served with no failed request, and subscribers come back to it by themselves', async () => {
  const closes: number[] = [];
  const events: unknown[] = [];
  const problems: unknown[] = [];
  const client = createClient({
    url: `${gateway.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryWait: async () => {},
    on: { closed: (event) => closes.push((event as { code: number }).code) },
  });
  const stop = client.subscribe(
    { query: 'subscription { endless { number } }' },
    { next: (event) => events.push(event), error: (error) => problems.push(error), complete: () => {} },
  );
  await expect.poll(() => events.length, { timeout: 10_000 }).toBeGreaterThan(0);

  let stopped = false;
  const failures: unknown[] = [];
  const load = (async () => {
    while (!stopped) {
      const { data, errors } = await ask('{ greeting(name: "x") }');
      if (data?.['greeting'] !== 'Hello x') failures.push(errors);
    }
  })();
  // The public name of a field changes: what composition would do when a subgraph is deployed.
  writeFileSync(file, librarySdl.replace('  slow: String', '  slow: String @deprecated(reason: "too slow")'));
  await expect
    .poll(
      async () =>
        JSON.stringify(await ask('{ __type(name: "Query") { fields(includeDeprecated: true) { isDeprecated } } }')),
      {
        timeout: 20_000,
      },
    )
    .toContain('true');
  await expect.poll(() => closes, { timeout: 20_000 }).toEqual([1012]);
  const seen = events.length;
  await expect.poll(() => events.length, { timeout: 10_000 }).toBeGreaterThan(seen);
  stopped = true;
  await load;
  expect(failures).toEqual([]);
  expect(problems).toEqual([]);
  stop();
  await client.dispose();
});

it('a broken supergraph does not replace a good one', async () => {
  writeFileSync(file, 'type Query {');
  expect(await gateway.reload()).toBe(false);
  expect((await ask('{ greeting(name: "x") }')).data).toEqual({ greeting: 'Hello x' });
});

it('no supergraph at the start is said in one line', async () => {
  writeFileSync(file, 'type Query {');
  await expect(startTestGateway({}, { supergraph: { file } })).rejects.toThrow(/^[^\n]*supergraph[^\n]*$/);
});

/** A gateway whose supergraph changes; `upstreams` counts what it has subscribed to. */
async function changing() {
  const source = path.join(mkdtempSync(path.join(tmpdir(), 'reload-')), 'supergraph.graphql');
  writeFileSync(source, librarySdl);
  const { transport } = await createSubgraph(library, hostPlatform());
  const state = { upstreams: 0, gate: Promise.resolve(), asked: 0 };
  const counted: SubgraphTransport = {
    subgraph: transport.subgraph,
    execute: (request) => transport.execute(request),
    subscribe(request, sink) {
      state.upstreams++;
      return transport.subscribe(request, sink);
    },
    fetch: (request, identity) => transport.fetch(request, identity),
    health: () => transport.health(),
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  };
  const served = await startTestGateway(
    {},
    {
      supergraph: { file: source },
      transports: new Map([['library', counted]]),
      authenticator: {
        async authenticate() {
          state.asked++;
          await state.gate;
          return ANONYMOUS;
        },
        watch: () => () => undefined,
      },
    },
  );
  const change = () =>
    writeFileSync(source, librarySdl.replace('  slow: String', '  slow: String @deprecated(reason: "too slow")'));
  /** What a stream says until it ends. */
  const stream = async (authorization?: string) => {
    const response = await fetch(`${served.url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream',
        ...(authorization !== undefined && { authorization }),
      },
      body: JSON.stringify({ query: 'subscription { endless { number } }' }),
    });
    return response.body!.pipeThrough(new TextDecoderStream());
  };
  const textOf = async (body: ReadableStream<string>) => {
    let text = '';
    for await (const piece of body) text += piece;
    return text;
  };
  return { served, state, change, stream, textOf };
}

it('who comes back after a reload gets the new version, and not the upstream of those who are still to come', async () => {
  const { served, state, change, stream, textOf } = await changing();
  await using _ = served;
  const first = await Promise.all([stream(), stream(), stream()]);
  expect(state.upstreams).toBe(1);
  change();
  expect(await served.reload()).toBe(true);
  const back = first.map(async (body) => {
    expect(await textOf(body)).toContain('RESUBSCRIBE');
    return stream();
  });
  const second = await Promise.all(back);
  expect(state.upstreams).toBe(2);
  await Promise.all(second.map((body) => body.cancel()));
}, 30_000);

it('a subscription that was on its way while the supergraph changed is told to come again', async () => {
  const { served, state, change, stream, textOf } = await changing();
  await using _ = served;
  const gate = Promise.withResolvers<void>();
  state.gate = gate.promise;
  const late = stream('Bearer a');
  await expect.poll(() => state.asked).toBe(1);
  change();
  expect(await served.reload()).toBe(true);
  gate.resolve();
  expect(await textOf(await late)).toContain('RESUBSCRIBE');
  expect(state.upstreams).toBe(0);
}, 30_000);

it('who is let in by other rules than before is told to come again, over sockets and streams', async () => {
  const settings = path.join(path.dirname(file), 'gateway.yaml');
  writeFileSync(settings, 'limits: { depth: 12 }');
  await using served = await startTestGateway({}, { file: settings });
  const socket = new WebSocket(`${served.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  await once(socket, 'open');
  const closed = once(socket, 'close');
  socket.send('{"type":"connection_init"}');
  await once(socket, 'message');
  const stream = await fetch(`${served.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify({ query: 'subscription { endless { number } }' }),
  });
  const issuers = '[{ jwks: "http://127.0.0.1:9/keys.json", issuer: here }]';
  writeFileSync(settings, `limits: { depth: 12 }\nauthentication: { required: true, issuers: ${issuers} }`);
  expect(await served.reload()).toBe(true);
  expect((await closed)[0]).toBe(1012);
  expect(await stream.text()).toContain('RESUBSCRIBE');
}, 30_000);
