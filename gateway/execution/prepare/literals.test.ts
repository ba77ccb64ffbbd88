import { buildSubgraphSchema } from '@apollo/subgraph';
import { execute, GraphQLScalarType, parse, print, valueFromASTUntyped } from 'graphql';
import { describe, expect, it } from 'vitest';
import { ANONYMOUS } from '#platform/identity/identity.ts';
import type { SubgraphRequest, SubgraphTransport } from '#platform/net/transport/transport.ts';
import { loadSupergraph } from '../../supergraph/supergraph.ts';
import { createCompiler } from '../engine/compile.ts';
import type { Planner } from '../planning/planner.ts';
import type { PlannerChoice } from '../planning/planners.ts';
import { composeSdl } from '../testing/fleet.ts';
import { planningOf } from '../testing/planner.ts';
import { isPrepared } from './operation.ts';
import { createOperations } from './operations.ts';

const LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@key", "@shareable"])\n';
const ECHO = `${LINK}
  scalar JSON scalar Big
  enum Kind { RED GREEN }
  input In { id: ID! kind: Kind = RED inner: In list: [In!] json: JSON count: Int! = 3 }
  type Query {
    echo(id: ID, n: Int, x: Float, s: String, b: Boolean, kind: Kind, list: [Int], lists: [[ID!]!], in: In, ins: [In!],
      json: JSON, big: Big, must: Int! = 5, may: Int = 7): String
    thing(id: ID): Thing
    node: Node
  }
  interface Node { id: ID! says(n: Int): String }
  type Thing implements Node @key(fields: "id") { id: ID! says(n: Int): String }
  type Other implements Node @key(fields: "id") { id: ID! says(n: Int): String }
  type Mutation { echo(json: JSON): String }`;
const FAR = `${LINK}
  type Thing @key(fields: "id") { id: ID! far(n: Int, text: String): String }`;

const says = (args: object): string => JSON.stringify(args, Object.keys(flatten(args)).sort());
const flatten = (value: unknown): Record<string, true> =>
  typeof value === 'object' && value !== null
    ? Object.assign({}, ...Object.entries(value).map(([key, inner]) => ({ [key]: true, ...flatten(inner) })))
    : {};
const ECHO_RESOLVERS = {
  // Numbers without an end, which JSON does not carry.
  Big: new GraphQLScalarType({
    name: 'Big',
    parseValue: (value) => `value ${value}`,
    parseLiteral: (node) => `value ${'value' in node ? node.value : print(node)}`,
  }),
  JSON: new GraphQLScalarType({ name: 'JSON', parseValue: (value) => value, parseLiteral: valueFromASTUntyped }),
  Query: {
    echo: (_: unknown, args: object) => says(args),
    thing: (_: unknown, { id }: { id: string }) => ({ id }),
    node: () => ({ __typename: 'Thing', id: '1' }),
  },
  Mutation: { echo: (_: unknown, args: object) => says(args) },
  Thing: { says: (_: unknown, args: object) => says(args) },
};
const FAR_RESOLVERS = {
  Thing: { __resolveReference: (it: object) => it, far: (_: unknown, args: object) => says(args) },
};

const subgraphs = new Map([
  ['echo', buildSubgraphSchema([{ typeDefs: parse(ECHO), resolvers: ECHO_RESOLVERS as never }])],
  ['far', buildSubgraphSchema([{ typeDefs: parse(FAR), resolvers: FAR_RESOLVERS as never }])],
]);
const judge = subgraphs.get('echo')!;

/** A gateway whose plans are counted and whose requests are kept. */
async function open(choice: PlannerChoice = 'auto') {
  const supergraph = await loadSupergraph({ sdl: composeSdl({ echo: ECHO, far: FAR }) });
  const inner = planningOf(supergraph.sdl, choice);
  let plans = 0;
  const planner: Planner = {
    name: inner.name,
    plan(normalized) {
      plans++;
      return inner.plan(normalized);
    },
  };
  const sent: SubgraphRequest[] = [];
  const transportsWith = (variablesOf: (request: SubgraphRequest) => Record<string, unknown>) =>
    new Map(
      [...subgraphs].map(([name, schema]) => [
        name,
        {
          async execute(request: SubgraphRequest) {
            sent.push(request);
            const variableValues = variablesOf(request);
            const result = await execute({ schema, document: parse(request.query), variableValues });
            return { result: JSON.parse(JSON.stringify(result)) };
          },
        } as SubgraphTransport,
      ]),
    );
  const byBody = transportsWith((request) => JSON.parse(request.body!()).variables ?? {});
  const byValue = transportsWith((request) => ({ ...request.variables }));
  const operations = createOperations({ supergraph, compile: createCompiler({ supergraph, planner, share: false }) });

  /** Over a body and as values. */
  async function ask(query: string, variables: Record<string, unknown> = {}) {
    const prepared = await operations.prepare({ query });
    if (!isPrepared(prepared)) throw prepared[0]!;
    const [one, other] = await Promise.all(
      [byBody, byValue].map(async (transports) => {
        const { json } = await prepared.execute({ identity: ANONYMOUS, requestId: 'test', transports, variables });
        return JSON.parse(String(json));
      }),
    );
    expect(one).toEqual(other);
    return one;
  }
  return { ask, sent, plans: () => plans };
}

const nested = (depth: number, inner: string): string => '['.repeat(depth) + inner + ']'.repeat(depth);

