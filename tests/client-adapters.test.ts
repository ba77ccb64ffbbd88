import { ApolloClient, CombinedGraphQLErrors, gql, InMemoryCache } from '@apollo/client';
import { Client, type CombinedError, gql as urqlGql } from '@urql/core';
import { readUIMessageStream, type UIMessage } from 'ai';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { onEnd, pipe, subscribe } from 'wonka';
import { answer, answerDeltas, FaultServer } from '#llm/testing/fault-server.ts';
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
  let model: FaultServer;
  let sextant: Sextant;

  beforeAll(async () => {
    const tells = answer(story(80), { gapMs: 10 });
    const call = { name: 'place', arguments: '{"exact":true}' };
    const calls = answerDeltas(
      [{ tool_calls: [{ index: 0, id: 'c', type: 'function', function: call }] }],
      'tool_calls',
    );
    model = lifecycle.use(
      await FaultServer.start((request, response) => {
        const { messages, tools } = request.body as { messages: { role: string }[]; tools?: unknown };
        return (tools && messages.at(-1)!.role === 'user' ? calls : tells)(request, response);
      }),
    );
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

  it('sends another version of a message that useChat edits, before and after a reload', async () => {
    const { chatId, transport, submission, stream } = await begun();
    await readMessage(stream);
    const [message] = submission.messages as [UIMessage];
    const conversation = sextant.conversation(chatId);
    const edit = async (id: string, text: string) => {
      const messages = [{ ...asked(text), id }];
      const given = { ...submission, messages, messageId: id, trigger: 'submit-message' as const };
      expect(textOf(await readMessage(await transport.sendMessages(given)))).toBe(WHOLE);
      return (await conversation.messages()).messages;
    };
    // The id that useChat has given, twice, as it keeps it.
    expect((await edit(message.id, 'A shorter story')).map(({ text }) => text)).toEqual(['A shorter story', WHOLE]);
    expect((await edit(message.id, 'A sea story')).map(({ text }) => text)).toEqual(['A sea story', WHOLE]);
    // The id of the server, as it is after a reload.
    const [stored] = await readUIMessages(sextant, chatId);
    expect((await edit(stored!.id, 'A true story')).map(({ text }) => text)).toEqual(['A true story', WHOLE]);
    const unknown = { ...submission, messageId: NOBODYS, trigger: 'submit-message' as const };
    await expect(transport.sendMessages(unknown)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  }, 60_000);

  it('uploads the files of a message: pictures for it, documents for its conversation', async () => {
    const { id: chatId } = await sextant.startConversation();
    const submission = { chatId, messageId: undefined, abortSignal: undefined, trigger: 'submit-message' as const };
    const file = (mediaType: string, filename: string, bytes: Uint8Array | string) => {
      const url = `data:${mediaType};base64,${Buffer.from(bytes).toString('base64')}`;
      return { type: 'file' as const, mediaType, filename, url };
    };
    const red = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    const files = [file('image/png', 'red.png', red), file('text/plain', 'log.txt', 'We left at noon.')];
    const message: UIMessage = { ...asked('What is in these?'), parts: [...files, { type: 'text', text: 'Look' }] };
    const transport = sextantTransport(sextant);
    expect(textOf(await readMessage(await transport.sendMessages({ ...submission, messages: [message] })))).toBe(WHOLE);
    const [sent] = (await sextant.conversation(chatId).messages()).messages;
    expect(sent).toMatchObject({ text: 'Look', attachments: [{ fileName: 'red.png' }] });
    const attached = 'query ($id: ID!) { conversation(id: $id) { documents(first: 5) { nodes { title } } } }';
    expect(await sextant.request(attached, { id: chatId })).toEqual({
      conversation: { documents: { nodes: [{ title: 'log.txt' }] } },
    });
    // It keeps its files where it is edited, and takes no others.
    const edited = { ...submission, messageId: message.id };
    const [shown] = await readUIMessages(sextant, chatId);
    const kept = { ...message, parts: [shown!.parts[0]!, { type: 'text' as const, text: 'Look again' }] };
    await readMessage(await transport.sendMessages({ ...edited, messages: [kept] }));
    await expect(transport.sendMessages({ ...edited, messages: [message] })).rejects.toThrow(/keeps its files/);
  }, 60_000);

  it('answers the calls of tools that useChat has run', async () => {
    const { id: chatId } = await sextant.startConversation();
    const tools = [{ name: 'place', description: 'Where the ship is', parameters: { type: 'object' } }];
    const transport = sextantTransport(sextant, { send: { tools } });
    const submission = { chatId, messageId: undefined, abortSignal: undefined, trigger: 'submit-message' as const };
    const question = asked('Call a tool: where are we?');
    const called = await readMessage(await transport.sendMessages({ ...submission, messages: [question] }));
    const call = called.parts.find((part) => part.type === 'dynamic-tool')!;
    expect(call).toMatchObject({ toolName: 'place', state: 'input-available', input: { exact: true } });
    const answered = { ...call, state: 'output-available', output: { latitude: 59.9 } } as typeof call;
    const parts = called.parts.map((part) => (part === call ? answered : part));
    const messages = [question, { ...called, parts }];
    const goesOn = await transport.sendMessages({ ...submission, messageId: called.id, messages });
    expect(textOf(await readMessage(goesOn))).toBe(WHOLE);
    expect(model.seen.some(({ body }) => JSON.stringify(body).includes('59.9'))).toBe(true);
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
