import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginCacheControl } from '@apollo/server/plugin/cacheControl';
import { ApolloServerPluginInlineTraceDisabled } from '@apollo/server/plugin/disabled';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { buildSchema, type GraphQLResolveInfo, parse } from 'graphql';
import { afterAll, describe, expect, it } from 'vitest';
import { policyOf } from './answer-policy.ts';
import { readCacheHints } from './cache-hints.ts';
import { readFetchFacts } from './fetch-facts.ts';

const SDL = `
directive @cacheControl(maxAge: Int, scope: CacheControlScope, inheritMaxAge: Boolean)
  on FIELD_DEFINITION | OBJECT | INTERFACE | UNION
directive @key(fields: String!, resolvable: Boolean) repeatable on OBJECT | INTERFACE
enum CacheControlScope { PUBLIC PRIVATE }
type Query {
  silent: Item
  count: Int
  counted: Int @cacheControl(maxAge: 10)
  item: Item @cacheControl(maxAge: 60)
  never: Item @cacheControl(maxAge: 0)
  typed: Typed
  typedList: [Typed!]
  longer: Typed @cacheControl(maxAge: 240)
  private: Typed @cacheControl(scope: PRIVATE)
  secret: Secret
  opened: Secret @cacheControl(scope: PUBLIC)
  heir: Item @cacheControl(inheritMaxAge: true)
  typedHeir: Inheriting
  dynamic(seconds: Int!): Item @cacheControl(maxAge: 60)
  animal: Animal
  animals: [Animal] @cacheControl(maxAge: 100)
  beast: Beast
  either: Either
  eithers: Either @cacheControl(maxAge: 70)
}
type Item {
  id: ID
  tags: [String]
  short: String @cacheControl(maxAge: 5)
  shown: String @cacheControl(scope: PRIVATE)
  child: Item
  heir: Item @cacheControl(inheritMaxAge: true)
  privateHeir: Item @cacheControl(inheritMaxAge: true, scope: PRIVATE)
  both: Item @cacheControl(inheritMaxAge: true, maxAge: 5)
  typed: Typed
  typedHeir: Typed @cacheControl(inheritMaxAge: true)
  inheriting: Inheriting
  timedInheriting: Inheriting @cacheControl(maxAge: 20)
}
type Typed @cacheControl(maxAge: 30) { id: ID item: Item @cacheControl(inheritMaxAge: true) }
type Inheriting @cacheControl(inheritMaxAge: true) { id: ID }
type Secret @cacheControl(maxAge: 40, scope: PRIVATE) { id: ID }
interface Animal @cacheControl(maxAge: 50) { name: String friend: Typed item: Item }
type Cat implements Animal { name: String @cacheControl(maxAge: 15) friend: Typed item: Item @cacheControl(maxAge: 25) }
interface Beast { name: String }
type Wolf implements Beast @cacheControl(maxAge: 12) { name: String }
union Either @cacheControl(maxAge: 80) = Cat | Secret
type Keyed @key(fields: "id") @cacheControl(maxAge: 45) { id: ID! name: String short: String @cacheControl(maxAge: 3) }
type Unsaid @key(fields: "id") { id: ID! name: String }
type Own @key(fields: "id") @cacheControl(maxAge: 45, scope: PRIVATE) { id: ID! name: String }
`;

const item = (): object => ({ id: '1', tags: ['a'], short: 's', shown: 's', ...things });
const typed = () => ({ id: '2', item });
const things = {
  child: item,
  heir: item,
  privateHeir: item,
  both: item,
  typed,
  typedHeir: typed,
  inheriting: typed,
  timedInheriting: typed,
};
const cat = { __typename: 'Cat', name: 'c', friend: typed, item };
const rootValue = {
  ...{ silent: item, count: 1, counted: 1, item, never: item, typed, typedList: () => [typed()], longer: typed },
  ...{ private: typed, secret: typed, opened: typed, heir: item, typedHeir: typed },
  ...{ animal: cat, animals: [cat], beast: { __typename: 'Wolf', name: 'w' }, either: cat, eithers: cat },
  dynamic({ seconds }: { seconds: number }, _: unknown, info: GraphQLResolveInfo) {
    (info as never as { cacheControl: CacheControl }).cacheControl.setCacheHint({ maxAge: seconds });
    return item();
  },
};
interface CacheControl {
  setCacheHint(hint: { maxAge: number }): void;
}

const full = buildSchema(SDL, { assumeValidSDL: true });
const hints = readCacheHints(SDL);
const servers = new Map(
  [0, 90].map((defaultMaxAge) => {
    const resolvers = { Keyed: {}, Unsaid: {}, Own: {} };
    for (const type of Object.values(resolvers))
      Object.assign(type, { __resolveReference: ({ id }: { id: string }) => ({ id, name: 'n', short: 's' }) });
    const schema = buildSubgraphSchema([{ typeDefs: parse(SDL), resolvers }]);
    const plugins = [ApolloServerPluginCacheControl({ defaultMaxAge }), ApolloServerPluginInlineTraceDisabled()];
    return [defaultMaxAge, new ApolloServer({ schema, rootValue: () => rootValue, plugins })] as const;
  }),
);
afterAll(() => Promise.all([...servers.values()].map((server) => server.stop())));

/** `cache-control` as Apollo Server writes it. */
async function apollo(query: string, defaultMaxAge: number, representations?: readonly object[]): Promise<string> {
  const variables = representations && { representations };
  const { http, body } = await servers.get(defaultMaxAge)!.executeOperation({ query, ...(variables && { variables }) });
  expect(body.kind === 'single' && body.singleResult.errors).toBe(undefined);
  return http.headers.get('cache-control')!;
}

