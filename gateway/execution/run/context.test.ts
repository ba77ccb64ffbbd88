import { buildSubgraphSchema } from '@apollo/subgraph';
import { type ExecutionResult, execute, parse } from 'graphql';
import { expect, it } from 'vitest';
import { ANONYMOUS } from '#platform/identity/identity.ts';
import type { SubgraphTransport } from '#platform/net/transport/transport.ts';
import { loadSupergraph } from '../../supergraph/supergraph.ts';
import { createEngine } from '../engine/engine.ts';
import { isPrepared } from '../prepare/operation.ts';
import { createOperations } from '../prepare/operations.ts';
import { composeSdl } from '../testing/fleet.ts';

const LINK =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@context", "@fromContext"])\n';
const SHOPS = `${LINK}
type Query { shops: [Shop!]! shop: Shop! }
type Shop @key(fields: "id") @context(name: "shop") { id: ID! currency: String! offer: Offer! offers: [Offer!]! }
type Offer @key(fields: "id") { id: ID! price(in: String @fromContext(field: "$shop { currency }")): String! }`;
const OTHER = `${LINK} type Query { unused: Int } type Offer @key(fields: "id") { id: ID! name: String! }`;

const offer = (id: string) => ({
  __typename: 'Offer',
  id,
  name: `offer ${id}`,
  price: (args: { in: string }) => `${id} ${args.in}`,
});
const shop = (id: string, currency: string) => ({ id, currency, offer: offer('1'), offers: [offer('1'), offer('2')] });
const rootValue = { shops: [shop('a', 'EUR'), shop('b', 'USD'), shop('c', 'EUR')], shop: shop('d', 'CHF') };

it('arguments from the context have the value of the object above, in one request for all of them', async () => {
  const sdl = composeSdl({ shops: SHOPS, other: OTHER });
  const supergraph = await loadSupergraph({ sdl });
  const sent: string[] = [];
  const transports = new Map<string, SubgraphTransport>();
  for (const [name, text] of Object.entries({ shops: SHOPS, other: OTHER })) {
    const resolvers = { Offer: { __resolveReference: ({ id }: { id: string }) => offer(id) } };
    const schema = buildSubgraphSchema([{ typeDefs: parse(text), resolvers }]);
    transports.set(name, {
      async execute({ query, variables }) {
        sent.push(`${name} ${query}`);
        const result = await execute({ schema, document: parse(query), rootValue, variableValues: { ...variables } });
        return { result: JSON.parse(JSON.stringify(result)) as ExecutionResult };
      },
    } as SubgraphTransport);
  }
  const operations = createOperations({ supergraph, compile: createEngine({ supergraph }) });
  const ask = async (query: string) => {
    const prepared = await operations.prepare({ query });
    if (!isPrepared(prepared)) throw prepared[0]!;
    const { json } = await prepared.execute({ identity: ANONYMOUS, requestId: 'test', transports });
    return JSON.parse(String(json)) as unknown;
  };
  expect(await ask('{ shop { offer { price name } } }')).toEqual({
    data: { shop: { offer: { price: '1 CHF', name: 'offer 1' } } },
  });
  sent.length = 0;
  expect(await ask('{ shops { offers { price } } }')).toEqual({
    data: { shops: ['EUR', 'USD', 'EUR'].map((c) => ({ offers: [{ price: `1 ${c}` }, { price: `2 ${c}` }] })) },
  });
  expect(sent).toHaveLength(2);
});
