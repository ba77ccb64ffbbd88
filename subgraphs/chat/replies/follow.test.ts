import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { answer, answerDeltas } from '#llm/testing/fault-server.ts';
import { all, apply, ChatWorld, person } from '../testing/chat-world.ts';

let world: ChatWorld;
beforeAll(async () => {
  world = await ChatWorld.open();
  await world.addReplica();
});
afterAll(() => world[Symbol.asyncDispose]());

/** Small, and the same at every run with the same seed. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe('a reader that is cut off resumes with no gap and no duplicate', () => {
  it('200 cuts at random moments, on either replica', async () => {
    const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
    const next = random(seed);
    const anna = person();
    const words = Array.from({ length: 250 }, (_, index) => `w${index}é𝄞${' '.repeat(index % 3)}`);
    const reference = words.join('');
    let cuts = 0;
    while (cuts < 200) {
      world.provider.behave(answer(words, { gapMs: 3 }));
      const conversationId = await world.conversation(anna);
      const { data } = await world.send(anna, { conversationId });
      const replyId = data!.sendMessage.reply!.id;
      let text = '';
      let ended = false;
      while (!ended) {
        const cutAt = performance.now() + next() * 15;
        for await (const event of world.follow(anna, replyId, text.length, Math.floor(next() * 2))) {
          if (event.__typename === 'ReplyText') {
            // Appending is all a client ever has to do: numbers meet exactly.
            expect(event.firstSeq, `seed ${seed}`).toBe(text.length + 1);
            expect(event.lastSeq, `seed ${seed}`).toBe(text.length + event.text.length);
            text = apply(text, event);
            expect(reference.startsWith(text), `seed ${seed}`).toBe(true);
          } else if (event.__typename === 'ReplyEnd') {
            expect(event).toMatchObject({ status: 'COMPLETE', lastSeq: reference.length });
            ended = true;
          }
          if (performance.now() > cutAt) break;
        }
        if (!ended) cuts++;
      }
      expect(text, `seed ${seed}`).toBe(reference);
    }
  }, 180_000);
});

describe('the first event is one snapshot of what the reader lacks', () => {
  it('of a reply that is being written', async () => {
    const anna = person();
    world.provider.behave(answer(['one ', 'two ', 'three'], { gapMs: 150 }));
    const conversationId = await world.conversation(anna);
    const replyId = (await world.send(anna, { conversationId })).data!.sendMessage.reply!.id;
    for await (const event of world.follow(anna, replyId)) {
      if (event.__typename === 'ReplyText' && event.lastSeq >= 4) break;
    }
    const events = [];
    for await (const event of world.follow(anna, replyId, 2, 1)) events.push(event);
    expect(events[0]).toMatchObject({ __typename: 'ReplyText', snapshot: true, firstSeq: 3 });
    expect(events.filter((event) => event.__typename === 'ReplyText' && event.snapshot)).toHaveLength(1);
    expect(events.at(-1)).toMatchObject({ __typename: 'ReplyEnd', status: 'COMPLETE', lastSeq: 13 });
  });

  it('of a reply that has ended: the rest of its text, then its end', async () => {
    const anna = person();
    world.provider.behave(answer('Hello there', { usage: [7, 3] }));
    const { replyId } = await world.exchange(anna, { conversationId: await world.conversation(anna) });
    const events = await all(world.follow(anna, replyId, 6));
    expect(events).toEqual([
      { __typename: 'ReplyText', snapshot: true, text: 'there', firstSeq: 7, lastSeq: 11 },
      {
        __typename: 'ReplyEnd',
        status: 'COMPLETE',
        lastSeq: 11,
        error: null,
        usage: { inputTokens: 7, outputTokens: 3, estimated: false },
      },
    ]);
  });

  it('of a reply that has not begun: an empty one, at once', async () => {
    const anna = person();
    world.provider.behave(answer('late', { delayMs: 1_000 }));
    const conversationId = await world.conversation(anna);
    const replyId = (await world.send(anna, { conversationId })).data!.sendMessage.reply!.id;
    for await (const event of world.follow(anna, replyId)) {
      expect(event).toEqual({ __typename: 'ReplyText', snapshot: true, text: '', firstSeq: 1, lastSeq: 0 });
      break;
    }
    await world.readReply(anna, replyId);
  });

  it('a reader that claims more than there is gets everything again', async () => {
    const anna = person();
    world.provider.behave(answer('short'));
    const { replyId } = await world.exchange(anna, { conversationId: await world.conversation(anna) });
    const [first] = await all(world.follow(anna, replyId, 1000));
    expect(first).toMatchObject({ snapshot: true, text: 'short', firstSeq: 1, lastSeq: 5 });
    if (first?.__typename === 'ReplyText') expect(apply('x'.repeat(1000), first)).toBe('short');
  });
});

it('reasoning and calls of tools come as parts of their own, and are kept', async () => {
  const anna = person();
  world.provider.behave(
    answerDeltas(
      [
        { reasoning_content: 'Let me ' },
        { reasoning_content: 'think.' },
        { content: 'I look it up.' },
        { tool_calls: [{ index: 0, id: 'call-1', function: { name: 'search', arguments: '{"q":' } }] },
        { tool_calls: [{ index: 0, function: { arguments: '"x"}' } }] },
      ],
      'tool_calls',
    ),
  );
  const conversationId = await world.conversation(anna);
  const { replyId } = await world.exchange(anna, { conversationId });
  const { data } = await world.ask<{ message: object }>(
    anna,
    'query($id: ID!) { message(id: $id) { text reasoning toolCalls { id: callId name arguments } generation { finishReason } } }',
    { id: replyId },
  );
  expect(data!.message).toEqual({
    text: 'I look it up.',
    reasoning: 'Let me think.',
    toolCalls: [{ id: 'call-1', name: 'search', arguments: '{"q":"x"}' }],
    generation: { finishReason: 'TOOL_CALLS' },
  });
  const events = await all(world.follow(anna, replyId));
  expect(events.map(({ __typename }) => __typename)).toEqual([
    'ReplyReasoning',
    'ReplyText',
    'ReplyToolCall',
    'ReplyEnd',
  ]);
});

it('while it is written, the text of a message is what readers have seen', async () => {
  const anna = person();
  const { promise: read, resolve } = Promise.withResolvers<void>();
  world.provider.behave(answer(['seen', ' and more'], { hold: { at: 1, until: read } }));
  const conversationId = await world.conversation(anna);
  const replyId = (await world.send(anna, { conversationId })).data!.sendMessage.reply!.id;
  for await (const event of world.follow(anna, replyId)) {
    if (event.__typename === 'ReplyText' && event.text !== '') break;
  }
  const { data } = await world.ask<{ conversation: { unfinishedReplies: object[] } }>(
    anna,
    'query($id: ID!) { conversation(id: $id) { unfinishedReplies { id status text } } }',
    { id: conversationId },
  );
  expect(data!.conversation.unfinishedReplies).toEqual([{ id: replyId, status: 'STREAMING', text: 'seen' }]);
  resolve();
  await world.readReply(anna, replyId);
});

it('leaving a stream neither stops the reply nor leaves anything behind', async () => {
  const anna = person();
  world.provider.behave(answer(['a', 'b', 'c', 'd'], { gapMs: 30 }));
  const conversationId = await world.conversation(anna);
  const replyId = (await world.send(anna, { conversationId })).data!.sendMessage.reply!.id;
  for await (const _ of world.follow(anna, replyId)) break;
  await vi.waitFor(
    async () => {
      const message = await world.db.message.findUniqueOrThrow({ where: { id: replyId } });
      expect(message).toMatchObject({ status: 'COMPLETE', text: 'abcd' });
    },
    { timeout: 10_000 },
  );
  expect(await world.db.replyChunk.count({ where: { messageId: replyId } })).toBe(0);
  const readers = await world.metrics.getSingleMetric('sextant_stream_readers')?.get();
  expect(readers?.values[0]?.value ?? 0).toBe(0);
});

it('wrong arguments are refused, and what is not there is not found', async () => {
  const anna = person();
  world.provider.behave(answer('x'));
  const { replyId } = await world.exchange(anna, { conversationId: await world.conversation(anna) });
  await expect(all(world.follow(anna, replyId, -1))).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  await expect(all(world.follow(anna, randomUUID()))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(all(world.follow(person(), replyId))).rejects.toMatchObject({ code: 'NOT_FOUND' });
});
