import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestUser } from './testing/client.ts';
import { MODES } from './testing/modes.ts';
import type { RunningGraph } from './testing/sextant.ts';

/** What is made of each type, and a field that only its owner's subgraph has. */
const MADE = {
  Conversation: ['createConversation(input: { title: "Course" }) { conversation { id } }', 'title'],
  Memory: ['remember(input: { memories: [{ text: "North by west." }] }) { memories { id } }', 'text'],
  Document: ['addDocument(input: { title: "Log", text: "Fair winds." }) { document { id } }', 'title'],
  Image: [
    'createImageUpload(input: { fileName: "a.png", contentType: "image/png", size: 9 }) { image { id } }',
    'fileName',
  ],
  VectorCollection: ['createVectorCollection(input: { name: "charts" }) { collection { id } }', 'name'],
} as const;

interface Nodes {
  readonly nodes: ({ readonly id: string; readonly __typename: string } & Record<string, unknown>)[];
}

const NODE = '{ __typename id ... on Conversation { title } ... on Memory { text } ... on Message { role } }';

describe.each(MODES)('whatever has an id, %s', (_mode, skipped, start) => {
  describe.skipIf(skipped)('is read by it', () => {
    const lifecycle = new AsyncDisposableStack();
    const ids = new Map<string, string>();
    let graph: RunningGraph;
    let user: TestUser;

    beforeAll(async () => {
      graph = await start({}, lifecycle);
      user = await TestUser.signUp(graph.url);
      ids.set('User', user.id);
      for (const [type, [mutation]] of Object.entries(MADE)) {
        const data = await user.run<Record<string, Record<string, { id: string } | { id: string }[]>>, object>(
          `mutation { ${mutation} }`,
        );
        const made = Object.values(Object.values(data)[0]!)[0]!;
        ids.set(type, Array.isArray(made) ? made[0]!.id : made.id);
      }
      const { sendMessage } = await user.run<{ sendMessage: { message: { id: string } } }, object>(
        'mutation($input: SendMessageInput!) { sendMessage(input: $input) { message { id } } }',
        { input: { conversationId: ids.get('Conversation'), clientMessageId: randomUUID(), text: 'Hi', reply: false } },
      );
      ids.set('Message', sendMessage.message.id);
    }, 120_000);
    afterAll(() => lifecycle.disposeAsync(), 60_000);

    it('with the fields of its own type, and with none', async () => {
      for (const [type, id] of ids) {
        const field =
          type === 'User' ? 'displayName' : type === 'Message' ? 'text' : MADE[type as keyof typeof MADE][1];
        const { node } = await user.run<{ node: Record<string, unknown> }, object>(
          `query($id: ID!) { node(id: $id) { id ... on ${type} { ${field} } } }`,
          { id },
        );
        expect(node).toEqual({ id, [field]: expect.any(String) });
        const plain = await user.run<{ node: object }, object>('query($id: ID!) { node(id: $id) { __typename id } }', {
          id,
        });
        expect(plain.node).toEqual({ __typename: type, id });
      }
    });

    it('many at once, in their order, also where the operation names other types', async () => {
      const all = [...ids];
      const asked = [randomUUID(), ...all.map(([, id]) => id), 'no id'];
      const { nodes } = await user.run<Nodes, object>(`query($ids: [ID!]!) { nodes(ids: $ids) ${NODE} }`, {
        ids: asked,
      });
      expect(nodes.map((node) => node && [node.__typename, node.id])).toEqual([null, ...all, null]);
      expect(nodes[1]!['id']).toBe(user.id);
    });

    it('and by no caller who could not read it otherwise', async () => {
      const stranger = await TestUser.signUp(graph.url);
      const asked = [...ids].filter(([type]) => type !== 'User').map(([, id]) => id);
      const query = `query($ids: [ID!]!) { nodes(ids: $ids) ${NODE} }`;
      expect((await stranger.run<Nodes, object>(query, { ids: asked })).nodes).toEqual(asked.map(() => null));
      const { createApiKey } = await user.run<{ createApiKey: { secret: string } }, object>(
        'mutation { createApiKey(input: { name: "k", scopes: [MEMORY_READ] }) { secret } }',
      );
      const program = new TestUser(graph.url);
      program.accessToken = createApiKey.secret;
      const { nodes } = await program.run<Nodes, object>(query, { ids: asked });
      expect(nodes.flatMap((node) => node?.__typename ?? []).sort()).toEqual(['Document', 'Memory']);
      const visitor = new TestUser(graph.url);
      expect((await visitor.send(query, { ids: asked })).errors?.[0]?.extensions?.['code']).toBe('UNAUTHENTICATED');
    });

    it('no more than a hundred at once', async () => {
      const { errors } = await user.send(`query($ids: [ID!]!) { nodes(ids: $ids) ${NODE} }`, {
        ids: Array.from({ length: 101 }, () => randomUUID()),
      });
      expect(errors![0]!.extensions).toMatchObject({ code: 'BAD_USER_INPUT', argument: 'ids' });
    });
  });
});
