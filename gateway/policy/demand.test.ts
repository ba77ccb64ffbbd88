import { getOperationAST, parse } from 'graphql';
import { expect, it } from 'vitest';
import { composeSdl } from '../execution/testing/fleet.ts';
import { loadSupergraph } from '../supergraph/supergraph.ts';
import { priceOperation } from './demand.ts';
import { readPolicyDirectives } from './directives.ts';

const { sdl, apiSchema } = await loadSupergraph({
  sdl: composeSdl({
    shop: `
      extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@cost", "@listSize"])
      type Query {
        user: User
        name: String
        search(text: String @cost(weight: 3)): [User] @cost(weight: 5) @listSize(assumedSize: 100)
        users(first: Int = 20): [User] @listSize(slicingArguments: ["first"])
        either(first: Int, last: Int): UserPage @listSize(slicingArguments: ["first", "last"], sizedFields: ["nodes"])
        any(first: Int, last: Int): [User]
          @listSize(slicingArguments: ["first", "last"], assumedSize: 9, requireOneSlicingArgument: false)
        deep(first: Int): Results @listSize(slicingArguments: ["first"], sizedFields: ["recent"])
        find(input: Find): [User] @listSize(assumedSize: 7)
        byIds(ids: [ID!]): [User] @listSize(assumedSize: 8)
        page(first: Int): UserPage @listSize(slicingArguments: ["first"], sizedFields: ["nodes", "edges"])
      }
      type Results { page: UserPage recent: [User] }
      input Find { text: String page: Page = { first: 40 } tags: [Tag] @cost(weight: 2) all: Boolean @cost(weight: 30) }
      input Tag { name: String }
      input Page { first: Int = 25 }
      type Mutation { rename: User }
      type User { id: ID! friends: [User] photo: Photo tags: [String] }
      type UserPage { nodes: [User] edges: [Edge] total: Int }
      type Edge { node: User }
      type Photo @cost(weight: 7) { url: String }
    `,
  }),
});
// Newer composers than this one take paths and lists.
const taken = sdl
  .replace(
    /@listSize\(assumedSize: 7\b[^)]*\)/,
    '@listSize(slicingArguments: ["input.page.first"], requireOneSlicingArgument: false)',
  )
  .replace(
    /@listSize\(assumedSize: 8\b[^)]*\)/,
    '@listSize(slicingArguments: ["ids"], requireOneSlicingArgument: false)',
  )
  .replace('sizedFields: ["recent"]', 'sizedFields: ["page { nodes }", "page.edges"]');
const directives = readPolicyDirectives(taken);
const cost = (text: string, variables?: Record<string, unknown>) => {
  const document = parse(text);
  return priceOperation(document, getOperationAST(document)!, apiSchema, directives).of(variables);
};

it.each([
  ['scalars are free', '{ name }', 0],
  ['an object is one', '{ user { id } }', 1],
  ['a mutation is ten more', 'mutation { rename { id } }', 11],
  ['a field and a type may have a weight', '{ user { photo { url } } }', 8],
  ['a list of unknown size is five', '{ user { friends { id } } }', 6],
  ['a list of assumed size, and an argument with a weight', '{ search(text: "x") { id } }', 100 * 5 + 3],
  ['a literal slices', '{ users(first: 7) { id } }', 7],
  ['the default of an argument slices', '{ users { id } }', 20],
  ['sized fields get their parent’s size', '{ page(first: 10) { nodes { id } edges { node { id } } } }', 1 + 10 + 20],
  ['lists within lists multiply', '{ users(first: 100) { friends { friends { id } } } }', 100 + 500 + 2500],
  ['a field that is written twice is fetched once', '{ user { id } ...F } fragment F on Query { user { tags } }', 1],
  ['an alias is another field', '{ a: user { id } b: user { id } }', 2],
])('%s', (_, text, expected) => {
  expect(cost(text, {})).toBe(expected);
});

it('variables slice, with their defaults; while they are unknown a list counts once', () => {
  const text = 'query($n: Int = 30) { users(first: $n) { id } }';
  expect([cost(text, { n: 1000 }), cost(text, {}), cost(text)]).toEqual([1000, 30, 1]);
});

