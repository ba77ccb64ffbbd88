import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  answer,
  type Behaviour,
  cut,
  errorInStream,
  failure,
  hangUp,
  quietEnd,
  stall,
} from '#llm/testing/fault-server.ts';
import { ChatWorld, person } from '../testing/chat-world.ts';

let world: ChatWorld;
beforeAll(async () => {
  // Each fault has a model of its own: one that failed is left alone for a while.
  const models = Array.from({ length: 12 }, (_, index) => `m${index}`);
  world = await ChatWorld.open({
    env: { LLM_TIMEOUT_MS: '1000' },
    catalogue: (base_url) => ({
      providers: { faulty: { type: 'compatible', base_url, api_key: 'key' } },
      deployments: Object.fromEntries(models.map((name) => [`${name}-1`, { provider: 'faulty', model: 'test-model' }])),
      models: Object.fromEntries(models.map((name) => [name, { deployments: [{ use: `${name}-1` }] }])),
    }),
  });
});
afterAll(() => world[Symbol.asyncDispose]());

let used = 0;
async function replyOf(behaviour: Behaviour) {
  const before = world.provider.seen.length;
  world.provider.behave(behaviour);
  const anna = person();
  const conversationId = await world.conversation(anna, { model: `m${used++}` });
  const exchange = await world.exchange(anna, { conversationId, text: 'Hello?' });
  const { data } = await world.ask<{ message: Record<string, unknown> }>(
    anna,
    'query($id: ID!) { message(id: $id) { status text error { code message } parent { text status } completedAt } }',
    { id: exchange.replyId },
  );
  return { ...exchange, anna, conversationId, message: data!.message, calls: world.provider.seen.length - before };
}

describe('a provider that fails before the first word: the reply FAILED with a code, the question is kept', () => {
  const cases: [string, Behaviour, string][] = [
    ['is down', hangUp, 'PROVIDER_UNAVAILABLE'],
    ['refuses the key', failure(401, 'invalid_api_key'), 'PROVIDER_UNAVAILABLE'],
    ['is overloaded', failure(503, 'overloaded'), 'PROVIDER_UNAVAILABLE'],
    ['says nothing', stall(), 'PROVIDER_UNAVAILABLE'],
  ];
  it.each(cases)(
    'it %s',
    async (_name, behaviour, code) => {
      const { text, end, message } = await replyOf(behaviour);
      expect(text).toBe('');
      expect(end).toMatchObject({ status: 'FAILED', error: { code } });
      expect(message).toMatchObject({
        status: 'FAILED',
        error: { code },
        parent: { text: 'Hello?', status: 'COMPLETE' },
      });
      expect(message['completedAt']).not.toBeNull();
      expect(JSON.stringify(message)).not.toContain('secret-host');
    },
    60_000,
  );
});

describe('a provider that fails after the first word: the reply INTERRUPTED, its text a true beginning', () => {
  const cases: [string, Behaviour][] = [
    ['stalls', stall('once ', 'upon')],
    ['cuts the connection', cut('once ', 'upon')],
    ['ends without saying so', quietEnd('once ', 'upon')],
    ['reports an error in the stream', errorInStream('once ', 'upon')],
  ];
  it.each(cases)(
    'it %s',
    async (_name, behaviour) => {
      const { text, end, message, calls } = await replyOf(behaviour);
      expect(text).toBe('once upon');
      expect(end).toMatchObject({ status: 'INTERRUPTED', lastSeq: 9, error: { code: 'PROVIDER_UNAVAILABLE' } });
      expect(message).toMatchObject({ status: 'INTERRUPTED', text: 'once upon' });
      // Never a second start once a reader has seen words.
      expect(calls).toBe(1);
    },
    60_000,
  );
});

it('after a failure the conversation goes on, with what there is of the reply', async () => {
  const { anna, conversationId } = await replyOf(cut('once ', 'upon'));
  world.provider.behave(answer('a time'));
  expect((await world.exchange(anna, { conversationId, text: 'Go on', model: `m${used++}` })).text).toBe('a time');
  const { messages } = world.provider.seen.at(-1)!.body as { messages: { content: string }[] };
  expect(messages.map(({ content }) => content)).toEqual(['Hello?', 'once upon', 'Go on']);
});

describe('with no model configured', () => {
  it('the reply says so and how to configure one, and is not a failure', async () => {
    await using bare = await ChatWorld.open({ env: { LOCAL_LLM_ENDPOINT: '', LOCAL_LLM_MODEL: '' } });
    const anna = person();
    const conversationId = await bare.conversation(anna);
    const { text, end, replyId } = await bare.exchange(anna, { conversationId });
    expect(end).toMatchObject({ status: 'COMPLETE', error: null });
    expect(text).toMatch(/No language model is configured/);
    expect(text).toMatch(/OPENAI_API_KEY|LOCAL_LLM_ENDPOINT/);
    const { data } = await bare.ask<{ message: object; models: object[] }>(
      anna,
      'query($id: ID!) { message(id: $id) { generation { model cost usage { outputTokens } } } models { id } }',
      { id: replyId },
    );
    expect(data).toEqual({
      message: { generation: { model: 'none', cost: '0', usage: { outputTokens: 0 } } },
      models: [],
    });
  });
});

it('a NUL, and a surrogate pair that the provider cut in two, arrive as they can be kept', async () => {
  const { text, message } = await replyOf(answer(['a\0b ', '\ud834', '\udd1e', ' end \ud834']));
  expect(text).toBe('a\ufffdb 𝄞 end \ufffd');
  expect(message['text']).toBe(text);
});
