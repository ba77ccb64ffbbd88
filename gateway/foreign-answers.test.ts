import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { composeServices } from '@apollo/composition';
import { parse } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Gateway } from './gateway.ts';
import { startTestGateway } from './testing/test-gateway.ts';

/** What subgraphs send in the place of what the schema says, as bytes: a plain schema would not let it through. */

const LINK =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@requires", "@external", "@shareable"])\n';
const NESTED = '['.repeat(200_000) + ']'.repeat(200_000);

let sent = '';
/** What the other subgraph sends. */
let besides = '{"data":{"_entities":[{"size":1}]}}';
const cleanup = new AsyncDisposableStack();
afterAll(() => cleanup.disposeAsync());

async function serve(answer: () => string): Promise<string> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.setHeader('content-type', 'application/json').end(answer()));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanup.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
}

let gateway: Gateway;
beforeAll(async () => {
  const shop = `${LINK} scalar Json
    type Query { count: Int counts: [Int!] id: ID ids: [ID!]! json: Json name: String item: Item }
    type Item @key(fields: "id") { id: ID! json: Json dims: Dims @shareable }
    type Dims @shareable { w: Int }`;
  const store = `${LINK} scalar Json
    type Query { other: String }
    type Item @key(fields: "id") { id: ID! json: Json @external size: Int @requires(fields: "json") dims: Dims @shareable note: String }
    type Dims @shareable { h: Int }`;
  const { supergraphSdl, errors } = composeServices([
    { name: 'shop', url: await serve(() => sent), typeDefs: parse(shop) },
    { name: 'store', url: await serve(() => besides), typeDefs: parse(store) },
  ]);
  if (!supergraphSdl) throw errors![0]!;
  gateway = cleanup.use(await startTestGateway({}, { supergraph: { sdl: supergraphSdl }, transports: new Map() }));
});

/** The data of the answer, and the place and code of each of its errors, when the subgraph sends this. */
async function when(text: string, query: string) {
  sent = text;
  const answer = await fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  const { data, errors } = (await answer.json()) as {
    data: unknown;
    errors?: { path?: (string | number)[]; extensions: { code: string } }[];
  };
  return { data, told: errors?.map(({ path, extensions }) => `${path?.join('.')} ${extensions.code}`) };
}

it('an Int has 32 bits: a number beyond is an error, as clients with integers of that size cannot read it', async () => {
  const text = '{"data":{"count":2147483648,"counts":[-2147483648,2147483647,1.0,-0]}}';
  expect(await when(text, '{ count counts }')).toEqual({
    data: { count: null, counts: [-2147483648, 2147483647, 1, 0] },
    told: ['count SUBGRAPH_INVALID_ANSWER'],
  });
  expect(await when('{"data":{"counts":[1,-2147483649]}}', '{ counts }')).toEqual({
    data: { counts: null },
    told: ['counts.1 SUBGRAPH_INVALID_ANSWER'],
  });
});

it('an ID is a text, also where a subgraph sends a number', async () => {
  expect(await when('{"data":{"id":5,"ids":[0,"x",-7]}}', '{ id ids }')).toEqual({
    data: { id: '5', ids: ['0', 'x', '-7'] },
    told: undefined,
  });
});

it('a value of a scalar that is nested beyond what can be written costs its own field', async () => {
  expect(await when(`{"data":{"name":"n","json":${NESTED}}}`, '{ name json }')).toEqual({
    data: { name: 'n', json: null },
    told: ['json SUBGRAPH_INVALID_ANSWER'],
  });
  const item = `{"data":{"item":{"__typename":"Item","id":"1","json":${NESTED}},"name":"n"}}`;
  expect(await when(item, '{ name item { id size } }')).toEqual({
    data: { name: 'n', item: { id: '1', size: null } },
    told: ['item.size SUBGRAPH_UNAVAILABLE'],
  });
  const failed = `{"data":{"name":null},"errors":[{"message":"m","path":["name"],"extensions":{"more":${NESTED}}}]}`;
  expect(await when(failed, '{ name }')).toEqual({ data: { name: null }, told: ['name DOWNSTREAM_SERVICE_ERROR'] });
});

it('a byte order mark before an answer is none of it', async () => {
  expect(await when('\uFEFF{"data":{"name":"n"}}', '{ name }')).toEqual({ data: { name: 'n' }, told: undefined });
});

describe('what a subgraph says without being asked', () => {
  it('does not count against what others say of an entity', async () => {
    besides = '{"data":{"_entities":[{"__typename":"Item","id":"77","note":"n","dims":{"h":2,"w":99},"json":7}]}}';
    const item = '{"data":{"item":{"__typename":"Item","id":"1","json":{"a":1},"dims":{"w":1}}}}';
    expect(await when(item, '{ item { id note json dims { w h } } }')).toEqual({
      data: { item: { id: '1', note: 'n', json: { a: 1 }, dims: { w: 1, h: 2 } } },
      told: undefined,
    });
  });

  it('nor of root fields', async () => {
    besides = '{"data":{"other":"o","name":"wrong"}}';
    expect(await when('{"data":{"name":"n","other":"wrong"}}', '{ name other }')).toEqual({
      data: { name: 'n', other: 'o' },
      told: undefined,
    });
  });
});
