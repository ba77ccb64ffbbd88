import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answer, answerDeltas, stall } from '#llm/testing/fault-server.ts';
import { LyingToolServer, says } from '#llm/testing/tool-server.ts';
import { ChatWorld, person } from './testing/chat-world.ts';

let tools: LyingToolServer;
let world: ChatWorld;
beforeAll(async () => {
  tools = await LyingToolServer.start([
    { name: 'find', inputSchema: { type: 'object' }, annotations: { readOnlyHint: true } },
  ]);
  world = await ChatWorld.open({
    catalogue: (base_url) => ({
      providers: { test: { type: 'compatible', base_url } },
      deployments: { d: { provider: 'test', model: 'm', capabilities: ['chat', 'tools'] } },
      models: { 'test-model': { deployments: ['d'] } },
      tool_servers: { shop: { url: tools.url } },
    }),
  });
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await tools[Symbol.asyncDispose]();
});

const recorded = async (type: string, userId: string) =>
  (
    await world.db.outboxEvent.findMany({
      where: { type, payload: { path: ['userId'], equals: userId } },
      orderBy: { position: 'asc' },
    })
  ).map(({ payload }) => payload as Record<string, unknown>);

describe('what others must know is recorded with the change', () => {
  it('both messages of an exchange, and the call with its tokens', async () => {
    const anna = person();
    world.provider.behave(answer('Hello', { usage: [11, 4] }));
    const conversationId = await world.conversation(anna);
    const { messageId, replyId } = await world.exchange(anna, { conversationId, text: 'Hi' });
    expect(await recorded('message.completed', anna.userId)).toMatchObject([
      { messageId, conversationId, role: 'USER', status: 'COMPLETED', text: 'Hi', remember: true },
      {
        messageId: replyId,
        role: 'ASSISTANT',
        status: 'COMPLETED',
        text: 'Hello',
        parentId: messageId,
        model: 'test-model',
      },
    ]);
    const calls = await recorded('llm.called', anna.userId);
    expect(calls).toMatchObject([
      { conversationId, messageId: replyId, model: 'test-model', tokens: { input: 11, output: 4 }, outcome: 'ok' },
    ]);
    const generation = await world.db.generation.findUniqueOrThrow({ where: { messageId: replyId } });
    expect(generation.callId).toBe(calls[0]!['id']);
  });

  it('a conversation with memory switched off is not to be remembered', async () => {
    const anna = person();
    world.provider.behave(answer('Hello'));
    await world.exchange(anna, { conversationId: await world.conversation(anna, { memoryEnabled: false }) });
    expect((await recorded('message.completed', anna.userId)).map(({ remember }) => remember)).toEqual([false, false]);
  });

  it('a deleted conversation, once, and nothing of it is left', async () => {
    const anna = person();
    world.provider.behave(answer('Hello'));
    const conversationId = await world.conversation(anna);
    await world.exchange(anna, { conversationId });
    const deletion = 'mutation($input: DeleteConversationInput!) { deleteConversation(input: $input) { deletedId } }';
    expect((await world.ask(anna, deletion, { input: { id: conversationId } })).code).toBeUndefined();
    expect((await world.ask(anna, deletion, { input: { id: conversationId } })).code).toBe('NOT_FOUND');
    expect(await recorded('conversation.deleted', anna.userId)).toMatchObject([{ conversationId }]);
    expect(await world.db.message.count({ where: { conversationId } })).toBe(0);
    expect(await world.db.participant.count({ where: { conversationId } })).toBe(0);
  });

  it('deleting a conversation stops its reply, and what it cost is on record', async () => {
    const anna = person();
    world.provider.behave(stall('on and on'));
    const conversationId = await world.conversation(anna);
    const replyId = (await world.send(anna, { conversationId })).data!.sendMessage.reply!.id;
    const reading = world.readReply(anna, replyId);
    await expect.poll(() => world.db.replyChunk.count({ where: { messageId: replyId } })).toBeGreaterThan(0);
    const request = world.provider.seen.at(-1)!;
    await world.ask(
      anna,
      'mutation($input: DeleteConversationInput!) { deleteConversation(input: $input) { deletedId } }',
      {
        input: { id: conversationId },
      },
    );
    await request.aborted;
    expect((await reading).end.status).toBe('STOPPED');
    await expect.poll(async () => (await recorded('llm.called', anna.userId)).length).toBe(1);
  });
});

/** Tells chat that an account was deleted. */
const deleteAccount = (userId: string, id = randomUUID()) =>
  world.platform.events.publish('auth', [
    {
      id,
      type: 'user.deleted',
      version: 1,
      owner: 'auth',
      aggregate: `user:${userId}`,
      payload: { userId, at: new Date().toISOString() },
      recordedAt: new Date(),
    },
  ]);

/** Resolves when all is removed that belonged to a deleted account. */
const removed = (userId: string) =>
  expect
    .poll(() => world.db.job.findMany({ where: { userId, state: { not: 'DONE' } } }), { timeout: 30_000 })
    .toEqual([]);