it.each([
  ['a literal', '{ find(input: { page: { first: 700 } }) { id } }', {}, 700 + 2],
  ['the whole argument', 'query($i: Find) { find(input: $i) { id } }', { i: { page: { first: 700 } } }, 700 + 2],
  ['a part of it', 'query($p: Page) { find(input: { page: $p }) { id } }', { p: { first: 700 } }, 700 + 2],
  ['its number', 'query($n: Int) { find(input: { page: { first: $n } }) { id } }', { n: 700 }, 700 + 2],
  ['the default of a variable', 'query($i: Find = { page: { first: 700 } }) { find(input: $i) { id } }', {}, 700 + 2],
  ['the default of a field', '{ find(input: { page: {} }) { id } }', {}, 25 + 2],
  ['the default of a part', 'query($i: Find) { find(input: $i) { id } }', { i: { text: 'x' } }, 40 + 1],
  ['nothing: null', 'query($i: Find) { find(input: $i) { id } }', { i: { page: null } }, 5 + 1],
  ['nothing: left out', '{ find { id } }', {}, 5],
  [
    'nothing: what is not of the type',
    'query($i: Find) { find(input: $i) { id } }',
    { i: { page: [{ first: 9 }] } },
    5 + 2,
  ],
  ['a variable that is left out', 'query($n: Int) { users(first: $n) { id } }', {}, 20],
  ['a list', '{ byIds(ids: ["1", "2", "3"]) { id } }', {}, 3],
  ['a list in a variable', 'query($ids: [ID!]) { byIds(ids: $ids) { id } }', { ids: Array(600).fill('1') }, 600],
])('wherever the size of a list stands, it counts: %s', (_, text, variables, expected) => {
  expect(cost(text, variables)).toBe(expected);
});

it.each([
  [
    'lists below the field that is sized',
    '{ deep(first: 30) { page { nodes { id } edges { node { id } } } } }',
    1 + 1 + 90,
  ],
  ['but not the lists beside them', '{ deep(first: 30) { recent { id } } }', 1 + 5],
  [
    'lists that the page itself does not name',
    '{ deep(first: 30) { page { nodes { friends { id } } } } }',
    2 + 30 + 150,
  ],
])('the paths of sizedFields lead to %s', (_, text, expected) => {
  expect(cost(text, {})).toBe(expected);
});

it.each([
  [
    'input objects',
    'query($i: Find) { find(input: $i) { id } }',
    { i: { tags: [{ name: 'a' }, { name: 'b' }] } },
    4 + 1,
  ],
  ['a weight of a field', '{ find(input: { all: true }) { id } }', {}, 30 + 1],
  [
    'what a literal and variables give',
    'query($t: [Tag]) { find(input: { all: true, tags: $t }) { id } }',
    { t: [{}] },
    33,
  ],
])('what is given costs as well: %s', (_, text, variables, expected) => {
  expect(cost(text, variables) - 40).toBe(expected);
});

it('a list that needs exactly one argument for its size is not asked for with none or several', () => {
  const [none, both] = ['{ either { nodes { id } } }', '{ either(first: 1, last: 2) { nodes { id } } }'];
  const said = /Query\.either needs exactly one of `first`, `last`, which tells how long its list is/;
  expect(() => cost(none)).toThrow(said);
  expect(() => cost(both)).toThrow(said);
  expect(cost('{ either(last: 7) { nodes { id } } }')).toBe(8);
  const text = 'query($a: Int, $b: Int) { either(first: $a, last: $b) { nodes { id } } }';
  // What the variables are is known later.
  expect(cost(text)).toBe(2);
  expect(cost(text, { b: 7 })).toBe(8);
  expect(() => cost(text, { a: null })).toThrow('none is given');
  expect(() => cost(text, { a: 1, b: 7 })).toThrow('2 are given');
  // Where the schema says so, none and several do.
  expect(['{ any { id } }', '{ any(first: 3, last: 4) { id } }'].map((one) => cost(one, {}))).toEqual([9, 4]);
});

it('fragments that multiply are refused without being counted to the end', () => {
  const bomb = Array.from(
    { length: 40 },
    (_, i) => `fragment F${i} on User { a: friends { ...F${i + 1} } b: friends { ...F${i + 1} } }`,
  ).join('\n');
  const started = process.cpuUsage();
  expect(() => cost(`{ user { ...F0 } } ${bomb} fragment F40 on User { id }`)).toThrow('more than 20000 fields');
  expect(process.cpuUsage(started).user / 1_000).toBeLessThan(500);
});
