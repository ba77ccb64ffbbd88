import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { answer } from '#llm/testing/fault-server.ts';
import type { SubgraphRequest, SubgraphTransport } from '#platform/net/transport/transport.ts';
import { all, ChatWorld, person } from '../testing/chat-world.ts';

const ITEMS = [
  { kind: 'MEMORY', id: '018f0000-0000-7000-8000-000000000001', text: 'Anna likes tea.', score: 0.9, citation: null },
  {
    kind: 'KNOWLEDGE',
    id: '018f0000-0000-7000-8000-000000000002',
    text: 'Tea grows on hills.',
    score: 0.7,
    citation: { documentId: '018f0000-0000-7000-8000-000000000003', title: 'On tea', section: 'Hills', page: 3 },
  },
];

/** The memory subgraph as the transport shows it; what it does is set by each test. */
let memory: (request: SubgraphRequest) => Promise<Record<string, unknown>>;
const transport = {
  execute: async (request: SubgraphRequest) => ({ result: { data: await memory(request) } }),
} as unknown as SubgraphTransport;

let world: ChatWorld;
beforeAll(async () => {
  world = await ChatWorld.open({ transportOf: (name) => (name === 'memory' ? transport : undefined) });
});
afterAll(() => world[Symbol.asyncDispose]());
beforeEach(() => world.provider.behave(answer('Tea it is.')));

const outcomes = async () => {
  const { values } = (await world.metrics.getSingleMetric('sextant_chat_recall_total')!.get()) as {
    values: { labels: { outcome?: string }; value: number }[];
  };
  return Object.fromEntries(values.map(({ labels, value }) => [labels.outcome, value]));
};

describe('memory is asked before the model', () => {
  it('what it holds precedes the question as a message of the user, and the reply lists it', async () => {
    let asked: SubgraphRequest | undefined;
    memory = async (request) => {
      asked = request;
      return { recall: { items: ITEMS, quoted: '<<<quoted Anna likes tea.>>>' } };
    };
    const anna = person();
    const conversationId = await world.conversation(anna, { systemPrompt: 'Be brief.' });
    const { replyId } = await world.exchange(anna, { conversationId, text: 'What shall I drink?' });
    expect(asked).toMatchObject({
      identity: { kind: 'user', userId: anna.userId },
      variables: {
        input: { query: 'What shall I drink?', conversationId, onlyMessageIds: [], tokenBudget: 1000 },
      },
    });
    const { messages } = world.provider.seen.at(-1)!.body as { messages: { role: string; content: string }[] };
    expect(messages.map(({ role, content }) => [role, content])).toEqual([
      ['system', 'Be brief.'],
      ['user', '<<<quoted Anna likes tea.>>>\n\nWhat shall I drink?'],
    ]);
    const citations = [
      {
        index: 1,
        kind: 'MEMORY',
        sourceId: ITEMS[0]!.id,
        text: 'Anna likes tea.',
        score: 0.9,
        memory: { id: ITEMS[0]!.id },
        document: null,
        title: null,
      },
      {
        index: 2,
        kind: 'KNOWLEDGE',
        sourceId: ITEMS[1]!.id,
        text: 'Tea grows on hills.',
        score: 0.7,
        memory: null,
        document: { id: ITEMS[1]!.citation!.documentId },
        title: 'On tea',
      },
    ];
    const events = await all(world.follow(anna, replyId));
    expect(events[0]).toMatchObject({ __typename: 'ReplyCitations', citations });
    const { data } = await world.ask<{ message: object }>(
      anna,
      'query($id: ID!) { message(id: $id) { citations { index kind sourceId text score memory { id } document { id } title } } }',
      { id: replyId },
    );
    expect(data!.message).toEqual({ citations });
  });

  it('an earlier message that it holds has the title of its conversation, and leads to it', async () => {
    const anna = person();
    const earlier = await world.conversation(anna, { title: 'Tea' });
    const { data: sent } = await world.send(anna, { conversationId: earlier, text: 'Green tea.', reply: false });
    const foreign = await world.conversation(person(), { title: 'Private' });
    const item = (id: string) => ({ ...ITEMS[0]!, kind: 'MESSAGE', id, citation: null });
    memory = async () => ({
      recall: { items: [item(sent!.sendMessage.message.id), item(foreign)], quoted: '<<<quoted Green tea.>>>' },
    });
    const { replyId } = await world.exchange(anna, { conversationId: await world.conversation(anna) });
    const { data } = await world.ask<{ message: { citations: object[] } }>(
      anna,
      'query($id: ID!) { message(id: $id) { citations { kind title message { text conversation { id } } } } }',
      { id: replyId },
    );
    expect(data!.message.citations).toEqual([
      { kind: 'MESSAGE', title: 'Tea', message: { text: 'Green tea.', conversation: { id: earlier } } },
      { kind: 'MESSAGE', title: null, message: null },
    ]);
  });

  it('not in a conversation that has memory switched off, nor for a key without memory:read', async () => {
    let asked = 0;
    memory = async () => {
      asked++;
      return { recall: { items: [], quoted: null } };
    };
    const anna = person();
    await world.exchange(anna, { conversationId: await world.conversation(anna, { memoryEnabled: false }) });
    const limited = person(['chat:read', 'chat:write']);
    await world.exchange(limited, { conversationId: await world.conversation(limited) });
    expect(asked).toBe(0);
  });
});