const OPERATIONS: [query: string, variables?: Record<string, unknown>][] = [
  ['{ echo }'],
  ['{ echo(id: 4, n: -2, x: 3, s: "a\\u00e9\\"\\n", b: true, kind: GREEN) }'],
  ['{ echo(id: 12345678901234567890, x: 1e3) }'],
  ['{ echo(s: """\n    block "quoted"\n  """, json: """a""") }'],
  ['{ echo(n: null, may: null) }'],
  ['{ echo(must: 6) }'],
  ['{ echo(list: 1, lists: "a", ins: {id: 1}) }'],
  ['{ echo(list: [1, null, 2], lists: [["a"], [1, "b"]]) }'],
  ['{ echo(in: {id: "x", inner: {id: 5, kind: GREEN}, list: [{id: 1}, {id: 2, count: 4}]}) }'],
  ['{ echo(in: {id: 1, json: {b: [1.5, "x", RED, null, {a: false}], a: {}}}) }'],
  ['{ echo(json: RED) }'],
  ['query ($id: ID!, $n: Int = 9) { echo(in: {id: $id, count: $n}) }', { id: 'v' }],
  ['query ($id: ID!, $k: Kind) { echo(in: {id: $id, kind: $k}) }', { id: 'v' }],
  ['query ($id: ID!, $k: Kind) { echo(in: {id: $id, kind: $k}) }', { id: 'v', k: null }],
  ['query ($id: ID!, $n: Int = 9) { echo(in: {id: $id, count: $n, json: [1]}) e: echo }', { id: 'v', n: null }],
  ['query ($n: Int) { echo(list: [1, $n]) }'],
  ['query ($n: Int) { echo(list: [1, $n]) }', { n: 2 }],
  ['query ($v: JSON) { echo(json: {a: $v, b: [$v, 1]}) }'],
  ['query ($v: JSON = {d: 1}) { echo(json: {a: $v, b: [$v, 1]}) }'],
  ['query ($v: JSON) { echo(json: {a: $v, b: [$v, 1]}) }', { v: { deep: [null] } }],
  ['query ($i: In!) { echo(ins: [$i, {id: 2}]) }', { i: { id: 'given' } }],
  [
    'query ($yes: Boolean!) { a: echo(n: 1) @include(if: $yes) b: echo(n: 1) @skip(if: true) c: echo(n: 1) }',
    { yes: true },
  ],
  ['query ($argument_n_0: Int) { a: echo(n: $argument_n_0) b: echo(n: 2) }', { argument_n_0: 1 }],
  ['{ node { says(n: 1) ... on Thing { says(n: 1) id } ... on Other { says(n: 1) } } }'],
  ['{ node { ... on Thing { says(n: 1) } ... on Other { says(n: 2) } } }'],
  ['mutation { a: echo(json: {a: [1]}) b: echo(json: {a: [2]}) }'],
  [`{ echo(json: ${nested(8, '{a: 1}')}) }`],
];

describe.each(['auto', 'native'] as const)('a literal reaches its subgraph in a variable (%s planner)', (choice) => {
  const opened = open(choice);

  it.each(OPERATIONS)('%s means what it says in a plain schema, %j', async (query, variables) => {
    const { ask } = await opened;
    const plain = await execute({ schema: judge, document: parse(query), variableValues: variables ?? {} });
    const { data, errors = [] } = await ask(query, variables);
    expect(data).toEqual(JSON.parse(JSON.stringify(plain.data)));
    expect(errors.map((error: { path: unknown }) => error.path)).toEqual((plain.errors ?? []).map(({ path }) => path));
  });

  it.each(['12345678901234567890', '1.50', '{a: [-0.10]}', '1e400'])('digit by digit: %s', async (number) => {
    const { ask, sent } = await opened;
    sent.length = 0;
    await ask(`{ echo(big: ${number}) }`);
    expect(sent[0]!.body!()).toContain(`:${number.replace('a', '"a"').replaceAll(' ', '')}}`);
  });

  it('also a number beyond all numbers, which the subgraph refuses in its own words', async () => {
    const { ask } = await opened;
    const { errors } = await ask('{ echo(x: 1e999) }');
    expect(errors[0].message).toContain('Float cannot represent');
  });

  it('in the fields of an entity as well, and conditions keep theirs', async () => {
    const { ask, sent } = await opened;
    sent.length = 0;
    const query = '{ thing(id: "t") { far(n: 1, text: "x") @skip(if: false) } }';
    expect(await ask(query)).toEqual({ data: { thing: { far: '{"n":1,"text":"x"}' } } });
    for (const { query: text } of sent) expect(text).not.toMatch(/"t"|"x"|n: ?1/);
  });
});

describe('operations that differ in literals alone', () => {
  it('are planned once: 1,000 ids, each with its own answer', async () => {
    const { ask, plans } = await open();
    for (let i = 0; i < 1_000; i++) {
      const { data } = await ask(`{ thing(id: "t${i}") { id far(n: ${i}) } }`);
      if (data.thing.id !== `t${i}` || data.thing.far !== `{"n":${i}}`) expect(data).toBe(i);
    }
    expect(plans()).toBe(1);
  });

  it('do not share what conditions decide', async () => {
    const { ask, plans } = await open();
    expect(await ask('{ a: echo(n: 1) @skip(if: true) b: echo(n: 2) }')).toEqual({
      data: { b: '{"may":7,"must":5,"n":2}' },
    });
    expect((await ask('{ a: echo(n: 1) @skip(if: false) b: echo(n: 2) }')).data).toHaveProperty('a');
    expect(plans()).toBe(2);
  });

  it('never bring a planner to the values: lists in lists cost what their text costs', async () => {
    const { ask } = await open();
    const { data } = await ask(
      `query ($v: JSON) { a: echo(json: ${nested(200, '1')}) b: echo(json: ${nested(200, '$v')}) }`,
    );
    expect(data.a).toContain(nested(200, '1'));
    expect(data.b).toContain(nested(200, 'null'));
  });
});
