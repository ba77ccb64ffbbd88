import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { answer, FaultServer } from '#llm/testing/fault-server.ts';
import { createApollo } from './client/apollo.ts';
import {
  CreateConversationDocument,
  LoginDocument,
  MeDocument,
  MessageStreamDocument,
  ReadConversationDocument,
  RegisterDocument,
  SendMessageDocument,
} from './client/generated/graphql.ts';
import { type RunningGraph, startEmbedded } from './testing/sextant.ts';
import { StreamedText, story } from './testing/story.ts';

describe('Apollo Client with generated operations', () => {
  const lifecycle = new AsyncDisposableStack();
  let graph: RunningGraph;

  beforeAll(async () => {
    const model = lifecycle.use(await FaultServer.start(answer(story(20), { gapMs: 10 })));
    graph = lifecycle.use(
      await startEmbedded({ OPENAI_API_KEY: 'sk-test', OPENAI_BASE_URL: model.url, OPENAI_MODEL: 'test-model' }),
    );
  }, 60_000);
  afterAll(() => lifecycle.disposeAsync(), 60_000);

  it('signs up, sends a message, follows the reply and reads it again from the cache of entities', async () => {
    const warned = vi.spyOn(console, 'warn');
    let token: string | undefined;
    const { client, dispose } = createApollo(`${graph.url}/graphql`, () => token);
    lifecycle.defer(dispose);
    const account = { email: `${randomUUID()}@example.org`, password: 'a star above the horizon' };
    await client.mutate({ mutation: RegisterDocument, variables: { input: account } });
    const signedIn = await client.mutate({ mutation: LoginDocument, variables: { input: account } });
    token = signedIn.data!.login!.tokens.accessToken;
    const me = await client.query({ query: MeDocument });
    expect(me.data?.me?.email).toBe(account.email);

    const created = await client.mutate({ mutation: CreateConversationDocument, variables: { input: {} } });
    const conversationId = created.data!.createConversation!.conversation.id;
    const sent = await client.mutate({
      mutation: SendMessageDocument,
      variables: { input: { conversationId, clientMessageId: randomUUID(), text: 'Hello' } },
    });
    const messageId = sent.data!.sendMessage!.reply!.id;

    const received = new StreamedText();
    await new Promise<void>((resolve, reject) =>
      client.subscribe({ query: MessageStreamDocument, variables: { messageId, after: 0 } }).subscribe({
        next: ({ data }) => received.apply(data!.messageStream),
        error: reject,
        complete: resolve,
      }),
    );
    expect(received).toMatchObject({ status: 'COMPLETE', text: story(20).join(''), faults: [] });

    const read = await client.query({
      query: ReadConversationDocument,
      variables: { id: conversationId },
      fetchPolicy: 'network-only',
    });
    expect(read.data?.conversation?.messages.nodes.map(({ role }) => role)).toEqual(['USER', 'ASSISTANT']);
    // The cache warns where data without an id takes the place of other data.
    expect(warned.mock.calls).toEqual([]);
  });

  it('gets expected failures with their code', async () => {
    const { client, dispose } = createApollo(`${graph.url}/graphql`, () => undefined);
    lifecycle.defer(dispose);
    const { error } = await client.query({ query: MeDocument, errorPolicy: 'all' });
    expect(error).toMatchObject({
      errors: expect.arrayContaining([
        expect.objectContaining({ path: ['me'], extensions: { code: 'UNAUTHENTICATED' } }),
      ]),
    });
  });
});
