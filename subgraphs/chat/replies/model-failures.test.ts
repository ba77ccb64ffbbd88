import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answer, type Behaviour, failure, garbage, html } from '#llm/testing/fault-server.ts';
import { ChatWorld, person } from '../testing/chat-world.ts';

const words = (count: number) => Array.from({ length: count }, (_, i) => `word${i}`).join(' ');
const WINDOW_REFUSED = failure(400, 'context_length_exceeded', "This model's maximum context length is 4096 tokens.");

let world: ChatWorld;
beforeAll(async () => {
  const names = ['keyless', 'unknown', 'webpage', 'gateway', 'broken', 'refusing', 'limited', 'filtered', 'watched'];
  const retries = { attempts: 0, max_wait_ms: 0 };
  world = await ChatWorld.open({
    env: { LLM_TIMEOUT_MS: '2000' },
    catalogue: (base_url) => ({
      default: 'healthy',
      providers: {
        server: { type: 'compatible', base_url, api_key: 'key' },
        // No server listens on the discard port.
        nowhere: { type: 'compatible', base_url: 'http://127.0.0.1:9/v1', api_key: 'key' },
      },
      deployments: {
        ...Object.fromEntries(['healthy', ...names].map((name) => [name, { provider: 'server', model: name }])),
        unreachable: { provider: 'nowhere', model: 'any' },
        small: { provider: 'server', model: 'small', context_window: 600, max_output_tokens: 100 },
        dear: { provider: 'server', model: 'dear', price: { input: '1', output: '1000' } },
      },
      models: Object.fromEntries(
        ['healthy', ...names, 'unreachable', 'small', 'dear'].map((name) => [name, { deployments: [name], retries }]),
      ),
      limits: { models: { dear: { budget: { amount: '0.0001', per: 'day' } } } },
    }),
  });
});
afterAll(() => world[Symbol.asyncDispose]());

interface Case {
  readonly name: string;
  readonly model: string;
  readonly behaviour?: Behaviour;
  readonly text?: string;
  readonly code: string;
  /** What the person can do, or whom to ask. */
  readonly advice: RegExp;
  /** Words that came before it failed. */
  readonly begun?: string;
  /** Requests that reach the provider. */
  readonly calls: number;
}

const CASES: readonly Case[] = [
  {
    name: 'a key that is refused',
    model: 'keyless',
    behaviour: failure(401, 'invalid_api_key'),
    code: 'PROVIDER_UNAVAILABLE',
    advice: /administrator must renew its key/,
    calls: 1,
  },
  {
    name: 'a provider that cannot be reached',
    model: 'unreachable',
    code: 'PROVIDER_UNAVAILABLE',
    advice: /cannot be reached or failed. Try again/,
    calls: 0,
  },
  {
    name: 'a model that the provider does not know',
    model: 'unknown',
    behaviour: failure(404, 'model_not_found'),
    code: 'MODEL_NOT_FOUND',
    advice: /administrator can correct its name/,
    calls: 1,
  },
  {
    name: 'a budget that is exhausted',
    model: 'dear',
    code: 'BUDGET_EXCEEDED',
    advice: /budget of this day is spent. It is renewed at \d{4}-/,
    calls: 0,
  },
  {
    name: 'a message that is too large even alone',
    model: 'small',
    text: words(2_000),
    code: 'CONTEXT_TOO_LARGE',
    advice: /Shorten it, or choose a model with a larger window/,
    calls: 0,
  },
  {
    name: 'a window that only the provider knew',
    model: 'refusing',
    behaviour: WINDOW_REFUSED,
    text: words(9_000),
    code: 'CONTEXT_TOO_LARGE',
    advice: /Shorten it, or choose/,
    calls: 1,
  },
  {
    name: 'a web page instead of a reply',
    model: 'webpage',
    behaviour: html(200),
    code: 'PROVIDER_UNAVAILABLE',
    advice: /should check its base URL/,
    calls: 1,
  },
  {
    name: 'the error page of a gateway in between',
    model: 'gateway',
    behaviour: html(502),
    code: 'PROVIDER_UNAVAILABLE',
    advice: /Try again/,
    calls: 1,
  },
  {
    name: 'a stream that is not JSON',
    model: 'broken',
    behaviour: garbage('once ', 'upon'),
    code: 'PROVIDER_UNAVAILABLE',
    advice: /broke off: the provider sent something unreadable/,
    begun: 'once upon',
    calls: 1,
  },
  {
    name: 'a provider that limits requests',
    model: 'limited',
    behaviour: failure(429, 'rate_limit_exceeded', 'slow down', { 'retry-after': '30' }),
    code: 'RATE_LIMITED',
    advice: /Try again in 30 s/,
    calls: 1,
  },
  {
    name: 'a content policy',
    model: 'filtered',
    behaviour: failure(400, 'content_filter'),
    code: 'CONTENT_FILTERED',
    advice: /content policy/,
    calls: 1,
  },
];

