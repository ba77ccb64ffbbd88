import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { answer, stall } from '#llm/testing/fault-server.ts';
import { ROLE_SCOPES, type UserIdentity } from '#platform/identity/identity.ts';
import { all, ChatWorld, person } from '../testing/chat-world.ts';

let world: ChatWorld;
let anna: UserIdentity;
let bert: UserIdentity;
let conversationId: string;
beforeAll(async () => {
  world = await ChatWorld.open();
  await world.addReplica();
});
afterAll(() => world[Symbol.asyncDispose]());
beforeEach(async () => {
  anna = person();
  bert = person();
  conversationId = await world.conversation(anna);
  world.provider.behave(answer('The secret is noted.'));
});

const DELETE = `mutation($input: DeleteMessageInput!) {
  deleteMessage(input: $input) { deletedId message { id text removedAt status attachments { id } children { nodes { id } } } }
}`;
const remove = (who: UserIdentity, id: string, replica = 0) =>
  world.ask<{ deleteMessage: { deletedId: string; message: Record<string, unknown> } }>(
    who,
    DELETE,
    { input: { id } },
    replica,
  );
const read = async (who: UserIdentity, fields: string) =>
  (
    await world.ask<{ conversation: Record<string, unknown> }>(
      who,
      `query($id: ID!) { conversation(id: $id) { ${fields} } }`,
      {
        id: conversationId,
      },
    )
  ).data!.conversation;
const found = async (who: UserIdentity, query: string) =>
  (
    await world.ask<{ searchConversations: { nodes: unknown[] } }>(
      who,
      'query($query: String!) { searchConversations(query: $query) { nodes { message { id } } } }',
      { query },
    )
  ).data!.searchConversations.nodes;

describe('a deleted message', () => {
  it('is gone from rows, search, exports, the title and the queue; its place and what follows stay', async () => {
    const { messageId, replyId } = await world.exchange(anna, { conversationId, text: 'My secret is xylophone' });
    await world.exchange(anna, { conversationId, text: 'Go on' });
    const { data } = await remove(anna, messageId);
    expect(data!.deleteMessage).toEqual({
      deletedId: messageId,
      message: {
        id: messageId,
        text: '',
        removedAt: expect.any(String),
        status: 'COMPLETE',
        attachments: [],
        children: { nodes: [{ id: replyId }] },
      },
    });
    expect(await found(anna, 'xylophone')).toEqual([]);
    const {
      export: exported,
      title,
      messages,
    } = await read(anna, 'title export(format: JSON) { content } messages { nodes { text } }');
    expect(JSON.stringify([exported, title])).not.toContain('xylophone');
    expect((messages as { nodes: object[] }).nodes).toHaveLength(4);
    const stored = await world.db.$queryRaw<{ all: string }[]>`
      SELECT (SELECT json_agg(m)::text FROM messages m WHERE conversation_id = ${conversationId}::uuid)
        || (SELECT coalesce(json_agg(o), '[]')::text FROM outbox_events o) AS all`;
    expect(stored[0]!.all).not.toContain('xylophone');
    const told = await world.db.outboxEvent.findMany({ where: { type: 'message.deleted' } });
    expect(told.map(({ payload }) => payload)).toContainEqual(expect.objectContaining({ messageId, conversationId }));
  });

  it('is shown to no model, and neither edited nor answered again', async () => {
    const { messageId, replyId } = await world.exchange(anna, { conversationId, text: 'My secret is xylophone' });
    await remove(anna, messageId);
    await world.exchange(anna, { conversationId, text: 'What did I say?' });
    expect(JSON.stringify(world.provider.seen.at(-1)!.body)).not.toContain('xylophone');
    const edit = 'mutation($input: EditMessageInput!) { editMessage(input: $input) { message { id } } }';
    const again = 'mutation($input: RegenerateReplyInput!) { regenerateReply(input: $input) { reply { id } } }';
    const clientMessageId = randomUUID();
    expect((await world.ask(anna, edit, { input: { id: messageId, clientMessageId, text: 'x' } })).code).toBe(
      'BAD_USER_INPUT',
    );
    expect((await world.ask(anna, again, { input: { id: replyId, clientMessageId } })).code).toBe('BAD_USER_INPUT');
  });

  it('deleted twice, at two replicas at once, is deleted once; a send that is repeated finds its place', async () => {
    const clientMessageId = randomUUID();
    const message = { conversationId, clientMessageId, text: 'Hello' };
    const { messageId } = await world.exchange(anna, message);
    const answers = await Promise.all([
      remove(anna, messageId, 0),
      remove(anna, messageId, 1),
      remove(anna, messageId),
    ]);
    expect(answers.map(({ code }) => code)).toEqual([undefined, undefined, undefined]);
    expect(new Set(answers.map(({ data }) => data!.deleteMessage.message['removedAt'])).size).toBe(1);
    expect((await world.send(anna, message)).data!.sendMessage.message).toMatchObject({ id: messageId, text: '' });
    const count = await world.db.outboxEvent.count({
      where: { type: 'message.deleted', aggregate: `conversation:${conversationId}` },
    });
    expect(count).toBe(1);
  });

  it('takes the reply that is being written along, wherever that is, and the stream keeps nothing of a reply', async () => {
    world.provider.behave(stall('Something said'));
    const { data } = await world.send(anna, { conversationId, text: 'Long story' });
    const { message, reply } = data!.sendMessage;
    for await (const event of world.follow(anna, reply!.id)) if (event.__typename === 'ReplyText' && event.text) break;
    expect((await remove(anna, message.id, 1)).code).toBeUndefined();
    const stopped = await world.db.message.findUniqueOrThrow({ where: { id: reply!.id } });
    expect(stopped).toMatchObject({ status: 'STOPPED', text: 'Something said' });
    expect((await remove(anna, reply!.id, 1)).data!.deleteMessage.message).toMatchObject({
      text: '',
      status: 'STOPPED',
    });
    expect(await world.platform.of('chat', new AsyncDisposableStack()).streams.inspect(reply!.id)).toBeUndefined();
    const events = await all(world.follow(anna, reply!.id));
    expect(events.map((event) => ('text' in event ? event.text : event.__typename))).toEqual(['', 'ReplyEnd']);
  });

  it('is deleted by its author, by the one who asked, and by the owner; others cannot, strangers do not learn of it', async () => {
    await world.share(anna, conversationId, bert);
    const carl = person();
    const own = await world.exchange(anna, { conversationId, text: 'Of Anna' });
    expect((await remove(bert, own.messageId)).code).toBe('FORBIDDEN');
    expect((await remove(bert, own.replyId)).code).toBe('FORBIDDEN');
    expect((await remove(carl, own.messageId)).code).toBe('NOT_FOUND');
    expect((await remove(carl, 'nonsense')).code).toBe('NOT_FOUND');
    const others = await world.exchange(bert, { conversationId, text: 'Of Bert' });
    expect((await remove(bert, others.replyId)).code).toBeUndefined();
    expect((await remove(anna, others.messageId)).code).toBeUndefined();
    const kick =
      'mutation($input: RemoveFromConversationInput!) { removeFromConversation(input: $input) { conversation { id } } }';
    const more = await world.exchange(bert, { conversationId, text: 'More of Bert' });
    await world.ask(anna, kick, { input: { id: conversationId, userId: bert.userId } });
    expect((await remove(bert, more.messageId)).code).toBe('NOT_FOUND');
  });
});