it('the conversations of a deleted account go one by one, and what fails goes on where it stopped', async () => {
  const anna = person();
  const ids = [];
  for (let n = 0; n < 5; n++) ids.push(await world.conversation(anna));
  const stuck = ids[1]!;
  await world.db.$executeRawUnsafe(`
    CREATE FUNCTION refuse_removal() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'too much'; END $$`);
  await world.db.$executeRawUnsafe(`
    CREATE TRIGGER refuse_removal BEFORE DELETE ON conversations FOR EACH ROW WHEN (OLD.id = '${stuck}')
    EXECUTE FUNCTION refuse_removal()`);
  await deleteAccount(anna.userId);
  const left = async () =>
    (await world.db.conversation.findMany({ where: { ownerId: anna.userId } })).map(({ id }) => id);
  await expect.poll(left, { timeout: 20_000 }).toEqual([stuck]);
  expect(await recorded('conversation.deleted', anna.userId)).toHaveLength(4);
  await world.db.$executeRawUnsafe('DROP TRIGGER refuse_removal ON conversations');
  await world.db.$executeRawUnsafe('DROP FUNCTION refuse_removal');
  await removed(anna.userId);
  expect(await left()).toEqual([]);
  expect(await world.db.viewerNotice.count({ where: { userId: anna.userId } })).toBe(0);
}, 60_000);

it('when an account is deleted, all that is its own goes, and what others share with it stays without it', async () => {
  const anna = person();
  const bert = person();
  world.provider.behave(answer('Hello'));
  const own = await world.conversation(bert);
  await world.exchange(bert, { conversationId: own });
  const shared = await world.conversation(anna);
  await world.share(anna, shared, bert);
  await world.exchange(anna, { conversationId: shared, text: 'from Anna' });
  await world.exchange(bert, { conversationId: shared, text: 'from Bert' });

  const id = randomUUID();
  await deleteAccount(bert.userId, id);
  await deleteAccount(bert.userId, id);
  await removed(bert.userId);

  expect(await world.db.conversation.count({ where: { id: own } })).toBe(0);
  expect(await recorded('conversation.deleted', bert.userId)).toMatchObject([{ conversationId: own }]);
  const { data } = await world.ask<{ conversation: object }>(
    anna,
    'query($id: ID!) { conversation(id: $id) { participants { nodes { userId } } messages { nodes { text removedAt author { id } } } } }',
    { id: shared },
  );
  expect(data!.conversation).toEqual({
    participants: { nodes: [{ userId: anna.userId }] },
    messages: {
      nodes: [
        { text: 'from Anna', removedAt: null, author: { id: anna.userId } },
        { text: 'Hello', removedAt: null, author: null },
        { text: '', removedAt: expect.any(String), author: null },
        { text: 'Hello', removedAt: null, author: null },
      ],
    },
  });
  const left = await world.db.message.count({
    where: { OR: [{ authorId: bert.userId }, { requesterId: bert.userId }] },
  });
  expect(left).toBe(0);
});

it('when an account is deleted, its reply in a conversation of another ends, and nothing goes on telling of it', async () => {
  const anna = person();
  const bert = person();
  world.provider.behave(stall('on and on'));
  const shared = await world.conversation(anna);
  await world.share(anna, shared, bert);
  const replyId = (await world.send(bert, { conversationId: shared })).data!.sendMessage.reply!.id;
  await expect.poll(() => world.db.replyChunk.count({ where: { messageId: replyId } })).toBeGreaterThan(0);
  const request = world.provider.seen.at(-1)!;
  const waitingId = (await world.send(bert, { conversationId: shared })).data!.sendMessage.reply!.id;
  await deleteAccount(bert.userId);
  await request.aborted;
  const stored = () => world.db.message.findUniqueOrThrow({ where: { id: replyId } });
  await expect.poll(async () => (await stored()).status).toBe('STOPPED');
  expect(await stored()).toMatchObject({ requesterId: null, requester: null, citations: [] });
  await removed(bert.userId);
  expect(await world.db.message.findUniqueOrThrow({ where: { id: waitingId } })).toMatchObject({
    status: 'STOPPED',
    requesterId: null,
    requester: null,
  });
  const told = await recorded('message.completed', bert.userId);
  expect(told.filter(({ messageId }) => messageId === replyId || messageId === waitingId)).toEqual([]);
});

it('when an account is deleted, its reply that is being written keeps nothing that tools have found', async () => {
  const anna = person();
  const bert = person();
  tools.call = () => says('the secret of Bert');
  const call = { index: 0, id: 'f', type: 'function', function: { name: 'shop__find', arguments: '{"q":"tea"}' } };
  world.provider.script(answerDeltas([{ tool_calls: [call] }], 'tool_calls'), stall('It is'));
  const shared = await world.conversation(anna);
  await world.share(anna, shared, bert);
  const sent = await world.send(bert, { conversationId: shared, toolServers: ['shop'] });
  const replyId = sent.data!.sendMessage.reply!.id;
  const stored = () => world.db.message.findUniqueOrThrow({ where: { id: replyId } });
  // Its text is there when the tool has answered.
  for await (const event of world.follow(anna, replyId))
    if (event.__typename === 'ReplyText' && event.text !== '') break;
  await deleteAccount(bert.userId);
  await expect.poll(async () => (await stored()).status).toBe('STOPPED');
  const { text, toolCalls, requesterId } = await stored();
  expect({ text, requesterId }).toEqual({ text: 'It is', requesterId: null });
  expect(toolCalls).toMatchObject([{ name: 'shop__find', result: { status: 'OK', content: '' } }]);
  expect(JSON.stringify(await world.db.message.findMany({ where: { conversationId: shared } }))).not.toContain(
    'secret',
  );
  expect(await world.db.replyChunk.count({ where: { messageId: replyId } })).toBe(0);
});