const EXCHANGE = `query($id: ID!) { message(id: $id) {
  status text error { code message } parent { text status } generation { cost usage { outputTokens } }
} }`;

describe('each failure has its code and advice, and leaves the conversation intact', () => {
  it.each(CASES)('$name', async ({ model, behaviour = answer('never sent'), text = 'Hello?', ...expected }) => {
    const before = world.provider.seen.length;
    world.provider.behave(behaviour);
    const anna = person();
    const conversationId = await world.conversation(anna);
    const { end, replyId, text: streamed } = await world.exchange(anna, { conversationId, text, model });

    const { begun = '' } = expected;
    const error = { code: expected.code, message: expect.stringMatching(expected.advice) };
    const status = begun === '' ? 'FAILED' : 'INTERRUPTED';
    expect(streamed).toBe(begun);
    expect(end).toMatchObject({ status, error });
    const { data } = await world.ask<{ message: object }>(anna, EXCHANGE, { id: replyId });
    expect(data!.message).toMatchObject({ status, text: begun, error, parent: { text, status: 'COMPLETE' } });
    // What a provider writes may hold anything: it goes to the log.
    expect(JSON.stringify([end, data])).not.toMatch(/secret-host|internal-host|nginx|127\.0\.0\.1/);
    expect(world.provider.seen.length - before).toBe(expected.calls);

    // The same question to a model that works, and the next one: nothing was lost and nothing blocks.
    world.provider.behave(answer('Here I am.'));
    const { data: again } = await world.ask<{ regenerateReply: { reply: { id: string } } }>(
      anna,
      'mutation($input: RegenerateReplyInput!) { regenerateReply(input: $input) { reply { id } } }',
      { input: { id: replyId, clientMessageId: crypto.randomUUID(), model: 'healthy' } },
    );
    const regenerated = again!.regenerateReply.reply.id;
    expect((await world.readReply(anna, regenerated)).text).toBe('Here I am.');
    await world.exchange(anna, { conversationId, text: 'And now?' });
    const { messages } = world.provider.seen.at(-1)!.body as { messages: { content: string }[] };
    expect(messages.map(({ content }) => content)).toEqual([text, 'Here I am.', 'And now?']);
  });

  it('a model that is not configured is refused before anything is stored', async () => {
    const anna = person();
    const conversationId = await world.conversation(anna);
    const { code, message } = await world.send(anna, { conversationId, model: 'gpt-99' });
    expect(code).toBe('MODEL_NOT_FOUND');
    expect(message).toBe('No chat model is called "gpt-99"; `models` lists them.');
    const { data } = await world.ask<{ conversation: { messages: { edges: object[] } } }>(
      anna,
      'query($id: ID!) { conversation(id: $id) { messages(first: 5) { edges { node { id } } } } }',
      { id: conversationId },
    );
    expect(data!.conversation.messages.edges).toEqual([]);
  });

  it('administrators see which deployment failed and why, and everybody whether a model works', async () => {
    const anna = person();
    world.provider.behave(failure(401, 'invalid_api_key'));
    await world.exchange(anna, { conversationId: await world.conversation(anna), model: 'watched' });
    const admin = { ...anna, scopes: [...anna.scopes, 'admin'] };
    const { data } = await world.ask<{ llmHealth: { deployment: string }[]; models: { id: string }[] }>(
      admin,
      `{ llmHealth { deployment provider model aliases health state retryAt calls failures lastErrorCode lastErrorMessage }
         models { id health price { inputPerMillion } contextWindow } }`,
    );
    expect(data!.llmHealth.find(({ deployment }) => deployment === 'watched')).toMatchObject({
      provider: 'server',
      aliases: ['watched'],
      state: 'COOLING',
      health: 'DEGRADED',
      calls: 1,
      failures: 1,
      lastErrorCode: 'credentials',
      lastErrorMessage: 'The provider refused the key.',
    });
    expect(data!.models.find(({ id }) => id === 'watched')).toMatchObject({ health: 'DEGRADED' });
    expect(data!.models.find(({ id }) => id === 'dear')).toMatchObject({ price: { inputPerMillion: '1' } });
    expect(data!.models.find(({ id }) => id === 'small')).toMatchObject({ contextWindow: 600 });
  });
});
