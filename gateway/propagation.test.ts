import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, expect, it } from 'vitest';
import type { SubgraphTransport } from '#platform/net/transport/transport.ts';
import { fakeAuthenticator, startTestGateway } from './testing/test-gateway.ts';

/** A subgraph that answers with the headers that it was given. */
const mirror: SubgraphTransport = {
  subgraph: 'library',
  execute: async ({ headers }) => ({ result: { data: { greeting: JSON.stringify(headers ?? null) } } }),
  subscribe: () => () => undefined,
  fetch: async () => new Response(),
  health: async () => ({ status: 'up' }),
  [Symbol.asyncDispose]: async () => undefined,
};
const transports = new Map([['library', mirror]]);
const log = pino({ level: 'silent' });
const anySupergraph = await startTestGateway({}, { transports, log, metrics: new Registry() });
const ours = await startTestGateway({}, { transports, ...fakeAuthenticator() });
afterAll(async () => {
  await anySupergraph[Symbol.asyncDispose]();
  await ours[Symbol.asyncDispose]();
});

const seen = async (url: string, headers: Record<string, string>) => {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: '{"query":"{ greeting(name: \\"x\\") }"}',
  });
  return JSON.parse(((await response.json()) as { data: { greeting: string } }).data.greeting) as Record<
    string,
    string
  >;
};

it('a gateway that checks no credentials passes them on, and keeps equal queries of different people apart', async () => {
  const both = await Promise.all(
    ['Bearer a', 'Bearer b'].map((authorization) => seen(anySupergraph.url, { authorization })),
  );
  expect(both.map(({ authorization }) => authorization)).toEqual(['Bearer a', 'Bearer b']);
  expect(both[0]).not.toHaveProperty('x-sextant-identity');
});

it('a gateway that checks them keeps them to itself', async () => {
  expect(await seen(ours.url, { authorization: 'Bearer ada', 'x-user-id': 'root' })).toBeNull();
});
