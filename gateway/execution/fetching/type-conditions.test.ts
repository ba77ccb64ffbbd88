import { GraphQLError } from 'graphql';
import { beforeAll, describe, expect, it } from 'vitest';
import { comparable, createGraph } from '../testing/graph.ts';

type Ref = { readonly __typename: string; readonly id: string };
const ref = (__typename: string, id: string): Ref => ({ __typename, id });
const refuse = (what: string): never => {
  throw new GraphQLError(`No ${what} here.`);
};

const SCHEMAS = {
  items: `
    type Query { items: [Item!]! nodes: [Node] }
    interface Item { id: ID! owner: User }
    interface Node { id: ID! }
    interface Titled { title: String }
    type Book implements Item & Titled @key(fields: "id") { id: ID! title: String owner: User next: Item }
    type Film implements Item & Node & Titled @key(fields: "id") { id: ID! title: String owner: User next: Item }
    type Org implements Node @key(fields: "id") { id: ID! }
    type User @key(fields: "id") { id: ID! }`,
  users: `
    type User @key(fields: "id") { id: ID! name: String! rank: Int friend: User }
    type Org @key(fields: "id") { id: ID! size: Int! }`,
};
const owner = (item: Ref) => ref('User', item.id);
const next = (item: Ref) => (item.id === '1' ? ref('Film', '2') : ref('Book', '1'));
const RESOLVERS = {
  Query: {
    items: () => [ref('Book', '1'), ref('Film', '2')],
    nodes: () => [ref('Film', '2'), ref('Org', '3')],
  },
  Book: { owner, next, title: () => 't' },
  Film: { owner, next, title: () => null },
  // The user with this name may not be known.
  User: {
    name: (u: Ref) => (u.id === '2' ? refuse('name') : `n${u.id}`),
    rank: (u: Ref) => Number(u.id),
    friend: (u: Ref) => ref('User', u.id === '1' ? '2' : '1'),
  },
  Org: { size: () => refuse('size') },
};

let graph: Awaited<ReturnType<typeof createGraph>>;
beforeAll(async () => {
  graph = await createGraph({ schemas: SCHEMAS, resolvers: RESOLVERS });
});

describe('what is asked of one type is not asked of another', () => {
  it.each([
    ['an entity of each type', '{ items { ... on Book { owner { name } } ... on Film { owner { rank } } } }'],
    ['an entity of all, and more of one type', '{ items { owner { rank } ... on Book { owner { name } } } }'],
    [
      'an entity below an entity',
      '{ items { ... on Book { owner { friend { rank } } } ... on Film { owner { friend { name } } } } }',
    ],
    [
      'an object between',
      '{ items { ... on Book { next { owner { rank } } } ... on Film { next { owner { name } } } } }',
    ],
    [
      'types within types',
      '{ items { ... on Book { next { ... on Film { owner { rank } } ... on Book { owner { name } } } } } }',
    ],
    ['types that cannot meet', '{ nodes { id ... on Titled { ... on Node { ... on Org { size } } } } }'],
    [
      'types that cannot meet, and those that can',
      '{ nodes { id ... on Item { ... on Node { ... on Org { size } id } } } }',
    ],
  ])('%s', async (_, query) => {
    expect(comparable(await graph.ask(query))).toBe(await graph.judge(query));
  });

  it('and no request is made for types that cannot meet', async () => {
    graph.sent();
    await graph.ask('{ nodes { id ... on Titled { ... on Node { ... on Org { size } } } } }');
    expect(graph.sent()).toHaveLength(1);
  });

  it('and all of it goes out in one request', async () => {
    graph.sent();
    await graph.ask('{ items { ... on Book { owner { name } } ... on Film { owner { rank } } } }');
    expect(graph.sent().map(({ subgraph }) => subgraph)).toEqual(['items', 'users']);
  });
});
