import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, expect, it } from 'vitest';
import type { SubgraphTransport } from '#platform/net/transport/transport.ts';
import { composeForeign, startForeignSubgraph } from './testing/foreign-subgraph.ts';
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

it.each([
  ['ASCII', 'x'],
  ['Latin-1', 'Zürich'],
  ['anything', 'Ζυρίχη 🏔'],
])('a header reaches a subgraph byte by byte, whatever the operation holds: %s', async (_, name) => {
  await using subgraph = await startForeignSubgraph('library', 'type Query { seen(name: String): String }', {
    Query: {
      seen: (_parent: unknown, given: { name: string }, headers: Record<string, string>) =>
        `${given.name} ${headers['authorization']}`,
    } as never,
  });
  await using gateway = await startTestGateway(
    {},
    { supergraph: { sdl: composeForeign([subgraph]) }, transports: new Map() },
  );
  const ask = async (authorization: string) => {
    const response = await fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization },
      body: JSON.stringify({ query: 'query ($name: String) { seen(name: $name) }', variables: { name } }),
    });
    return ((await response.json()) as { data: { seen: string } }).data.seen;
  };
  expect(await ask('Basic J\u00f6rg \u00ff')).toBe(`${name} Basic J\u00f6rg \u00ff`);
  // A second one on the same connection: the first one's length was true.
  expect(await ask('Basic \u00c3')).toBe(`${name} Basic \u00c3`);
});
