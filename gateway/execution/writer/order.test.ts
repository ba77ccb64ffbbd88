import { describe, expect, it } from 'vitest';
import { comparable, createGraph, type GraphFixture } from '../testing/graph.ts';

const ran: string[] = [];
const run = (name: string) => () => {
  ran.push(name);
  return name;
};
const thing = { __typename: 'Thing', id: '1' };
const runs = Object.fromEntries(['a1', 'a2', 'a3', 'b1', 'b2'].map((name) => [name, run(name)]));
const text = Object.fromEntries(['p', 'q', 'r', 's'].map((name) => [name, () => name]));
const graph = await createGraph({
  schemas: {
    a: `
type Query { thing: Thing! any: Any! }
type Mutation { a1: String a2: String a3: String make: Thing! }
type Subscription { made: Thing! }
interface Any { id: ID! p: String }
type Thing implements Any @key(fields: "id") { id: ID! p: String q: String inner: Thing! }
`,
    b: 'type Mutation { b1: String b2: String } type Thing @key(fields: "id") { id: ID! r: String s: String }',
  },
  resolvers: {
    Query: { thing: () => thing, any: () => thing },
    Mutation: { ...runs, make: () => thing },
    Thing: { ...text, inner: () => thing },
  },
  events: {
    async *made() {
      yield { made: thing };
    },
  },
} satisfies GraphFixture);

/** Every combination of three Boolean variables, and of their absence where they have defaults. */
const COMBINATIONS = [true, false, undefined].flatMap((x) =>
  [true, false].flatMap((y) => [true, false].map((z) => ({ ...(x !== undefined && { x }), y, z }))),
);

describe('a skipped occurrence gives no place', () => {
  it.each([
    '{ thing { p @skip(if: $x) q p } }',
    '{ thing { p @include(if: $x) r @skip(if: $y) p @skip(if: $z) s p @include(if: $y) } }',
    '{ thing { ...F @skip(if: $x) q ...F r } } fragment F on Thing { s @include(if: $y) p }',
    '{ thing { ... @include(if: $x) { p q } q @skip(if: $y) p ... @include(if: $z) { r } ...F } } fragment F on Thing { s r }',
    '{ thing { inner @skip(if: $x) { p q } r inner { q @include(if: $y) s p } } }',
    '{ thing { inner @include(if: $x) { r } s inner @include(if: $y) { p } p inner @include(if: $z) { q r } } }',
    '{ thing { inner @include(if: $x) { inner { p @skip(if: $y) q } } inner { p inner { r p @skip(if: $z) } } } }',
    '{ any { p @skip(if: $x) ... on Thing { q p @include(if: $y) } id p } thing @skip(if: $z) { id } any { id } }',
    '{ thing @skip(if: $x) { p } __typename @include(if: $y) __type(name: "Thing") @skip(if: $z) { name } thing { q } __typename }',
    '{ thing { p @skip(if: true) q p ... @include(if: false) { r } s r } }',
    '{ a: thing { __typename @include(if: $x) p __typename } b: thing { x: p @skip(if: $y) y: q x: p } }',
    'mutation { make { p @skip(if: $x) q p r @include(if: $y) s r } }',
  ])('among the keys of an answer: %s', async (body) => {
    const head = body.startsWith('mutation') ? '' : 'query ';
    const query = `${head}${body}`.replace(
      /^(query|mutation) /,
      '$1 ($x: Boolean! = true, $y: Boolean!, $z: Boolean!) ',
    );
    const isUsed = ({ name }: { name: string }) => body.includes(`$${name}`);
    const given = query.replace(/\$(\w): Boolean!( = true)?,? ?/g, (all, name) => (isUsed({ name }) ? all : ''));
    const valid = given.replace('() ', '').replace(', )', ')');
    for (const variables of COMBINATIONS) {
      expect(comparable(await graph.ask(valid, variables)), JSON.stringify(variables)).toBe(
        await graph.judge(valid, variables),
      );
    }
  });

  it.each([
    ['mutation { a1 @skip(if: $x) b1 ... @include(if: $y) { a2 } ...F } fragment F on Mutation { b2 a1 }'],
    ['mutation { b1 @include(if: $x) a1 b1 b2 @skip(if: $y) a2 @include(if: $z) b2 a2 }'],
    [
      'mutation { ...F @skip(if: $x) a1 ...F @include(if: $y) b2 @skip(if: $z) } fragment F on Mutation { b2 b1 a1 a2 }',
    ],
    ['mutation { x: a1 @skip(if: $x) a1: a2 @skip(if: $y) a2: a1 @include(if: $z) b1 a1: a2 x: a1 }'],
    ['mutation { a1 @skip(if: $x) @include(if: $y) a2 a3 a1 @include(if: $z) b1 }'],
  ])('among the root fields of a mutation: %s', async (body) => {
    const query = body.replace('mutation', 'mutation ($x: Boolean! = true, $y: Boolean!, $z: Boolean! = false)');
    const valid = ['x', 'y', 'z'].reduce(
      (text, name) =>
        body.includes(`$${name}`) ? text : text.replace(new RegExp(`,? ?\\$${name}: Boolean!( = \\w+)?`), ''),
      query,
    );
    for (const variables of COMBINATIONS) {
      ran.length = 0;
      const right = await graph.judge(valid, variables);
      const order = ran.splice(0);
      expect(comparable(await graph.ask(valid, variables)), JSON.stringify(variables)).toBe(right);
      expect(ran, JSON.stringify(variables)).toEqual(order);
    }
  });

  it('among the keys of an event', async () => {
    const query = 'subscription ($x: Boolean! = true) { made { p @skip(if: $x) q r @include(if: $x) s p r } }';
    for (const variables of [{}, { x: false }]) {
      expect(await graph.stream(query, variables)).toEqual(await graph.judgeStream(query, variables));
    }
  });
});
