import { ApolloClient, CombinedGraphQLErrors, gql, InMemoryCache } from '@apollo/client';
import { Client, type CombinedError, gql as urqlGql } from '@urql/core';
import { readUIMessageStream, type UIMessage } from 'ai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { onEnd, pipe, subscribe } from 'wonka';
import { answer, FaultServer } from '#llm/testing/fault-server.ts';
import { readUIMessages, sextantTransport } from '../clients/typescript/src/ai-sdk.ts';
import { sextantLink } from '../clients/typescript/src/apollo.ts';
import { createSextant, memoryStore, type Sextant } from '../clients/typescript/src/index.ts';
import { sextantExchange } from '../clients/typescript/src/urql.ts';
import { TestUser } from './testing/client.ts';
import { type RunningGraph, startEmbedded } from './testing/sextant.ts';
import { story } from './testing/story.ts';

const WHOLE = story(80).join('');
/** The id of nothing. */
const NOBODYS = '00000000-0000-7000-8000-000000000000';

describe('adapters of the client package', () => {
  const lifecycle = new AsyncDisposableStack();
  let graph: RunningGraph;
  let sextant: Sextant;

  beforeAll(async () => {
    const model = lifecycle.use(await FaultServer.start(answer(story(80), { gapMs: 10 })));
    graph = lifecycle.use(
      await startEmbedded({ OPENAI_API_KEY: 'sk-test', OPENAI_BASE_URL: model.url, OPENAI_MODEL: 'test-model' }),
    );
    const user = await TestUser.signUp(graph.url);
    sextant = createSextant({ url: graph.url, store: memoryStore() });
    lifecycle.defer(() => sextant.close());
    await sextant.session.signIn(user.email, user.password);
  }, 60_000);
  afterAll(() => lifecycle.disposeAsync(), 60_000);

  /** Reads a stream of the SDK as `useChat` does: the message as it is at the end. */
  const readMessage = async (stream: ReadableStream): Promise<UIMessage> => {
    let last: UIMessage | undefined;
    for await (const message of readUIMessageStream({ stream })) last = message;
    return last!;
  };
  const textOf = ({ parts }: UIMessage) => parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
  const asked = (text: string): UIMessage => ({
    id: crypto.randomUUID(),
    role: 'user',
    parts: [{ type: 'text', text }],
  });

  /** A conversation whose first message has been sent. */
  const begun = async () => {
    const { id: chatId } = await sextant.startConversation();
    const transport = sextantTransport(sextant);
    const messages = [asked('Tell me a story')];
    const submission = { chatId, messageId: undefined, abortSignal: undefined, messages };
    const stream = await transport.sendMessages({ ...submission, trigger: 'submit-message' });
    return { chatId, transport, submission, stream };
  };

  it('is the transport of useChat: sends, regenerates, and goes on after a reload', async () => {
    const { chatId, transport, submission, stream } = await begun();
    const resumed = await transport.reconnectToStream({ chatId });
    const [first, second] = await Promise.all([readMessage(stream), readMessage(resumed!)]);
    expect(textOf(first)).toBe(WHOLE);
    expect(second).toEqual(first);
    expect(await transport.reconnectToStream({ chatId })).toBeNull();
    const again = await transport.sendMessages({ ...submission, trigger: 'regenerate-message' });
    expect(textOf(await readMessage(again))).toBe(WHOLE);
    expect((await readUIMessages(sextant, chatId)).map(({ role }) => role)).toEqual(['user', 'assistant']);
  }, 60_000);

  it('shows a reply that ended between the reading of the messages and the going on', async () => {
    const { chatId, transport, stream } = await begun();
    const whole = readMessage(stream);
    await expect.poll(async () => (await sextant.conversation(chatId).messages()).messages.length).toBe(2);
    expect((await readUIMessages(sextant, chatId)).map(({ role }) => role)).toEqual(['user']);
    await whole;
    const resumed = await transport.reconnectToStream({ chatId });
    expect(await readMessage(resumed!)).toEqual(await whole);
    expect(await transport.reconnectToStream({ chatId })).toBeNull();
  }, 60_000);

  it('stops the model when useChat is stopped', async () => {
    const { id: chatId } = await sextant.startConversation();
    const aborter = new AbortController();
    const stream = await sextantTransport(sextant).sendMessages({
      chatId,
      messageId: undefined,
      abortSignal: aborter.signal,
      trigger: 'submit-message',
      messages: [asked('Tell me a story')],
    });
    for await (const message of readUIMessageStream({ stream })) if (textOf(message).length > 20) aborter.abort();
    const [, reply] = (await sextant.conversation(chatId).messages()).messages;
    expect(reply).toMatchObject({ status: 'STOPPED' });
  }, 60_000);

  it('is the link of an Apollo Client: queries with errors beside data, and subscriptions', async () => {
    const client = new ApolloClient({ link: sextantLink(sextant), cache: new InMemoryCache() });
    const conversation = await sextant.startConversation();
    const messageId = await conversation.send('Tell me a story').messageId;
    let text = '';
    const document = gql`
      subscription Follow($id: ID!) {
        messageStream(id: $id) {
          ... on ReplyText { firstSeq text }
        }
      }
    `;
    type Piece = { messageStream: { firstSeq?: number; text?: string } };
    await new Promise<void>((resolve, reject) => {
      client.subscribe<Piece>({ query: document, variables: { id: messageId }, fetchPolicy: 'no-cache' }).subscribe({
        next: ({ data }) => {
          const { firstSeq, text: piece = '' } = data!.messageStream;
          if (firstSeq !== undefined) text = text.slice(0, firstSeq - 1) + piece;
        },
        error: reject,
        complete: resolve,
      });
    });
    expect(text).toBe(WHOLE);
    const refused = await new Promise<unknown>((resolve) => {
      client
        .subscribe({ query: document, variables: { id: NOBODYS } })
        .subscribe({ next: ({ error }) => resolve(error), error: resolve });
    });
    expect(CombinedGraphQLErrors.is(refused) && refused.errors[0]!.extensions).toMatchObject({ code: 'NOT_FOUND' });
    const query = gql`
      query Partly($id: ID!) {
        me { id }
        document(id: $id) { id }
      }
    `;
    const variables = { id: NOBODYS };
    const { data } = await client.query<{ me: { id: string } }>({ query, variables, errorPolicy: 'all' });
    expect(data?.me.id).toMatch(/-/);
  }, 60_000);

  it('is the exchange of a urql client: queries with errors beside data, and subscriptions that end', async () => {
    const client = new Client({ url: sextant.endpoint, exchanges: [sextantExchange(sextant)] });
    const conversation = await sextant.startConversation();
    const messageId = await conversation.send('Tell me a story').messageId;
    const follow = urqlGql<{ messageStream: { firstSeq?: number; text?: string } }>`
      subscription Follow($id: ID!) {
        messageStream(id: $id) {
          ... on ReplyText { firstSeq text }
        }
      }
    `;
    /** Follows until the server is done. */
    const textUntilEnd = () =>
      new Promise<string>((resolve, reject) => {
        let text = '';
        pipe(
          client.subscription(follow, { id: messageId }),
          onEnd(() => resolve(text)),
          subscribe(({ data, error }) => {
            if (error) return reject(error);
            const { firstSeq, text: piece = '' } = data!.messageStream;
            if (firstSeq !== undefined) text = text.slice(0, firstSeq - 1) + piece;
          }),
        );
      });
    expect(await textUntilEnd()).toBe(WHOLE);
    expect(await textUntilEnd()).toBe(WHOLE);
    const refused = await client.subscription(follow, { id: NOBODYS }).toPromise();
    expect(refused.error).toMatchObject({
      networkError: undefined,
      graphQLErrors: [{ extensions: { code: 'NOT_FOUND' } }],
    });
    const partly = urqlGql<{ me: { id: string } }>`query Partly { me { id } llmHealth { deployment } }`;
    const { data, error } = await client.query(partly, {});
    expect(data?.me.id).toMatch(/-/);
    expect((error as CombinedError).graphQLErrors[0]?.extensions).toMatchObject({ code: 'FORBIDDEN' });
  }, 60_000);
});
