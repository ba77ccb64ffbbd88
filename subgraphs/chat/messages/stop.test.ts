import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { answer, stall } from '#llm/testing/fault-server.ts';
import { ChatWorld, person } from '../testing/chat-world.ts';

let world: ChatWorld;
beforeAll(async () => {
  world = await ChatWorld.open();
  await world.addReplica();
  // The first estimate of tokens loads a tokenizer, in the same process as the provider that is to see the abort.
  const { anna, replyId } = await streaming('warm');
  await stop(anna, replyId);
});
afterAll(() => world[Symbol.asyncDispose]());

const STOP = `mutation($input: StopGenerationInput!) {
  stopGeneration(input: $input) {
    message { id status text error { code } generation { model usage { inputTokens outputTokens estimated } } }
  }
}`;

async function streaming(text: string) {
  const anna = person();
  world.provider.behave(stall(text));
  const conversationId = await world.conversation(anna);
  const replyId = (await world.send(anna, { conversationId }, 0)).data!.sendMessage.reply!.id;
  for await (const event of world.follow(anna, replyId)) {
    if (event.__typename === 'ReplyText' && event.lastSeq === text.length) break;
  }
  return { anna, conversationId, replyId };
}

const stop = (anna: ReturnType<typeof person>, messageId: string, replica = 1) =>
  world.ask<{ stopGeneration: { message: Record<string, unknown> } }>(
    anna,
    STOP,
    { input: { id: messageId } },
    replica,
  );

it('stopping from another replica aborts the provider at once and keeps text and estimated usage', async () => {
  const { anna, replyId } = await streaming('Once upon a time');
  const request = world.provider.seen.at(-1)!;
  const startedAt = performance.now();
  const stopped = stop(anna, replyId);
  await request.aborted;
  // The provider is silent for good: what does not hear of the stop ends by LLM_TIMEOUT_MS, two minutes. How a stop
  // travels, without being asked for, is a promise of the stream log.
  expect(performance.now() - startedAt).toBeLessThan(20_000);
  expect((await stopped).data!.stopGeneration.message).toMatchObject({
    id: replyId,
    status: 'STOPPED',
    text: 'Once upon a time',
    error: null,
    generation: { model: 'test-model', usage: { estimated: true, outputTokens: expect.any(Number) } },
  });
  expect((await world.readReply(anna, replyId, 1)).end).toMatchObject({ status: 'STOPPED', lastSeq: 16 });
});

it('a reader sees the end at once', async () => {
  const { anna, replyId } = await streaming('Halt');
  const reading = world.readReply(anna, replyId);
  await stop(anna, replyId);
  expect(await reading).toMatchObject({ text: 'Halt', end: { status: 'STOPPED', usage: { estimated: true } } });
});

it('stopping twice, or what has ended, changes nothing', async () => {
  const { anna, replyId } = await streaming('twice');
  const [one, two] = await Promise.all([stop(anna, replyId, 0), stop(anna, replyId, 1)]);
  expect(one.data!.stopGeneration.message).toEqual(two.data!.stopGeneration.message);
  world.provider.behave(answer('done'));
  const { replyId: complete } = await world.exchange(anna, { conversationId: await world.conversation(anna) });
  expect((await stop(anna, complete)).data!.stopGeneration.message).toMatchObject({ status: 'COMPLETE', text: 'done' });
});

it('a reply that waits for an earlier one is cancelled without a call, and the next one goes on', async () => {
  const { anna, conversationId, replyId } = await streaming('first');
  const calls = world.provider.seen.length;
  const second = (await world.send(anna, { conversationId, text: 'second' })).data!.sendMessage.reply!;
  const third = (await world.send(anna, { conversationId, text: 'third' })).data!.sendMessage.reply!;
  expect((await stop(anna, second.id)).data!.stopGeneration.message).toMatchObject({ status: 'STOPPED', text: '' });
  world.provider.behave(answer('third answer'));
  await stop(anna, replyId);
  expect(await world.readReply(anna, third.id)).toMatchObject({ text: 'third answer', end: { status: 'COMPLETE' } });
  expect(world.provider.seen.length - calls).toBe(1);
});

it('only participants may stop, and only replies', async () => {
  const { anna, replyId } = await streaming('mine');
  expect((await stop(person(), replyId)).code).toBe('NOT_FOUND');
  expect((await stop(anna, randomUUID())).code).toBe('NOT_FOUND');
  const { parentId } = await world.db.message.findUniqueOrThrow({ where: { id: replyId } });
  expect((await stop(anna, parentId!)).code).toBe('BAD_USER_INPUT');
  await stop(anna, replyId);
});
