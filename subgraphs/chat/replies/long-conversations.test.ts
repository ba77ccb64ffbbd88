import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answer } from '#llm/testing/fault-server.ts';
import { ChatWorld, person } from '../testing/chat-world.ts';
import { historyOf } from './prompt.ts';

let world: ChatWorld;
beforeAll(async () => {
  world = await ChatWorld.open({
    catalogue: (base_url) => ({
      providers: { server: { type: 'compatible', base_url, api_key: 'key' } },
      deployments: {
        short: { provider: 'server', model: 'short', context_window: 600, max_output_tokens: 100 },
        wide: { provider: 'server', model: 'wide', context_window: 100_000 },
        scribe: { provider: 'server', model: 'scribe', context_window: 100_000 },
      },
      models: {
        forgetful: { deployments: ['short'] },
        summing: { deployments: ['short'], summarise_with: 'scribe' },
        wide: { deployments: ['wide'] },
        scribe: { deployments: ['scribe'] },
      },
    }),
  });
});
afterAll(() => world[Symbol.asyncDispose]());

const TURNS = 6;
const GENERATION =
  'query($id: ID!) { message(id: $id) { generation { droppedMessages summarisedMessages sentFromMessageId } } }';

/** A conversation of some turns of about 100 tokens, and one more question to that model. */
async function longConversation(model: string) {
  const anna = person();
  const conversationId = await world.conversation(anna, { systemPrompt: 'Be brief.', model: 'wide' });
  const ids: string[] = [];
  const texts: string[] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    const [text, reply] = [`question ${turn} ${'word '.repeat(50)}`, `answer ${turn} ${'word '.repeat(50)}`];
    world.provider.behave(answer(reply));
    const { messageId, replyId } = await world.exchange(anna, { conversationId, text });
    ids.push(messageId, replyId);
    texts.push(text, reply);
  }
  world.provider.behave(answer('short again'));
  const before = world.provider.seen.length;
  const { replyId } = await world.exchange(anna, { conversationId, text: 'And now?', model });
  const { data } = await world.ask<{ message: { generation: Record<string, unknown> } }>(anna, GENERATION, {
    id: replyId,
  });
  const sent = world.provider.seen.at(-1)!.body['messages'] as { role: string; content: string }[];
  return { ids, texts, sent, generation: data!.message.generation, calls: world.provider.seen.length - before };
}

describe('a conversation that is longer than the window of its model', () => {
  it('is sent from some message on, and the reply says from which', async () => {
    const { ids, texts, sent, generation } = await longConversation('forgetful');
    const from = ids.indexOf(generation['sentFromMessageId'] as string);
    expect(from).toBeGreaterThan(0);
    expect(generation).toMatchObject({ droppedMessages: from, summarisedMessages: 0 });
    expect(sent.map(({ content }) => content)).toEqual(['Be brief.', ...texts.slice(from), 'And now?']);
  });

  it('is summarised where its model says by whom, and the reply says how much of it', async () => {
    const { ids, texts, sent, generation, calls } = await longConversation('summing');
    const from = ids.indexOf(generation['sentFromMessageId'] as string);
    expect(from).toBeGreaterThan(0);
    expect(generation).toMatchObject({ droppedMessages: 0, summarisedMessages: from });
    expect(calls).toBe(2);
    expect(sent.slice(-(texts.length - from) - 1).map(({ content }) => content)).toEqual([
      ...texts.slice(from),
      'And now?',
    ]);
    // The summary, which the scribe wrote.
    expect(sent.map(({ content }) => content).join()).toContain('short again');
  });

  it('says nothing of it where all of it fits', async () => {
    const { sent, generation } = await longConversation('wide');
    expect(generation).toEqual({ droppedMessages: 0, summarisedMessages: 0, sentFromMessageId: null });
    expect(sent).toHaveLength(2 * TURNS + 2);
  });
});

it('a prompt is made of no more text than any window holds', async () => {
  const anna = person();
  const conversationId = await world.conversation(anna, { model: 'wide' });
  world.provider.behave(answer('Noted.'));
  const { replyId } = await world.exchange(anna, { conversationId, text: 'first' });
  const ids = Array.from({ length: 101 }, (_, n) => (n === 0 ? replyId : randomUUID()));
  await world.db.$executeRaw`
    INSERT INTO messages (id, conversation_id, parent_id, depth, role, status, text, completed_at)
    SELECT id::uuid, ${conversationId}::uuid, before::uuid, n, CASE WHEN n % 2 = 0 THEN 'USER'::"MessageRole" ELSE 'ASSISTANT' END,
      'COMPLETE', repeat('lorem ipsum ', 10000), now()
    FROM (SELECT id, lag(id) OVER (ORDER BY n) AS before, n FROM unnest(${ids}::text[]) WITH ORDINALITY AS ids(id, n)) AS added
    WHERE before IS NOT NULL`;
  // 70 of 120 KB are as much as may be read, and of these the window has room for few.
  expect(await historyOf(world.db, ids.at(-1)!)).toHaveLength(70);
  const asked = await world.exchange(anna, { conversationId, parentId: ids.at(-1), text: 'And now?' });
  expect(asked.end.status).toBe('COMPLETE');
  const { data } = await world.ask<{ message: { generation: { droppedMessages: number } } }>(anna, GENERATION, {
    id: asked.replyId,
  });
  expect(data!.message.generation.droppedMessages).toBeLessThan(71);
}, 60_000);
