import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { minifyIntrospection, outputIntrospectionFile } from '@gql.tada/internal';
import { Client, cacheExchange, fetchExchange } from '@urql/core';
import { buildSchema, introspectionFromSchema, print } from 'graphql';
import { createClient } from 'graphql-sse';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { answer, answerDeltas, FaultServer, stall } from '#llm/testing/fault-server.ts';
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
import { TestUser } from './testing/client.ts';
import { metricOf } from './testing/process-metrics.ts';
import { type RunningGraph, startEmbedded } from './testing/sextant.ts';
import { StreamedText, story } from './testing/story.ts';

const ROOT = path.resolve(import.meta.dirname, '..');

/** An app whose types come from the schema alone. */
const TADA = `
import { initGraphQLTada, type ResultOf, type TadaDocumentNode, type VariablesOf } from 'gql.tada';
import { buildSchema, introspectionFromSchema, print } from 'graphql';
import { createClient } from 'graphql-sse';
import type { introspection } from './graphql-env.d.ts';

export const graphql = initGraphQLTada<{
  introspection: introspection;
  scalars: { DateTime: string; UUID: string; JSON: unknown; URL: string; Decimal: string };
}>();

export const Login = graphql('mutation Login($input: LoginInput!) { login(input: $input) { tokens { accessToken } } }');
const Open = graphql('mutation Open { createConversation(input: {}) { conversation { id } } }');
const Send = graphql('mutation Send($input: SendMessageInput!) { sendMessage(input: $input) { reply { id status } } }');
const Stop = graphql('mutation Stop($input: StopGenerationInput!) { stopGeneration(input: $input) { message { id } } }');
const Read = graphql('query Read($id: ID!) { message(id: $id) { toolCalls { name runsOn } } }');
const Follow = graphql(\`subscription Follow($id: ID!) {
  messageStream(id: $id, after: 0) {
    __typename
    ... on ReplyText { text firstSeq lastSeq snapshot }
    ... on ReplyEnd { status lastSeq }
  }
}\`);
export type Piece = ResultOf<typeof Follow>['messageStream'];

export async function run(url: string, account: { email: string; password: string }, before: (step: 'tools' | 'stop') => string) {
  let token: string | undefined;
  const client = createClient({
    url,
    retryAttempts: 0,
    headers: (): Record<string, string> => (token === undefined ? {} : { authorization: \`Bearer \${token}\` }),
  });
  async function* ask<Data, Variables>(document: TadaDocumentNode<Data, Variables>, variables: Variables) {
    const results = client.iterate<{ [name: string]: unknown }>({
      query: print(document),
      variables: variables as Record<string, unknown>,
    });
    for await (const { data, errors } of results) {
      if (errors?.[0]) throw Object.assign(new Error(errors[0].message), { code: errors[0].extensions?.['code'] });
      yield data as Data;
    }
  }
  const one = async <Data, Variables>(document: TadaDocumentNode<Data, Variables>, variables: Variables) => {
    for await (const data of ask(document, variables)) return data;
    throw new Error('nothing came');
  };
  const codeOf = (error: unknown) => String((error as { code?: unknown }).code);
  const refused = await one(Open, {}).then(() => '', codeOf);
  const { login } = await one(Login, { input: account });
  token = login!.tokens.accessToken;
  const { createConversation } = await one(Open, {});
  const conversationId = createConversation!.conversation.id;
  const send = async (more: Partial<VariablesOf<typeof Send>['input']> = {}) => {
    const input = { conversationId, clientMessageId: crypto.randomUUID(), text: 'Hello', ...more };
    return (await one(Send, { input })).sendMessage!.reply!.id;
  };
  const pieces: Piece[] = [];
  for await (const { messageStream } of ask(Follow, { id: await send() })) pieces.push(messageStream);
  const tools = [{ name: 'locate', description: 'Where', parameters: { type: 'object' } }];
  const calling = await send({ tools, text: before('tools') });
  for await (const _ of ask(Follow, { id: calling })) void _;
  const { message } = await one(Read, { id: calling });
  const endless = await send({ text: before('stop') });
  for await (const { messageStream } of ask(Follow, { id: endless })) {
    // The first piece may be of no text yet: a reply that is stopped then never asks its model.
    if (messageStream.__typename === 'ReplyText' && messageStream.text !== '') break;
  }
  const { stopGeneration } = await one(Stop, { input: { id: endless } });
  const code = await one(Follow, { id: crypto.randomUUID() }).then(() => '', codeOf);
  client.dispose();
  return { pieces, code, refused, called: message!.toolCalls.map(({ name }) => name), stopped: stopGeneration!.message.id };
}
`;
/** A field that is not there, a value that may be null, and an input that lacks something. */
const WRONG_TADA = `import type { ResultOf, VariablesOf } from 'gql.tada';
import { graphql, Login, type Piece } from './app.ts';
export const token = (data: ResultOf<typeof Login>): string => data.login!.tokens.accessTokens;

export const maybe = (data: ResultOf<typeof Login>): string => data.login.tokens.accessToken;

export const input: VariablesOf<typeof Login> = { input: { email: 'ada@example.org' } };
export type { Piece };
void graphql;
`;

