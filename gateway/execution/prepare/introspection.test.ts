import { getIntrospectionQuery } from 'graphql';
import { describe, expect, it } from 'vitest';
import { comparable, createGraph, type GraphFixture } from '../testing/graph.ts';

const user = { __typename: 'User', id: '1', name: 'ann' };
const graph = await createGraph({
  schemas: {
    a: `
type Query { me: User! query: Query! maybe: Query }
type Mutation { touch: Payload! }
type Subscription { touched: Payload! }
type Payload { query: Query! user: User! }
type User @key(fields: "id") { id: ID! name: String! old: String @deprecated(reason: "gone") }
enum Colour { RED BLUE @deprecated(reason: "no") }
`,
    b: 'type User @key(fields: "id") { id: ID! score(colour: Colour): Int } enum Colour { RED BLUE @deprecated(reason: "no") }',
  },
  resolvers: {
    Query: { me: () => user, query: () => ({}), maybe: () => null },
    Mutation: { touch: () => ({ user, query: {} }) },
    User: { score: () => 3 },
  } as GraphFixture['resolvers'],
  events: {
    async *touched() {
      yield { touched: { user, query: {} } };
      yield { touched: { user, query: {} } };
    },
  },
});

async function expectRight(query: string, variables?: Record<string, unknown>): Promise<void> {
  expect(comparable(await graph.ask(query, variables))).toBe(await graph.judge(query, variables));
}

describe('introspection sees variables as they are coerced', () => {
  it.each<[string, Record<string, unknown>?]>([
    ['query ($n: String! = "User") { __type(name: $n) { name } }'],
    ['query ($n: String! = "User") { __type(name: $n) { name } }', { n: 'Colour' }],
    ['query ($n: String! = "User") { __type(name: $n) { name } }', { n: 'Nothing' }],
    ['query ($d: Boolean = true) { __type(name: "User") { fields(includeDeprecated: $d) { name } } }'],
    ['query ($d: Boolean = true) { __type(name: "User") { fields(includeDeprecated: $d) { name } } }', { d: false }],
    ['query ($d: Boolean = true) { __type(name: "User") { fields(includeDeprecated: $d) { name } } }', { d: null }],
    ['query ($d: Boolean) { __type(name: "User") { fields(includeDeprecated: $d) { name } } }'],
    ['query ($toString: Boolean) { __type(name: "User") { fields(includeDeprecated: $toString) { name } } }'],
    ['query ($_x_: Boolean = true) { __type(name: "Colour") { enumValues(includeDeprecated: $_x_) { name } } }'],
    ['query ($i: Boolean! = true) { __schema @include(if: $i) { queryType { name } } __typename @skip(if: $i) }'],
    ['query ($i: Boolean! = true) { __schema @skip(if: $i) { queryType { name } } me { id } }'],
    [
      'query ($i: Boolean! = false) { __schema @skip(if: $i) { queryType { name @skip(if: $i) kind @include(if: $i) } } }',
    ],
    [
      'query ($i: Boolean! = true) { ...F @include(if: $i) me { id } } fragment F on Query { __type(name: "User") { kind } }',
    ],
  ])('%s %o', expectRight);
});

describe('introspection', () => {
  it.each<[string, Record<string, unknown>?]>([
    [getIntrospectionQuery()],
    [
      '{ a: __type(name: "User") { name: kind kind: name } b: __type(name: "User") { fields { name } } __schema { __typename } }',
    ],
    [
      '{ ...R } fragment R on Query { ...S t: __type(name: "User") { ...T } } fragment S on Query { me { name } t: __type(name: "User") { kind } } fragment T on __Type { as_name_: name __typename fields { ...G } } fragment G on __Field { name type { ...T2 } } fragment T2 on __Type { name }',
    ],
    [
      'query ($x: Boolean!) { t: __type(name: "User") @include(if: $x) { name } me { name } ... @skip(if: $x) { t: __type(name: "User") { kind } } t: __type(name: "User") { description } }',
      { x: true },
    ],
    [
      'query ($x: Boolean!) { t: __type(name: "User") @include(if: $x) { name } me { name } ... @skip(if: $x) { t: __type(name: "User") { kind } } t: __type(name: "User") { description } }',
      { x: false },
    ],
    ['{ me { id: name score email: __typename } name: __schema { name: queryType { id: name } } id: __typename }'],
    [
      '{ query { __schema { queryType { name } } me { score } query { q: __type(name: "User") { name } } } __type(name: "User") { kind } }',
    ],
    ['{ query { __typename __type(name: "User") { name } } maybe { __schema { queryType { name } } } }'],
    ['query ($n: String! = "User") { query { ...F } ...F } fragment F on Query { t: __type(name: $n) { name } }'],
    [
      'mutation ($n: String! = "User") { touch { query { __type(name: $n) { name } me { score } } user { name } } __typename }',
    ],
    ['mutation { x: touch { q: query { s: __schema { mutationType { n: name } } } } }'],
  ])('is what one plain schema answers: %s', expectRight);

  it('is there in events', async () => {
    const query =
      'subscription ($n: String! = "User") { touched { query { __type(name: $n) { name } } user { score } } }';
    expect(await graph.stream(query)).toEqual(await graph.judgeStream(query));
    expect(await graph.stream(query, { n: 'No' })).toEqual(await graph.judgeStream(query, { n: 'No' }));
  });

  it('asks no subgraph, and is looked for once however its fragments multiply', async () => {
    graph.sent();
    const levels = Array.from({ length: 30 }, (_, n) => `fragment F${n} on Query { ...F${n + 1} ...F${n + 1} }`);
    await expectRight(`{ ...F0 } ${levels.join(' ')} fragment F30 on Query { __type(name: "User") { name } }`);
    expect(graph.sent()).toEqual([]);
  });
});
