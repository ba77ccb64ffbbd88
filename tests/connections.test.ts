import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { buildSchema, type GraphQLArgument, getNamedType, isNonNullType } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestUser } from './testing/client.ts';
import { type RunningGraph, startEmbedded } from './testing/sextant.ts';

const schema = buildSchema(await readFile(path.join(import.meta.dirname, '..', 'schema.graphql'), 'utf8'));

/** What arguments that have to be given are given here. */
const GIVEN: Record<string, string> = { query: '"sextant"', scope: '{ scope: USER }' };

const needed = (args: readonly GraphQLArgument[]): string[] =>
  args
    .filter(({ type, defaultValue }) => isNonNullType(type) && defaultValue === undefined)
    .map(({ name }) => `${name}: ${GIVEN[name]}`);

/** Every root field of a user that is a connection, as a client asks for its first entry. */
const CONNECTIONS = Object.values(schema.getQueryType()!.getFields())
  .filter(({ name, type }) => getNamedType(type).name.endsWith('Connection') && name !== 'users')
  .map(({ name, args }): [name: string, query: string] => [
    name,
    `{ ${name}(${['first: 1', ...needed(args)].join(', ')}) {
      totalCount edges { cursor } nodes { __typename } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`,
  ]);

describe('every list of the graph', () => {
  const lifecycle = new AsyncDisposableStack();
  let graph: RunningGraph;
  let user: TestUser;

  beforeAll(async () => {
    graph = lifecycle.use(await startEmbedded({}));
    user = await TestUser.signUp(graph.url);
    for (const title of ['A sextant', 'Another sextant', 'A third sextant']) {
      await user.run(
        'mutation($input: CreateConversationInput!) { createConversation(input: $input) { __typename } }',
        {
          input: { title },
        },
      );
      await user.run('mutation($input: SetContextInput!) { setContext(input: $input) { __typename } }', {
        input: { scope: { scope: 'USER' }, key: title, value: 1 },
      });
      await user.run(
        'mutation($input: CreateVectorCollectionInput!) { createVectorCollection(input: $input) { __typename } }',
        { input: { name: title } },
      );
      await user.run('mutation($input: AddDocumentInput!) { addDocument(input: $input) { __typename } }', {
        input: { title, text: title },
      });
      await user.run('mutation($input: RememberInput!) { remember(input: $input) { __typename } }', {
        input: { memories: [{ text: title }] },
      });
      await user.run('mutation($input: CreateImageUploadInput!) { createImageUpload(input: $input) { __typename } }', {
        input: { fileName: `${title}.png`, contentType: 'image/png', size: 100 },
      });
    }
  }, 120_000);
  afterAll(() => lifecycle.disposeAsync(), 60_000);

  it.each(CONNECTIONS)('%s says how many there are on all pages', async (name, query) => {
    type Page = { totalCount: number; nodes: unknown[]; edges: unknown[]; pageInfo: { hasNextPage: boolean } };
    const page = (await user.run<Record<string, Page>, object>(query))[name]!;
    expect(page.nodes.length).toBe(Math.min(page.totalCount, 1));
    expect(page.edges).toHaveLength(page.nodes.length);
    expect(page.pageInfo.hasNextPage).toBe(page.totalCount > 1);
    if (FILLED.includes(name)) expect(page.totalCount).toBe(3);
  });
});

const FILLED = [
  'conversations',
  'searchConversations',
  'contexts',
  'vectorCollections',
  'documents',
  'memories',
  'images',
];
