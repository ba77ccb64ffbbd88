import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { buildSchema, type GraphQLEnumType, type GraphQLObjectType, isObjectType, print } from 'graphql';
import { expect, it } from 'vitest';
import { ERROR_CODES } from '#platform/base/errors/errors.ts';
import { SCOPES } from '#platform/identity/identity.ts';
import { AUDIT_TYPES } from '#subgraphs/auth/audit.ts';
import { NODE_TYPES } from '#subgraphs/auth/nodes/nodes.ts';
import { scopeName } from '#subgraphs/auth/resolvers/scope-names.ts';
import { unconventional } from './schema-conventions.ts';

const root = path.resolve(import.meta.dirname, '../..');

it('names what is not shaped as its neighbours are', () => {
  const sdl = `
    extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
    type Query { ships(first: Int! = 10): ShipConnection, ship(id: ID!): Ship!, crewOf(shipId: ID!): Crew }
    type Mutation {
      launchShip(input: LaunchShipInput!): LaunchShipPayload!
      nameShip(id: ID!, name: String!): NameShipPayload
      deleteShip(input: DeleteShipInput!): DeleteShipPayload
      boardShip(input: BoardShipInput!): BoardShipPayload
      sinkShip(input: SinkShipInput!): ShipPayload
    }
    type Subscription { courseOf(shipId: ID!): Course! }
    type Course @key(fields: "id") { id: ID! }
    union Sight = Ship | Crew
    type Ship {
      id: ID!
      masts(first: Int = 3): [Crew!] @listSize(slicingArguments: ["first"])
      sails(first: Int! = 3): [Crew!] @listSize(slicingArguments: ["first"])
      ropes(first: Int = 3): [Crew!] @listSize(slicingArguments: ["first"], requireOneSlicingArgument: false)
    }
    type Crew { id: ID! }
    type ShipConnection { edges: [ShipEdge!]!, pageInfo: PageInfo! }
    input LaunchShipInput { name: String! }
    type LaunchShipPayload { ship: Ship! }
    type NameShipPayload { ship: Ship! }
    input DeleteShipInput { shipId: ID! }
    type DeleteShipPayload { id: ID! }
    input BoardShipInput { shipId: ID!, crewId: ID! }
    type BoardShipPayload { crew: Crew!, ship: Ship! }
    input SinkShipInput { id: ID! }
    type ShipPayload { ship: Ship! }
    type ShipEdge { cursor: String!, node: Ship! }
    type PageInfo { hasNextPage: Boolean! }`;
  expect(unconventional(sdl)).toEqual([
    'BoardShipInput.crewId is the id of what boardShip is about: call it `id`',
    'DeleteShipInput.shipId is the id of what deleteShip is about: call it `id`',
    'DeleteShipPayload has none of deletedId, deletedIds, deletedCount',
    'Mutation.launchShip is non-null: its null would take the answers of the other fields along',
    'Mutation.nameShip takes other arguments than one `input` of type NameShipInput',
    'Mutation.sinkShip returns ShipPayload: call it SinkShipPayload',
    'Query.ship is non-null: its null would take the answers of the other fields along',
    'Query.ships takes no `after`',
    'Query.ships takes no `first: Int`',
    'Ship.masts takes null for `first`, which its @listSize refuses: requireOneSlicingArgument: false',
    'ShipConnection has no nodes',
    'ShipConnection has no totalCount',
  ]);
});

it('every subgraph keeps the conventions', async () => {
  for (const file of globSync('subgraphs/*/schema.graphql', { cwd: root }))
    expect(unconventional(await readFile(path.join(root, file), 'utf8')), file).toEqual([]);
});

const read = async (file: string) => readFile(path.join(root, file), 'utf8');
const valuesOf = (sdl: string, name: string): string[] =>
  (buildSchema(sdl, { assumeValidSDL: true }).getType(name) as GraphQLEnumType)
    .getValues()
    .map((value) => value.name)
    .sort();

it('lists of the code that clients see are enums with the same members', async () => {
  const [auth, chat, analytics] = await Promise.all(
    ['auth', 'chat', 'analytics'].map((name) => read(`subgraphs/${name}/schema.graphql`)),
  );
  expect(valuesOf(chat!, 'ErrorCode')).toEqual(Object.keys(ERROR_CODES).sort());
  expect(valuesOf(analytics!, 'ErrorCode')).toEqual(Object.keys(ERROR_CODES).sort());
  expect(valuesOf(auth!, 'Scope')).toEqual(Object.keys(SCOPES).map(scopeName).sort());
  expect(valuesOf(auth!, 'AuditEventType')).toEqual(AUDIT_TYPES.map((type) => type.toUpperCase()).sort());
});

it('node demands the scopes that the own field of each type demands', async () => {
  const schema = buildSchema(await read('schema.graphql'));
  const nodes = Object.values(schema.getTypeMap()).filter(
    (type): type is GraphQLObjectType => isObjectType(type) && type.getInterfaces().some(({ name }) => name === 'Node'),
  );
  expect(nodes.map(({ name }) => name).sort()).toEqual([...Object.keys(NODE_TYPES), 'User'].sort());
  for (const [name, { subgraph, scope }] of Object.entries(NODE_TYPES)) {
    const own = buildSchema(await read(`subgraphs/${subgraph}/schema.graphql`), { assumeValidSDL: true });
    const field = own.getQueryType()!.getFields()[`${name[0]!.toLowerCase()}${name.slice(1)}`];
    const demanded = /@requiresScopes\(scopes: \[\["([\w:]+)"\]\]\)/.exec(
      print(field!.astNode!.directives!.find((directive) => directive.name.value === 'requiresScopes')!),
    )?.[1];
    expect([name, scope]).toEqual([name, demanded]);
  }
});