/** How long we keep the same answer, in the same words. */
function ours(query: string, ttl: number, { alias, said }: { alias?: string; said?: string } = {}): string {
  const facts = readFetchFacts({ subgraph: 's', text: query, full, hints, alias })!;
  const head = said === undefined ? undefined : `HTTP/1.1 200 OK\r\ncache-control: ${said}`;
  const settings = { ttl, staleWhileRevalidate: undefined, isToldIdentity: false };
  const { maxAge, scope } = policyOf(head, facts.hinted, settings, () => false);
  return maxAge === 0 ? 'no-store' : `max-age=${maxAge}, ${scope}`;
}

describe('@cacheControl says what it says to Apollo Server', () => {
  it.each([
    ['a root field of which nothing is said', '{ silent { id } }', 'no-store', 'max-age=90, public'],
    ['a root field of a scalar', '{ count }', 'no-store', 'max-age=90, public'],
    ['the same with an age', '{ counted }', 'max-age=10, public', 'max-age=10, public'],
    ['a field; scalars and their lists inherit', '{ item { id tags } }', 'max-age=60, public', 'max-age=60, public'],
    ['an age of nothing', '{ never { id } }', 'no-store', 'no-store'],
    ['the smallest of all', '{ item { short } }', 'max-age=5, public', 'max-age=5, public'],
    ['an object below of which nothing is said', '{ item { child { id } } }', 'no-store', 'max-age=60, public'],
    ['one that inherits', '{ item { heir { id } } }', 'max-age=60, public', 'max-age=60, public'],
    ['one that inherits, and is private', '{ item { privateHeir { id } } }', 'max-age=60, private', undefined],
    ['one that inherits, beside an age', '{ item { both { id } } }', 'max-age=60, public', undefined],
    ['one that inherits at the root', '{ heir { id } }', 'no-store', 'max-age=90, public'],
    ['a type', '{ typed { id } }', 'max-age=30, public', 'max-age=30, public'],
    ['a type in a list', '{ typedList { id } }', 'max-age=30, public', undefined],
    ['a type below a field', '{ item { typed { id } } }', 'max-age=30, public', undefined],
    ['a field over its type', '{ longer { id } }', 'max-age=240, public', undefined],
    ['a type under a field that inherits', '{ item { typedHeir { id } } }', 'max-age=30, public', undefined],
    ['what inherits from a type', '{ typed { item { id } } }', 'max-age=30, public', undefined],
    ['a type that inherits', '{ item { inheriting { id } } }', 'max-age=60, public', undefined],
    ['a type that inherits, under an age', '{ item { timedInheriting { id } } }', 'max-age=20, public', undefined],
    ['a type that inherits at the root', '{ typedHeir { id } }', 'no-store', 'max-age=90, public'],
    ['a private scalar', '{ item { shown } }', 'max-age=60, private', undefined],
    ['a private field of a type with an age', '{ private { id } }', 'max-age=30, private', undefined],
    ['a private type', '{ secret { id } }', 'max-age=40, private', undefined],
    ['a private type behind a public field', '{ opened { id } }', 'max-age=40, public', undefined],
    ['private beside public', '{ item { id } secret { id } }', 'max-age=40, private', undefined],
    ['an interface', '{ animal { friend { id } } }', 'max-age=30, public', undefined],
    ['a field of an object behind an interface', '{ animal { name } }', 'max-age=15, public', undefined],
    ['an object of it, below', '{ animals { item { id } } }', 'max-age=25, public', undefined],
    ['a fragment', '{ animals { ... on Cat { item { id } } } }', 'max-age=25, public', undefined],
  ])('%s: %s', async (_, query, silent, byDefault = silent) => {
    expect([await apollo(query, 0), await apollo(query, 90)]).toEqual([silent, byDefault]);
    expect([ours(query, 0), ours(query, 90)]).toEqual([silent, byDefault]);
  });

  it.each([
    ['an entity', 'Keyed', '{ name }', 'max-age=45, public', undefined],
    ['a field of an entity', 'Keyed', '{ name short }', 'max-age=3, public', undefined],
    ['a private entity', 'Own', '{ name }', 'max-age=45, private', undefined],
    ['an entity of which nothing is said', 'Unsaid', '{ name }', 'no-store', 'max-age=90, public'],
  ])('%s', async (_, type, selection, silent, byDefault = silent) => {
    const query = `query ($representations: [_Any!]!) {
      _entities(representations: $representations) { ... on ${type} ${selection} }
    }`;
    const asked = [{ __typename: type, id: '1' }];
    expect([await apollo(query, 0, asked), await apollo(query, 90, asked)]).toEqual([silent, byDefault]);
    const alias = '_entities';
    expect([ours(query, 0, { alias }), ours(query, 90, { alias })]).toEqual([silent, byDefault]);
  });

  it.each([
    ['shorter', 7, 'max-age=7, public'],
    ['not at all', 0, 'no-store'],
    // What the schema says is the most: it is what a reader of the schema relies on.
    ['longer', 600, 'max-age=60, public'],
  ])('a resolver that decides by its arguments says it in the header: %s', async (_, seconds, kept) => {
    const query = `{ dynamic(seconds: ${seconds}) { id } }`;
    const said = await apollo(query, 0);
    expect(said).toBe(seconds === 0 ? 'no-store' : `max-age=${seconds}, public`);
    expect(ours(query, 0, { said })).toBe(kept);
  });

  it('of a type behind an interface or a union counts too, which Apollo Server leaves out', async () => {
    const beast = '{ beast { name } eithers { __typename } }';
    expect([await apollo(beast, 90), ours(beast, 90)]).toEqual(['max-age=70, public', 'max-age=12, private']);
  });
});
