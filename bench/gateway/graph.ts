import { composeServices } from '@apollo/composition';
import { parse } from 'graphql';
import type { Work } from './compare.ts';

/** The graph of the gateway benchmarks: users, their conversations and messages, and what analytics knows of them. */
const LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])\n';

export const SCHEMAS: Readonly<Record<string, string>> = {
  auth: `${LINK}type Query { user(id: ID!): User } type User @key(fields: "id") { id: ID! name: String }`,
  chat: `${LINK}type Query { conversation(id: ID!): Conversation }
type User @key(fields: "id") { id: ID! conversations(first: Int): [Conversation!]! }
type Conversation @key(fields: "id") { id: ID! title: String createdAt: String messages(first: Int): [Message!]! }
type Message @key(fields: "id") { id: ID! text: String role: String createdAt: String }`,
  analytics: `${LINK}type Query { calls: Int }
type Conversation @key(fields: "id") { id: ID! stats: Stats }
type Stats { messages: Int tokens: Int }
type Message @key(fields: "id") { id: ID! tokens: Int latencyMs: Float }`,
};

/** @param urls of the subgraphs; none where they are all in the gateway's process. */
export function supergraphOf(urls: Readonly<Record<string, string>>, schemas = SCHEMAS): string {
  const services = Object.entries(schemas).map(([name, sdl]) => ({
    name,
    url: urls[name] ?? '',
    typeDefs: parse(sdl),
  }));
  const { supergraphSdl, errors } = composeServices(services);
  if (errors) throw errors[0]!;
  return supergraphSdl;
}

/** Three shapes of work: one small fetch; three subgraphs with 60 entities; one answer of some 55 KB. */
const OPERATIONS: Readonly<Record<string, string>> = {
  trivial: 'query Trivial($id: ID!) { user(id: $id) { id name } }',
  nested: `query Nested($id: ID!) { user(id: $id) { id name conversations(first: 10) { id title createdAt
    stats { messages tokens } messages(first: 5) { id text role createdAt tokens latencyMs } } } }`,
  large: 'query Large($id: ID!) { conversation(id: $id) { id title messages(first: 256) { id text role createdAt } } }',
};

/** What a signed-in client asks of the graph. */
export function clientWork(token: string): Work {
  const bodies = Object.entries(OPERATIONS).map(([name, query]) => {
    const body = (id: string) => ({ query, variables: { id } });
    return [name, body] as const;
  });
  return {
    headers: async () => ({ authorization: `Bearer ${token}` }),
    operations: Object.fromEntries(bodies),
  };
}

/** What a gateway asks of the subgraph chat: one object, the entities of a page, a long answer. */
export function chatWork(headers: Work['headers']): Work {
  const entities = `query Entities($representations: [_Any!]!) { _entities(representations: $representations) {
    ... on User { conversations(first: 2) { id title messages(first: 3) { id text role createdAt } } } } }`;
  return {
    headers,
    operations: {
      trivial: (id) => ({
        query: 'query One($id: ID!) { conversation(id: $id) { id title } }',
        variables: { id },
      }),
      entities: (id) => ({
        query: entities,
        variables: {
          representations: Array.from({ length: 10 }, (_, n) => ({ __typename: 'User', id: `${id}-${n}` })),
        },
      }),
      large: (id) => ({ query: OPERATIONS['large']!, variables: { id } }),
    },
  };
}

const CREATED = '2026-01-01T00:00:00.000Z';
const message = (id: string) => ({
  __typename: 'Message',
  id,
  text: `Message ${id}: what people write to one another in a chat has about this many characters, and now and then a few more than that, as here.`,
  role: 'USER',
  createdAt: CREATED,
  tokens: id.length * 7,
  latencyMs: id.length * 1.5,
});
const conversation = (id: string) => ({
  __typename: 'Conversation',
  id,
  title: `Conversation ${id}`,
  createdAt: CREATED,
  stats: { messages: id.length, tokens: id.length * 100 },
});
const user = (id: string) => ({ __typename: 'User', id, name: `User ${id}` });
const list = <T>(first: number | undefined, make: (n: number) => T): T[] =>
  Array.from({ length: first ?? 10 }, (_, n) => make(n));

type Resolver = (parent: { id: string }, args: { id: string; first?: number }) => unknown;

/** Resolvers of the whole graph; a subgraph takes those of the fields it has. */
export const RESOLVERS: Readonly<Record<string, Readonly<Record<string, Resolver>>>> = {
  Query: { user: (_, { id }) => user(id), conversation: (_, { id }) => conversation(id), calls: () => 1 },
  User: { conversations: ({ id }, { first }) => list(first, (n) => conversation(`${id}-${n}`)) },
  Conversation: { messages: ({ id }, { first }) => list(first, (n) => message(`${id}-${n}`)) },
};

const ENTITIES: Readonly<Record<string, (id: string) => unknown>> = {
  User: user,
  Conversation: conversation,
  Message: message,
};

/** The resolvers of one subgraph, its entities' included. */
export function resolversOf(sdl: string): Record<string, Record<string, unknown>> {
  const has = (type: string, field: string) => new RegExp(`type ${type}[ {][^}]*\\b${field}\\b`).test(sdl);
  const resolvers: Record<string, Record<string, unknown>> = {};
  for (const [type, fields] of Object.entries(RESOLVERS)) {
    const own = Object.entries(fields).filter(([field]) => has(type, field));
    if (own.length > 0) resolvers[type] = Object.fromEntries(own);
  }
  for (const [type, make] of Object.entries(ENTITIES)) {
    if (!sdl.includes(`type ${type} `)) continue;
    resolvers[type] = { ...resolvers[type], __resolveReference: ({ id }: { id: string }) => make(id) };
  }
  return resolvers;
}