describe('feedback', () => {
  const SET = `mutation($input: SetFeedbackInput!) {
    setFeedback(input: $input) { message { id viewerFeedback { rating comment } } }
  }`;
  const rate = (who: UserIdentity, input: object, replica = 0) =>
    world.ask<{ setFeedback: { message: { viewerFeedback: object | null } } }>(who, SET, { input }, replica);
  const feedback = async (who: UserIdentity, id: string) =>
    (
      await world.ask<{ message: { viewerFeedback: object | null } | null }>(
        who,
        'query($id: ID!) { message(id: $id) { viewerFeedback { rating comment } } }',
        { id },
      )
    ).data!.message?.viewerFeedback;
  const SUMMARY = `query($from: DateTime) { feedbackSummary(from: $from) {
    up down byModel { model up down } comments(first: 1) { nodes { comment rating model user { id } } totalCount pageInfo { hasNextPage endCursor } }
  } }`;

  it('is one a person, changes and goes, and no other participant reads it', async () => {
    await world.share(anna, conversationId, bert);
    const { messageId, replyId } = await world.exchange(anna, { conversationId });
    const both = await Promise.all([
      rate(anna, { id: replyId, rating: 'UP' }, 0),
      rate(anna, { id: replyId, rating: 'UP' }, 1),
    ]);
    expect(both.map(({ code }) => code)).toEqual([undefined, undefined]);
    expect(await feedback(anna, replyId)).toEqual({ rating: 'UP', comment: null });
    expect(await feedback(bert, replyId)).toBeNull();
    await rate(anna, { id: replyId, rating: 'DOWN', comment: 'Too short' });
    expect(await feedback(anna, replyId)).toEqual({ rating: 'DOWN', comment: 'Too short' });
    await rate(anna, { id: replyId });
    await rate(anna, { id: replyId });
    expect(await feedback(anna, replyId)).toBeNull();
    expect((await rate(anna, { id: messageId, rating: 'UP' })).code).toBe('BAD_USER_INPUT');
    expect((await rate(anna, { id: replyId, rating: 'UP', comment: 'x'.repeat(9000) })).extensions).toMatchObject({
      argument: 'input.comment',
    });
    expect((await rate(person(), { id: replyId, rating: 'UP' })).code).toBe('NOT_FOUND');
  });

  it('administrators read numbers and comments, others nothing; it goes with the reply and with the account', async () => {
    const from = new Date().toISOString();
    const admin = { ...person(ROLE_SCOPES['admin']!), roles: ['admin'] };
    await world.share(anna, conversationId, bert);
    const { replyId } = await world.exchange(anna, { conversationId });
    await rate(anna, { id: replyId, rating: 'DOWN', comment: 'First' });
    await rate(bert, { id: replyId, rating: 'UP', comment: 'Second' });
    expect((await world.ask(anna, SUMMARY, { from })).code).toBe('FORBIDDEN');
    const summary = await world.ask<{ feedbackSummary: Record<string, unknown> }>(admin, SUMMARY, { from });
    expect(summary.data!.feedbackSummary).toMatchObject({
      up: 1,
      down: 1,
      byModel: [{ model: 'test-model', up: 1, down: 1 }],
      comments: {
        nodes: [{ comment: 'Second', rating: 'UP', model: 'test-model', user: { id: bert.userId } }],
        totalCount: 2,
        pageInfo: { hasNextPage: true },
      },
    });
    await world.platform.events.publish('auth', [
      {
        id: randomUUID(),
        type: 'user.deleted',
        version: 1,
        owner: 'auth',
        aggregate: `user:${bert.userId}`,
        payload: { userId: bert.userId, at: from },
        recordedAt: new Date(),
      },
    ]);
    await expect.poll(() => world.db.feedback.count({ where: { messageId: replyId } })).toBe(1);
    await remove(anna, replyId);
    expect(await world.db.feedback.count({ where: { messageId: replyId } })).toBe(0);
    expect((await rate(anna, { id: replyId, rating: 'UP' })).code).toBe('BAD_USER_INPUT');
  });
});
