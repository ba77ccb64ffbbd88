import { expect, it } from 'vitest';
import { type Behaviour, failure } from '#llm/testing/fault-server.ts';
import { ChatWorld, person } from '../testing/chat-world.ts';

const chunk = (more: object): string =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', ...more })}\n\n`;

/** An answer whose tokens were partly cached and partly spent on thinking. */
const thoughtful: Behaviour = async (_request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const content of ['Forty', '-two']) {
    response.write(chunk({ choices: [{ index: 0, delta: { content } }] }));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  response.write(chunk({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }));
  const usage = {
    prompt_tokens: 1_000,
    completion_tokens: 100,
    prompt_tokens_details: { cached_tokens: 600 },
    completion_tokens_details: { reasoning_tokens: 40 },
  };
  response.end(`${chunk({ choices: [], usage })}data: [DONE]\n\n`);
};

it('a reply carries the record of its call: who answered, tokens, cost, times and what it took', async () => {
  await using world = await ChatWorld.open({
    catalogue: (base_url) => ({
      providers: { server: { type: 'compatible', base_url, api_key: 'key' } },
      deployments: {
        down: { provider: 'server', model: 'down' },
        up: { provider: 'server', model: 'up-1', price: { input: '1', cached_input: '0.1', output: '10' } },
        free: { provider: 'server', model: 'priceless' },
      },
      models: {
        first: { deployments: ['down'], fallbacks: { general: ['second'] }, retries: { attempts: 0, max_wait_ms: 0 } },
        second: { deployments: ['up'] },
        unpriced: { deployments: ['free'] },
      },
    }),
  });
  const anna = person();
  const conversationId = await world.conversation(anna, { model: 'first', parameters: { temperature: 0.2 } });
  world.provider.script(failure(503, 'overloaded'), thoughtful);
  const { replyId } = await world.exchange(anna, { conversationId, parameters: { maxTokens: 500 } });
  expect(world.provider.seen.at(-1)!.body).toMatchObject({ model: 'up-1', max_tokens: 500 });

  const RECORD = `query($id: ID!) { message(id: $id) { generation {
    model provider providerModel cost latencyMs timeToFirstTokenMs tokensPerSecond retries cached finishReason
    usage { inputTokens cachedInputTokens outputTokens reasoningTokens estimated }
  } } }`;
  interface Recorded {
    message: { generation: Record<string, unknown> & { timeToFirstTokenMs: number } };
  }
  const { data } = await world.ask<Recorded>(anna, RECORD, { id: replyId });
  const { generation } = data!.message;
  expect(generation).toMatchObject({
    model: 'first',
    provider: 'server',
    providerModel: 'up-1',
    // 400 at 1, 600 at 0.1 and 100 at 10 dollars a million.
    cost: '0.00146',
    cached: false,
    finishReason: 'STOP',
    usage: {
      inputTokens: 1_000,
      cachedInputTokens: 600,
      outputTokens: 100,
      reasoningTokens: 40,
      estimated: false,
    },
    tokensPerSecond: expect.any(Number),
  });
  expect(generation['latencyMs']).toBeGreaterThan(generation.timeToFirstTokenMs + 10);
  expect(await world.db.generation.findUnique({ where: { messageId: replyId } })).toMatchObject({
    fallbacks: 1,
    priceSource: 'llm.yaml',
  });
  const [event] = await world.db.outboxEvent.findMany({ where: { type: 'llm.called' } });
  expect(event!.payload).toMatchObject({
    messageId: replyId,
    tokens: { input: 1_000, cached: 600, output: 100, reasoning: 40 },
    cost: '0.00146',
    fallbacks: 1,
  });

  // No price is known: that is not nothing.
  const unpriced = await world.exchange(anna, { conversationId, model: 'unpriced' });
  const second = await world.ask<Recorded>(anna, RECORD, { id: unpriced.replyId });
  expect(second.data!.message.generation).toMatchObject({ model: 'unpriced', cost: null });
});
