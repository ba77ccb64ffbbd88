import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answer, stall } from '#llm/testing/fault-server.ts';
import { all, ChatWorld, person } from '../testing/chat-world.ts';

let world: ChatWorld;
beforeAll(async () => {
  world = await ChatWorld.open({ env: { CHAT_REPLIES_PER_USER: '2' } });
  await world.addReplica();
});
afterAll(() => world[Symbol.asyncDispose]());

const COMPLETE = `mutation ($input: CompleteInput!) {
  complete(input: $input) {
    completion { model providerModel text reasoning toolCalls { id name } citations { text } finishReason cached callId
      usage { inputTokens outputTokens } }
  }
}`;
const COMPLETION = `subscription ($input: CompleteInput!) {
  completion(input: $input) {
    __typename
    ... on CompletionText { text }
    ... on CompletionEnd { finishReason usage { outputTokens } }
  }
}`;
const ask = (text: string) => ({ messages: [{ role: 'USER', text }] });

it('a whole answer needs no conversation and leaves nothing but the record of the call', async () => {
  const anna = person();
  world.provider.behave(answer(['Aye', ', aye']));
  const { data } = await world.ask<{ complete: { completion: object } }>(anna, COMPLETE, { input: ask('Ahoy') });
  expect(data!.complete.completion).toMatchObject({
    model: 'test-model',
    text: 'Aye, aye',
    finishReason: 'STOP',
    toolCalls: [],
    usage: { inputTokens: 10, outputTokens: 5 },
  });
  expect(await world.db.message.count({ where: { requesterId: anna.userId } })).toBe(0);
  const events = await world.db.outboxEvent.findMany({ where: { type: 'llm.called' } });
  const mine = events.filter(({ payload }) => (payload as { userId?: string }).userId === anna.userId);
  expect(mine.map(({ payload }) => payload)).toMatchObject([{ operation: 'completion', outcome: 'ok' }]);
});

it('a streamed answer comes piece by piece, and ends with why', async () => {
  world.provider.behave(answer(['One ', 'two ', 'three']));
  const events = await all(world.subscribe<{ completion: object }>(person(), COMPLETION, { input: ask('Count') }));
  expect(events.map(({ completion }) => completion)).toMatchObject([
    { __typename: 'CompletionStart' },
    { text: 'One ' },
    { text: 'two ' },
    { text: 'three' },
    { finishReason: 'STOP', usage: { outputTokens: 5 } },
  ]);
});

it('leaving stops the provider, and a place is free again', async () => {
  const anna = person();
  for (let round = 0; round < 3; round++) {
    world.provider.behave(stall('Once'));
    const arrival = world.provider.arrival();
    for await (const { completion } of world.subscribe<{ completion: { text?: string } }>(anna, COMPLETION, {
      input: ask(`Stall ${round}`),
    })) {
      if (completion.text) break;
    }
    await (await arrival).aborted;
  }
});

it('more answers at a time than replies are allowed are refused, at all replicas together', async () => {
  const anna = person();
  world.provider.behave(stall('Once'));
  const running = [0, 1].map((n) => world.subscribe(anna, COMPLETION, { input: ask(`Busy ${n}`) }, n));
  for (const one of running) await one.next();
  for (const replica of [0, 1]) {
    const third = await world.ask(anna, COMPLETE, { input: ask('A third') }, replica);
    expect(third).toMatchObject({ code: 'RATE_LIMITED' });
  }
  await running[0]!.return();
  world.provider.behave(answer('Free'));
  await expect.poll(async () => (await world.ask(anna, COMPLETE, { input: ask('Another') }, 1)).code).toBeUndefined();
  await running[1]!.return();
});

describe('what is wrong is named', () => {
  it.each<[string, object, string]>([
    ['no message', { messages: [] }, 'input.messages'],
    ['an empty one', { messages: [{ role: 'USER', text: '' }] }, 'input.messages.0.text'],
    ['a result without its call', { messages: [{ role: 'TOOL', text: '1' }] }, 'input.messages.0.toolCallId'],
    [
      'a neighbour’s image',
      { messages: [{ role: 'USER', images: [{ url: 'https://127.0.0.1/x.png' }] }] },
      'input.messages.0.images.0.url',
    ],
    ['a choice without tools', { ...ask('x'), toolChoice: { mode: 'REQUIRED' } }, 'input.toolChoice'],
    ['a parameter out of its range', { ...ask('x'), parameters: { topP: 2 } }, 'input.parameters.topP'],
  ])('%s', async (_, input, argument) => {
    const refused = await world.ask(person(), COMPLETE, { input });
    expect(refused).toMatchObject({ code: 'BAD_USER_INPUT', extensions: { argument } });
  });

  it('memory without its scope, and writing without its own', async () => {
    const input = { ...ask('x'), useMemory: true };
    expect(await world.ask(person(['chat:write']), COMPLETE, { input })).toMatchObject({ code: 'FORBIDDEN' });
    expect(await world.ask(person(['chat:read']), COMPLETE, { input: ask('x') })).toMatchObject({ code: 'FORBIDDEN' });
  });
});
