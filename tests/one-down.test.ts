import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase } from '#platform/data/database/testing/test-database.ts';
import { createSextant, memoryStore } from '../clients/typescript/src/index.ts';
import { TestUser } from './testing/client.ts';
import { DISTRIBUTED_SKIPPED, REDIS_TEST_URL } from './testing/postgres.ts';
import { type RunningGraph, startDistributed } from './testing/sextant.ts';

/** Root fields, with their selections, by the subgraph that answers them. */
const FIELDS = {
  auth: { me: '{ id }', signInOptions: '{ __typename }' },
  chat: { conversations: '{ __typename }', models: '{ id }' },
  memory: {
    memories: '{ totalCount }',
    'contexts(scope: { scope: USER })': '{ nodes { key } }',
  },
  vision: { images: '{ nodes { id owner { displayName } } }' },
  vector: {
    vectorCollections: '{ nodes { name } }',
    embeddingModels: '{ __typename }',
  },
  analytics: { usage: '{ calls }', usageCalls: '{ nodes { id } }', budgets: '{ __typename }' },
} as const;
type Subgraph = keyof typeof FIELDS;
const SUBGRAPHS = Object.keys(FIELDS) as Subgraph[];
const fieldsOf = (subgraph: Subgraph): string[] => Object.keys(FIELDS[subgraph]).map((field) => field.split('(')[0]!);
const ALL = `{ ${SUBGRAPHS.flatMap((subgraph) => Object.entries(FIELDS[subgraph]).flat()).join(' ')} }`;

describe.skipIf(DISTRIBUTED_SKIPPED)(`one subgraph is down${DISTRIBUTED_SKIPPED}`, () => {
  const lifecycle = new AsyncDisposableStack();
  let graph: RunningGraph;
  let user: TestUser;

  beforeAll(async () => {
    const postgres = lifecycle.use(await createTestDatabase());
    graph = lifecycle.use(await startDistributed({ postgres, redisUrl: REDIS_TEST_URL! }));
    user = await TestUser.signUp(graph.url);
    await user.run('mutation { remember(input: { memories: [{ text: "North by west." }] }) { memories { id } } }');
    const { data, errors } = await user.send<Record<string, unknown>, never>(ALL);
    expect(errors).toBeUndefined();
    expect(Object.values(data!)).not.toContain(null);
  }, 120_000);
  afterAll(() => lifecycle.disposeAsync(), 60_000);

  it.each(SUBGRAPHS)(
    '%s is stopped: its fields are null with a code, and those of all others are answered',
    async (stopped) => {
      await graph.processes.get(stopped)!.stop();
      const { data, errors } = await user.send<Record<string, unknown>, never>(ALL);
      const codes = Object.fromEntries(errors!.map(({ path, extensions }) => [path![0], extensions?.['code']]));
      const unavailable = expect.stringMatching(/UNAVAILABLE/);
      expect(codes).toEqual(Object.fromEntries(fieldsOf(stopped).map((field) => [field, unavailable])));
      for (const subgraph of SUBGRAPHS) {
        for (const field of fieldsOf(subgraph)) {
          expect([field, data?.[field] === null]).toEqual([field, subgraph === stopped]);
        }
      }
      await graph.restart(stopped);
    },
    90_000,
  );

  it('auth and vision are stopped: the client package reads a conversation without names and pictures', async () => {
    const made = await user.run<{ createConversation: { conversation: { id: string } } }, object>(
      'mutation { createConversation(input: { title: "North" }) { conversation { id } } }',
    );
    const { id } = made.createConversation.conversation;
    const input = { conversationId: id, text: 'Ahoy', clientMessageId: randomUUID(), reply: false };
    await user.run<object, object>(
      'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { id } } }',
      { input },
    );
    const store = memoryStore();
    const { accessToken, refreshToken } = user;
    store.write({ accessToken, refreshToken, refreshAt: Date.now() + 300_000 });
    const sextant = createSextant({ url: graph.url, store });
    const read = async () => (await sextant.conversation(id).messages()).messages;
    expect(await read()).toMatchObject([{ text: 'Ahoy', author: { id: user.id } }]);
    await Promise.all([graph.processes.get('auth')!.stop(), graph.processes.get('vision')!.stop()]);
    expect(await read()).toMatchObject([{ text: 'Ahoy', author: null }]);
    sextant.close();
    await Promise.all([graph.restart('auth'), graph.restart('vision')]);
  }, 90_000);

  it('auth is stopped: what belongs to a person is answered without the name of the person', async () => {
    await graph.processes.get('auth')!.stop();
    const { data } = await user.send<{ memories: { nodes: unknown[] } }, never>(
      '{ memories { nodes { text user { id displayName } } } }',
    );
    expect(data?.memories.nodes).toEqual([{ text: 'North by west.', user: null }]);
    await graph.restart('auth');
  }, 90_000);
});