const lifecycle = new AsyncDisposableStack();
const STORY = answer(story(20), { gapMs: 10 });
let model: FaultServer;
let graph: RunningGraph;

beforeAll(async () => {
  model = lifecycle.use(await FaultServer.start(STORY));
  graph = lifecycle.use(
    await startEmbedded({ OPENAI_API_KEY: 'sk-test', OPENAI_BASE_URL: model.url, OPENAI_MODEL: 'test-model' }),
  );
}, 60_000);
afterAll(() => lifecycle.disposeAsync(), 60_000);

/** Begins a reply that stands still after a word. @returns its id, and what resolves when the model is left alone. */
async function stalled(send: (text: string) => Promise<string>) {
  model.behave(stall('Once '));
  const text = `Stall ${randomUUID()}`;
  const arrival = model.arrival(text);
  const id = await send(text);
  return { id, aborted: (await arrival).aborted };
}

describe('Apollo Client with generated operations', () => {
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

describe('urql with its defaults', () => {
  it('signs in, sends, follows the reply over server-sent events, and is told of errors', async () => {
    model.behave(STORY);
    const user = await TestUser.signUp(graph.url);
    let token: string | undefined = 'wrong';
    const client = new Client({
      url: `${graph.url}/graphql`,
      exchanges: [cacheExchange, fetchExchange],
      fetchSubscriptions: true,
      fetchOptions: () => ({ headers: new Headers(token === undefined ? [] : [['authorization', `Bearer ${token}`]]) }),
    });
    const stranger = await client.query(MeDocument, {});
    token = undefined;
    expect(stranger.error?.graphQLErrors[0]?.extensions).toMatchObject({ code: 'UNAUTHENTICATED' });
    const input = { email: user.email, password: user.password };
    const signedIn = await client.mutation(LoginDocument, { input });
    token = signedIn.data!.login!.tokens.accessToken;
    // A query goes by GET.
    const me = await client.query(MeDocument, {}, { requestPolicy: 'network-only' });
    expect([me.error, me.data?.me?.email]).toEqual([undefined, user.email]);

    const { data: created } = await client.mutation(CreateConversationDocument, { input: {} });
    const conversationId = created!.createConversation!.conversation.id;
    const send = async (text: string) => {
      const { data } = await client.mutation(SendMessageDocument, {
        input: { conversationId, clientMessageId: randomUUID(), text },
      });
      return data!.sendMessage!.reply!.id;
    };
    const messageId = await send('Hello');
    const received = new StreamedText();
    await new Promise<void>((resolve, reject) => {
      client.subscription(MessageStreamDocument, { messageId, after: 0 }).subscribe(({ data, error }) => {
        if (error) reject(error);
        else if (data) received.apply(data.messageStream);
        if (received.status !== undefined) resolve();
      });
    });
    expect(received).toMatchObject({ status: 'COMPLETE', text: story(20).join(''), faults: [] });
    const read = await client.query(ReadConversationDocument, { id: conversationId });
    expect(read.data?.conversation?.messages.nodes.map(({ role }) => role)).toEqual(['USER', 'ASSISTANT']);
    const missing = await client.query(ReadConversationDocument, { id: randomUUID() });
    expect([missing.error, missing.data?.conversation]).toEqual([undefined, null]);
  });
});

describe('graphql-sse', () => {
  it('signs in, follows the reply to the byte, is told of errors, and leaves', async () => {
    model.behave(STORY);
    const user = await TestUser.signUp(graph.url);
    const headers = () => ({ authorization: `Bearer ${user.accessToken}` });
    const client = createClient({ url: `${graph.url}/graphql`, headers, retryAttempts: 0 });
    lifecycle.defer(() => client.dispose());
    const { createConversation } = await user.run(CreateConversationDocument, { input: {} });
    const conversationId = createConversation!.conversation.id;
    const send = async (text: string) => {
      // A mutation goes this way too.
      const results = client.iterate<{ sendMessage: { reply: { id: string } } }>({
        query: print(SendMessageDocument),
        variables: { input: { conversationId, clientMessageId: randomUUID(), text } },
      });
      const { value } = await results.next();
      return value.data!.sendMessage.reply.id as string;
    };
    const follow = (messageId: string) =>
      client.iterate<{ messageStream: Parameters<StreamedText['apply']>[0] }>({
        query: print(MessageStreamDocument),
        variables: { messageId, after: 0 },
      });
    const received = new StreamedText();
    for await (const { data } of follow(await send('Hello'))) received.apply(data!.messageStream);
    expect(received).toMatchObject({ status: 'COMPLETE', text: story(20).join(''), faults: [] });

    const wrong = await follow(randomUUID()).next();
    expect(wrong.value.errors?.[0]?.extensions).toMatchObject({ code: 'NOT_FOUND' });

    // Who leaves a reply does not stop it; who stops it does.
    const { id, aborted } = await stalled(send);
    const stream = follow(id);
    await stream.next();
    await stream.return?.();
    // The server knows that no client follows it any more.
    await expect.poll(() => metricOf(graph.url, 'sextant_gateway_subscriptions')).toBe(0);
    const { conversation } = await user.run(ReadConversationDocument, { id: conversationId });
    expect(conversation!.messages.nodes.at(-1)).toMatchObject({ id, status: 'STREAMING' });
    await user.run('mutation ($input: StopGenerationInput!) { stopGeneration(input: $input) { message { id } } }', {
      input: { id },
    } as object);
    await aborted;
  });
});

describe('gql.tada', () => {
  it('types documents by the schema alone: what is right compiles and runs, a wrong field does not compile', async () => {
    model.behave(STORY);
    const folder = await mkdtemp(path.join(tmpdir(), 'tada-'));
    lifecycle.defer(() => rm(folder, { recursive: true }));
    await symlink(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
    const schema = buildSchema(await readFile(path.join(ROOT, 'schema.graphql'), 'utf8'), { assumeValid: true });
    const introspection = minifyIntrospection(introspectionFromSchema(schema, { descriptions: false }));
    const options = { fileType: '.d.ts', shouldPreprocess: false } as const;
    await writeFile(path.join(folder, 'graphql-env.d.ts'), outputIntrospectionFile(introspection, options));
    await writeFile(path.join(folder, 'app.ts'), TADA);
    await writeFile(path.join(folder, 'wrong.ts'), WRONG_TADA);
    await writeFile(path.join(folder, 'package.json'), '{"type":"module"}');
    const strict = ['--strict', '--noEmit', '--skipLibCheck', '--target', 'es2024', '--module', 'nodenext'];
    const flags = [...strict, '--allowImportingTsExtensions', '--types', 'node'];
    const tsc = path.join(ROOT, 'node_modules/typescript/bin/tsc');
    const compiled = spawnSync(process.execPath, [tsc, ...flags, 'app.ts', 'wrong.ts'], {
      cwd: folder,
      encoding: 'utf8',
    });
    const places = compiled.stdout.match(/^\S+\.ts\(\d+/gm);
    expect(places, compiled.stdout).toEqual(['wrong.ts(3', 'wrong.ts(5', 'wrong.ts(7']);

    const { run } = (await import(pathToFileURL(path.join(folder, 'app.ts')).href)) as {
      run: (url: string, account: object, before: (step: 'tools' | 'stop') => string) => Promise<{ pieces: object[] }>;
    };
    const { email, password } = await TestUser.signUp(graph.url);
    const calls = [{ index: 0, id: 'c', type: 'function', function: { name: 'locate', arguments: '{}' } }];
    let aborted: Promise<void> | undefined;
    const before = (step: 'tools' | 'stop') => {
      const text = `${step} ${randomUUID()}`;
      model.behave(step === 'tools' ? answerDeltas([{ tool_calls: calls }], 'tool_calls') : stall('Once '));
      if (step === 'stop') aborted = model.arrival(text).then((request) => request.aborted);
      return text;
    };
    const did = await run(`${graph.url}/graphql`, { email, password }, before);
    await aborted;
    const received = new StreamedText();
    for (const piece of did.pieces) received.apply(piece as Parameters<StreamedText['apply']>[0]);
    expect(received).toMatchObject({ status: 'COMPLETE', text: story(20).join(''), faults: [] });
    expect(did).toMatchObject({ code: 'NOT_FOUND', called: ['locate'], refused: 'UNAUTHENTICATED' });
  }, 120_000);
});
