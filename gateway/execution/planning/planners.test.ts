import { buildSubgraphSchema } from '@apollo/subgraph';
import { type ExecutionResult, execute, parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { ANONYMOUS } from '#platform/identity/identity.ts';
import type { SubgraphTransport } from '#platform/net/transport/transport.ts';
import { loadSupergraph } from '../../supergraph/supergraph.ts';
import { createEngine } from '../engine/engine.ts';
import { isPrepared } from '../prepare/operation.ts';
import { createOperations } from '../prepare/operations.ts';
import { ours } from '../testing/contenders.ts';
import { composeSdl } from '../testing/fleet.ts';
import { OFFICE } from '../testing/graphs/office.ts';
import { planningOf } from '../testing/planner.ts';
import { composeGraph } from '../testing/seeded/graph.ts';
import { createSetup } from '../testing/setup.ts';
import { tryOperation } from '../testing/trial.ts';
import type { PlannerChoice } from './planners.ts';

const LINK =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@key", "@external", "@requires"])\n';

const SHOP = {
  stock: `${LINK} type Query { item: Item } type Item @key(fields: "id") { id: ID! price(in: String!): Int }`,
  tax: `${LINK} type Item @key(fields: "id") { id: ID! price(in: String!): Int @external
    euros: Int @requires(fields: "price(in: \\"EUR\\")") dollars: Int @requires(fields: "price(in: \\"USD\\")") }`,
};
const PRICES: Record<string, number> = { EUR: 10, USD: 12 };
const RESOLVERS = {
  Query: { item: () => ({ id: '1' }) },
  Item: {
    __resolveReference: (reference: object) => reference,
    price: (_: unknown, args: { in: string }) => PRICES[args.in],
    euros: (item: { price: number }) => item.price,
    dollars: (item: { price: number }) => item.price,
  },
};

async function ask(planner: PlannerChoice, query: string): Promise<unknown> {
  const supergraph = await loadSupergraph({ sdl: composeSdl(SHOP) });
  const transports = new Map<string, SubgraphTransport>();
  for (const [name, sdl] of Object.entries(SHOP)) {
    const { Query, Item } = RESOLVERS;
    const { price, euros, dollars, __resolveReference } = Item;
    const own =
      name === 'stock'
        ? { Query, Item: { __resolveReference, price } }
        : { Item: { __resolveReference, euros, dollars } };
    const schema = buildSubgraphSchema([{ typeDefs: parse(sdl), resolvers: own as never }]);
    transports.set(name, {
      async execute({ query: text, variables }) {
        const result = await execute({ schema, document: parse(text), variableValues: { ...variables } });
        return { result: JSON.parse(JSON.stringify(result)) as ExecutionResult };
      },
    } as SubgraphTransport);
  }
  const operations = createOperations({ supergraph, compile: createEngine({ supergraph, planner }) });
  const prepared = await operations.prepare({ query });
  if (!isPrepared(prepared)) throw prepared[0]!;
  const { json } = await prepared.execute({ identity: ANONYMOUS, requestId: 'test', transports });
  return (JSON.parse(String(json)) as { data: unknown }).data;
}

describe('where Apollo’s planner goes wrong', () => {
  const QUERY = '{ item { euros dollars } }';
  const RIGHT = { item: { euros: 10, dollars: 12 } };

  it('the native one plans: one field required with two arguments', async () => {
    // When this fails, Apollo's planner has been mended, and the doubt can go.
    expect(await ask('apollo', QUERY)).not.toEqual(RIGHT);
    expect(await ask('auto', QUERY)).toEqual(RIGHT);
    expect(await ask('auto', '{ item { price(in: "USD") euros } }')).toEqual({ item: { price: 12, euros: 10 } });
  });

  it('conditions are decided first: a field beside one that is required only sometimes', async () => {
    const { ask: askFleet, prepare } = await createSetup();
    const query = 'query ($more: Boolean!) { latest { recalled { slug } summary @include(if: $more) } }';
    expect((await prepare(query)).explain()).toContain('planned again for each of $more');
    expect((await askFleet(query, { more: false })).data).toEqual({ latest: { recalled: [{ slug: 'm1' }, null] } });
    expect((await askFleet(query, { more: true })).data).toEqual({
      latest: { recalled: [{ slug: 'm1' }, null], summary: 'summary: text of 9' },
    });
  });
});

it('conditions are decided first where a fetch asks something of a type of which it sends no entity', async () => {
  const query = `query ($a: Boolean!, $b: Boolean!) {
    payments { to @skip(if: $a) { ... on Robot @include(if: $b) { tax } } to { ... on Person { name } } }
  }`;
  const graph = await composeGraph(OFFICE, { seed: 21, failures: false });
  const trial = async (choice: PlannerChoice) => {
    const planner = planningOf(graph.supergraph.sdl, choice);
    const operation = { query, variables: { a: false, b: true } };
    return (await tryOperation(graph, ours(graph.supergraph, graph.fleet, planner), operation))?.difference;
  };
  // When this fails, Apollo's planner has been mended, and the doubt can go.
  expect(await trial('apollo')).toBe('data');
  expect(await trial('auto')).toBeUndefined();
});

it('where the native planner cannot plan, Apollo’s does', async () => {
  const query = '{ me { memories { owner { greeting } } } }';
  const native = await createSetup({ planner: 'native' });
  await expect(native.prepare(query)).rejects.toThrow(/cannot be planned/);
  const { ask: askFleet } = await createSetup();
  expect((await askFleet(query)).errors).toBeUndefined();
});
