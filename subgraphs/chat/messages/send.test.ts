import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answer, stall } from '#llm/testing/fault-server.ts';
import { conversationFor } from '../access.ts';
import { requesterOf } from '../replies/requester.ts';
import { ChatWorld, person } from '../testing/chat-world.ts';
import { pendingReply, personsMessage } from './ask.ts';
import { storeAtOnce } from './store-at-once.ts';

let world: ChatWorld;
beforeAll(async () => {
  world = await ChatWorld.open();
});
afterAll(() => world[Symbol.asyncDispose]());

describe('a message is sent once, however often it is sent', () => {
  it('three sends at once with one client id: one message, one reply, one call of the provider', async () => {
    const anna = person();
    const conversationId = await world.conversation(anna);
    await world.addReplica();
    world.provider.behave(answer(['Good', ' day'], { gapMs: 20 }));
    const before = world.provider.seen.length;
    const clientMessageId = randomUUID();
    const sends = await Promise.all(
      [0, 1, 0].map((replica) => world.send(anna, { conversationId, clientMessageId, text: 'Hi' }, replica)),
    );
    expect(sends.map(({ code }) => code)).toEqual([undefined, undefined, undefined]);
    expect(new Set(sends.map(({ data }) => data!.sendMessage.message.id)).size).toBe(1);
    const [replyId, ...others] = new Set(sends.map(({ data }) => data!.sendMessage.reply!.id));
    expect(others).toEqual([]);
    expect(await world.readReply(anna, replyId!)).toMatchObject({ text: 'Good day', end: { status: 'COMPLETE' } });
    expect(await world.db.message.count({ where: { conversationId } })).toBe(2);
    expect(world.provider.seen.length - before).toBe(1);
  });

  it('the same id long after answers with what was stored then', async () => {
    const anna = person();
    const conversationId = await world.conversation(anna);
    const clientMessageId = randomUUID();
    const first = await world.exchange(anna, { conversationId, clientMessageId });
    const { data } = await world.send(anna, { conversationId, clientMessageId });
    expect(data!.sendMessage).toMatchObject({
      message: { id: first.messageId },
      reply: { id: first.replyId, status: 'COMPLETE' },
    });
  });

  it('the same id with another text is a conflict', async () => {
    const anna = person();
    const conversationId = await world.conversation(anna);
    const clientMessageId = randomUUID();
    await world.send(anna, { conversationId, clientMessageId, text: 'one' });
    const second = await world.send(anna, { conversationId, clientMessageId, text: 'two' });
    expect(second).toMatchObject({ code: 'CONFLICT', extensions: { argument: 'input.clientMessageId' } });
    expect(await world.db.message.count({ where: { conversationId } })).toBe(2);
  });

  it('the same id in another conversation is another message', async () => {
    const anna = person();
    const clientMessageId = randomUUID();
    const ids = [await world.conversation(anna), await world.conversation(anna)];
    const sends = await Promise.all(ids.map((conversationId) => world.send(anna, { conversationId, clientMessageId })));
    expect(sends.map(({ code }) => code)).toEqual([undefined, undefined]);
  });
});

describe('bad input is refused with the field and the limit', () => {
  const cases: [string, Record<string, unknown>, string, RegExp][] = [
    ['a text of 1 MB', { text: 'x'.repeat(1_048_576) }, 'input.text', /1048576 bytes long; at most 131072/],
    ['an empty text', { text: '' }, 'input.text', /empty/],
    ['blanks', { text: ' \n\t' }, 'input.text', /empty/],
    ['a NUL character', { text: 'a\0b' }, 'input.text', /NUL/],
    ['a temperature of 3', { parameters: { temperature: 3 } }, 'input.parameters.temperature', /from 0 to 2/],
    ['a parent elsewhere', { parentId: randomUUID() }, 'input.parentId', /not a message of this conversation/],
    ['11 images', { attachments: Array.from({ length: 11 }, () => randomUUID()) }, 'input.attachments', /at most 10/],
  ];
  it.each(cases)('%s', async (_name, input, argument, problem) => {
    const anna = person();
    const conversationId = await world.conversation(anna);
    const refused = await world.send(anna, { conversationId, ...input });
    expect(refused).toMatchObject({ code: 'BAD_USER_INPUT', extensions: { argument } });
    expect(refused.message).toMatch(problem);
    expect(await world.db.message.count({ where: { conversationId } })).toBe(0);
  });

  it('a conversation that does not exist, or has no possible id, is not found', async () => {
    const anna = person();
    expect((await world.send(anna, { conversationId: randomUUID() })).code).toBe('NOT_FOUND');
    expect((await world.send(anna, { conversationId: "1' OR 1=1" })).code).toBe('NOT_FOUND');
  });

  it('a model that is not configured is named', async () => {
    const anna = person();
    const conversationId = await world.conversation(anna);
    expect(await world.send(anna, { conversationId, model: 'gpt-99' })).toMatchObject({ code: 'MODEL_NOT_FOUND' });
  });
});