describe('of the conversation, memory may quote what is on the way to the reply and does not fit the window', () => {
  const REGENERATE = `mutation($input: RegenerateReplyInput!) { regenerateReply(input: $input) { reply { id } } }`;
  const EDIT = `mutation($input: EditMessageInput!) { editMessage(input: $input) { message { id } reply { id } } }`;
  const words = (what: string) => `${what} `.repeat(60);
  let only: string[] | undefined;
  beforeEach(() => {
    memory = async ({ variables }) => {
      only = (variables!['input'] as { onlyMessageIds: string[] }).onlyMessageIds;
      return { recall: { items: [], quoted: null } };
    };
  });
  const small = () =>
    ChatWorld.open({
      env: { CHAT_RECALL_TOKENS: '100' },
      transportOf: (name) => (name === 'memory' ? transport : undefined),
      catalogue: (base_url) => ({
        providers: { server: { type: 'compatible', base_url, api_key: 'key' } },
        deployments: { small: { provider: 'server', model: 'small', context_window: 600, max_output_tokens: 100 } },
        models: { small: { deployments: ['small'] } },
      }),
    });

  it('not a reply that was written again, nor a message that was edited', async () => {
    const anna = person();
    const conversationId = await world.conversation(anna);
    const { replyId, messageId } = await world.exchange(anna, { conversationId, text: 'What shall I drink?' });
    const again = await world.ask<{ regenerateReply: { reply: { id: string } } }>(anna, REGENERATE, {
      input: { id: replyId, clientMessageId: randomUUID() },
    });
    await world.readReply(anna, again.data!.regenerateReply.reply.id);
    expect(only).toEqual([]);
    const edited = await world.ask<{ editMessage: { reply: { id: string } } }>(anna, EDIT, {
      input: { id: messageId, text: 'And eat?', clientMessageId: randomUUID() },
    });
    await world.readReply(anna, edited.data!.editMessage.reply.id);
    expect(only).toEqual([]);
    await world.exchange(anna, { conversationId, text: 'Thanks.' });
    expect(only).toEqual([]);
  });

  it('but what the window drops, and nothing of another branch', async () => {
    await using world = await small();
    world.provider.behave(answer(words('tea')));
    const anna = person();
    const conversationId = await world.conversation(anna);
    const first = await world.exchange(anna, { conversationId, text: words('drink') });
    const second = await world.exchange(anna, { conversationId, text: words('eat') });
    const again = await world.ask<{ regenerateReply: { reply: { id: string } } }>(anna, REGENERATE, {
      input: { id: second.replyId, clientMessageId: randomUUID() },
    });
    await world.readReply(anna, again.data!.regenerateReply.reply.id);
    await world.exchange(anna, { conversationId, text: words('sleep') });
    await world.exchange(anna, { conversationId, text: words('wake') });
    expect(only).toContain(first.messageId);
    expect(only).toContain(first.replyId);
    expect(only).not.toContain(second.replyId);
  }, 60_000);
});

describe('a reply neither waits for memory beyond the deadline nor fails with it', () => {
  it('memory that does not answer', async () => {
    memory = () => new Promise(() => undefined);
    const late = (await outcomes())['late'] ?? 0;
    const anna = person();
    const conversationId = await world.conversation(anna);
    expect((await world.exchange(anna, { conversationId })).text).toBe('Tea it is.');
    expect((await outcomes())['late']).toBe(late + 1);
  });

  it('memory that fails', async () => {
    memory = async () => {
      throw new Error('no');
    };
    const anna = person();
    expect((await world.exchange(anna, { conversationId: await world.conversation(anna) })).text).toBe('Tea it is.');
    expect((await outcomes())['failed']).toBeGreaterThan(0);
  });
});

it('with no model, the extractive responder answers with what memory holds', async () => {
  memory = async ({ query }) =>
    query.includes('extractiveAnswer')
      ? {
          extractiveAnswer: {
            text: 'No language model is at hand. [1] Anna likes tea.',
            model: 'local-retrieval',
            quotes: ITEMS.slice(0, 1),
          },
        }
      : { recall: { items: [], quoted: null } };
  await using bare = await ChatWorld.open({
    env: { LOCAL_LLM_ENDPOINT: '', LOCAL_LLM_MODEL: '' },
    transportOf: (name) => (name === 'memory' ? transport : undefined),
  });
  const anna = person();
  const { text, end, replyId } = await bare.exchange(anna, { conversationId: await bare.conversation(anna) });
  expect(text).toBe('No language model is at hand. [1] Anna likes tea.');
  expect(end.status).toBe('COMPLETE');
  const reply = await bare.db.message.findUniqueOrThrow({ where: { id: replyId }, include: { generation: true } });
  expect(reply.generation!.alias).toBe('local-retrieval');
  expect(reply.citations).toMatchObject([{ index: 1, text: 'Anna likes tea.' }]);
});