it('what one statement stores is as Prisma reads it, and is told of', async () => {
  const anna = person();
  const conversationId = await world.conversation(anna);
  world.provider.behave(answer(['Good', ' day']));
  const first = await world.exchange(anna, { conversationId, text: 'Hello  there' });
  const user = { userId: anna.userId, conversationId };
  const ask = { conversationId, clientMessageId: randomUUID(), hash: 'hash', parameters: {}, offer: {}, model: 'm' };
  const { messageId, replyId } = first;
  const rows = (message: { text: string }) => {
    const asked = { ...ask, clientMessageId: randomUUID(), reply: true, asksForMemory: undefined } as never;
    const said = personsMessage(conversationId, anna, asked, null, { ...message, attachments: [randomUUID()] });
    return { message: said, reply: pendingReply(conversationId, asked, said, requesterOf(anna)) };
  };
  const event = JSON.stringify([
    {
      id: randomUUID(),
      type: 'message.completed',
      version: 1,
      aggregate: 'a',
      payload: { text: 'x', remember: false },
    },
  ]);
  const limits = { maxDepth: 100, maxSiblings: 10, maxUnfinished: 10, asksForMemory: true, title: 'not this' };
  const addition = { ...user, ...limits, event, after: replyId, ...rows({ text: 'And \u{1F34E}?' }) };
  for (const other of [{ after: messageId }, { maxDepth: 1 }, { maxUnfinished: 0 }, { userId: randomUUID() }]) {
    expect(await storeAtOnce(world.db, { ...addition, ...other })).toBeUndefined();
  }
  expect(await world.db.message.count({ where: { conversationId } })).toBe(2);
  const added = (await storeAtOnce(world.db, addition))!;
  expect(added.message).toEqual(await world.db.message.findUnique({ where: { id: addition.message.id } }));
  expect(added.reply).toEqual(await world.db.message.findUnique({ where: { id: addition.reply.id } }));
  expect(added.message).toMatchObject({ parentId: replyId, depth: 2, activeChildId: addition.reply.id });
  expect(added.conversation).toEqual(await conversationFor(world.db, anna.userId, conversationId));
  expect(added.conversation).toMatchObject({ title: 'Hello there', messageCount: 4, activeRootId: messageId });
  expect(added.isShared).toBe(false);
  expect(await world.db.message.findUnique({ where: { id: replyId } })).toMatchObject({
    activeChildId: addition.message.id,
  });
  const [told] = await world.db.outboxEvent.findMany({ where: { aggregate: 'a' } });
  expect(told!.payload).toEqual({ text: 'x', remember: true, parentId: replyId });
  // The reply is unfinished: what comes now has to wait for it.
  expect(await storeAtOnce(world.db, { ...addition, after: undefined, ...rows({ text: 'More' }) })).toBeUndefined();
});

it('128 KiB is accepted and comes back as it was sent', async () => {
  const anna = person();
  const conversationId = await world.conversation(anna);
  const text = `${'ä€𝄞'.repeat(14_000)}\r\n end`;
  const { data } = await world.send(anna, { conversationId, text });
  expect(data!.sendMessage.message.text).toBe(text);
});

it('sending too often is limited, and says when to try again', async () => {
  await using limited = await ChatWorld.open({ env: { CHAT_SENDS_PER_MINUTE: '3' } });
  const anna = person();
  const conversationId = await limited.conversation(anna);
  const sends = [];
  for (let count = 0; count < 4; count++) sends.push(await limited.send(anna, { conversationId, reply: false }));
  expect(sends.map(({ code }) => code)).toEqual([undefined, undefined, undefined, 'RATE_LIMITED']);
  expect(sends[3]!.extensions!['retryAfter']).toBeGreaterThan(0);
});

it('replies to one user that are unfinished at a time are limited', async () => {
  await using limited = await ChatWorld.open({ env: { CHAT_REPLIES_PER_USER: '2' } });
  limited.provider.behave(stall('on'));
  const anna = person();
  const sends = [];
  for (let count = 0; count < 3; count++) {
    sends.push(await limited.send(anna, { conversationId: await limited.conversation(anna) }));
  }
  expect(sends.map(({ code }) => code)).toEqual([undefined, undefined, 'RATE_LIMITED']);
  // Another user, and a message without a reply, are not held up by it.
  const bert = person();
  expect((await limited.send(bert, { conversationId: await limited.conversation(bert) })).code).toBeUndefined();
  const silent = await limited.send(anna, { conversationId: await limited.conversation(anna), reply: false });
  expect(silent.code).toBeUndefined();
});
