import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answer } from '#llm/testing/fault-server.ts';
import type { UserIdentity } from '#platform/identity/identity.ts';
import { all, ChatWorld, INVITE, person } from './testing/chat-world.ts';

let world: ChatWorld;
let anna: UserIdentity;
let mallory: UserIdentity;
let conversationId: string;
let messageId: string;
let replyId: string;
beforeAll(async () => {
  world = await ChatWorld.open();
  anna = person();
  mallory = person();
  world.provider.behave(answer('a secret'));
  conversationId = await world.conversation(anna);
  ({ messageId, replyId } = await world.exchange(anna, { conversationId, text: 'my secret' }));
});
afterAll(() => world[Symbol.asyncDispose]());

describe('what others have does not exist', () => {
  const QUERY = `query($conversation: ID!, $message: ID!, $representations: [_Any!]!) {
    conversation(id: $conversation) { id title }
    message(id: $message) { id text }
    _entities(representations: $representations) { ... on Conversation { id title } ... on Message { id text } }
  }`;

  it('another user gets the same answer for it as for what does not exist, through _entities too', async () => {
    const ask = (conversation: string, message: string) =>
      world.ask<Record<string, unknown>>(mallory, QUERY, {
        conversation,
        message,
        representations: [
          { __typename: 'Conversation', id: conversation },
          { __typename: 'Message', id: message },
        ],
      });
    const secret = await ask(conversationId, replyId);
    expect(secret.data).toEqual({ conversation: null, message: null, _entities: [null, null] });
    expect(await ask(randomUUID(), randomUUID())).toEqual(secret);
    expect(await ask('no id', '')).toEqual(secret);
  });

  it('its owner gets it', async () => {
    const { data } = await world.ask<Record<string, unknown>>(anna, QUERY, {
      conversation: conversationId,
      message: replyId,
      representations: [{ __typename: 'Message', id: replyId }],
    });
    expect(data).toMatchObject({ message: { text: 'a secret' }, _entities: [{ text: 'a secret' }] });
  });

  const mutations: [string, string, () => Record<string, unknown>][] = [
    ['sendMessage', 'message { id }', () => ({ conversationId, clientMessageId: randomUUID(), text: 'x' })],
    ['editMessage', 'message { id }', () => ({ id: messageId, clientMessageId: randomUUID(), text: 'x' })],
    ['regenerateReply', 'reply { id }', () => ({ id: replyId, clientMessageId: randomUUID() })],
    ['chooseBranch', 'conversation { id }', () => ({ messageId })],
    ['stopGeneration', 'message { id }', () => ({ id: replyId })],
    ['updateConversation', 'conversation { id }', () => ({ id: conversationId, systemPrompt: 'x' })],
    ['renameConversation', 'conversation { id }', () => ({ id: conversationId, title: 'x' })],
    ['archiveConversation', 'conversation { id }', () => ({ id: conversationId })],
    ['pinConversation', 'conversation { id }', () => ({ id: conversationId })],
    ['deleteConversation', 'deletedId', () => ({ id: conversationId })],
    ['forkConversation', 'conversation { id }', () => ({ messageId })],
    ['inviteToConversation', 'participant { userId }', () => ({ id: conversationId, userId: mallory.userId })],
    ['acceptConversationInvitation', 'conversation { id }', () => ({ id: conversationId })],
    ['removeFromConversation', 'conversation { id }', () => ({ id: conversationId, userId: anna.userId })],
    ['leaveConversation', 'deletedId', () => ({ id: conversationId })],
    ['setPresence', 'present', () => ({ id: conversationId, state: 'BUSY' })],
    ['setTyping', 'present', () => ({ id: conversationId })],
  ];
  it.each(mutations)('%s is NOT_FOUND', async (name, selection, input) => {
    const type = `${name[0]!.toUpperCase()}${name.slice(1)}Input`;
    const refused = await world.ask(mallory, `mutation($input: ${type}!) { ${name}(input: $input) { ${selection} } }`, {
      input: input(),
    });
    expect(refused.code).toBe('NOT_FOUND');
  });

  it.each(['conversationEvents', 'roomPresence'])('%s is NOT_FOUND', async (name) => {
    const subscription = `subscription($id: ID!) { ${name}(id: $id) { __typename } }`;
    await expect(all(world.subscribe(mallory, subscription, { id: conversationId }))).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  it('nothing of it is in lists and searches of others', async () => {
    const { data } = await world.ask<Record<string, { nodes: unknown[] }>>(
      mallory,
      '{ conversations { nodes { id } } searchConversations(query: "secret") { nodes { snippet { text } } } }',
    );
    expect(data).toEqual({ conversations: { nodes: [] }, searchConversations: { nodes: [] } });
  });
});

describe('scopes', () => {
  it('reading needs chat:read, writing chat:write', async () => {
    const reader: UserIdentity = { ...anna, scopes: ['chat:read'] };
    const writer: UserIdentity = { ...anna, scopes: ['chat:write'] };
    expect((await world.send(reader, { conversationId })).code).toBe('FORBIDDEN');
    expect(
      (await world.ask(writer, 'query($id: ID!) { conversation(id: $id) { id } }', { id: conversationId })).code,
    ).toBe('FORBIDDEN');
    const entity = await world.ask(
      writer,
      'query($r: [_Any!]!) { _entities(representations: $r) { ... on Message { text } } }',
      {
        r: [{ __typename: 'Message', id: replyId }],
      },
    );
    expect(entity.code).toBe('FORBIDDEN');
    await expect(all(world.follow(writer, replyId))).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });

  it('the state of deployments is for administrators', async () => {
    expect((await world.ask(anna, '{ llmHealth { deployment } }')).code).toBe('FORBIDDEN');
    const admin: UserIdentity = { ...anna, scopes: [...anna.scopes, 'admin'] };
    const { data } = await world.ask<{ llmHealth: { health: string }[] }>(
      admin,
      '{ llmHealth { deployment health state } }',
    );
    expect(data!.llmHealth.length).toBeGreaterThan(0);
  });

  it('everybody who is signed in sees the models', async () => {
    const { data } = await world.ask<{ models: object[] }>(
      anna,
      '{ models { id isDefault health capabilities { chat } } }',
    );
    expect(data!.models[0]).toMatchObject({ id: 'test-model', isDefault: true, capabilities: { chat: true } });
  });
});

describe('shared conversations', () => {
  it('who has accepted an invitation reads and sends, and what the owner may they may not', async () => {
    const bert = person();
    const shared = await world.conversation(anna);
    await world.share(anna, shared, bert);
    expect((await world.exchange(bert, { conversationId: shared, text: 'from Bert' })).text).toBe('a secret');
    const { data } = await world.ask<{ conversation: object }>(
      anna,
      'query($id: ID!) { conversation(id: $id) { viewerRole participants { nodes { userId role } } messages(first: 1) { nodes { author { id } } } } }',
      { id: shared },
    );
    expect(data!.conversation).toEqual({
      viewerRole: 'OWNER',
      participants: {
        nodes: [
          { userId: anna.userId, role: 'OWNER' },
          { userId: bert.userId, role: 'MEMBER' },
        ],
      },
      messages: { nodes: [{ author: { id: bert.userId } }] },
    });
    const rename =
      'mutation($input: RenameConversationInput!) { renameConversation(input: $input) { conversation { id } } }';
    expect((await world.ask(bert, rename, { input: { id: shared, title: 'x' } })).code).toBe('FORBIDDEN');
    const invitation = { input: { id: shared, userId: mallory.userId } };
    expect((await world.ask(bert, INVITE, invitation)).code).toBe('FORBIDDEN');
    const remove = 'mutation($input: DeleteConversationInput!) { deleteConversation(input: $input) { deletedId } }';
    expect((await world.ask(bert, remove, { input: { id: shared } })).code).toBe('FORBIDDEN');
  });

  it('who has left, or was removed, is a stranger', async () => {
    const bert = person();
    const shared = await world.conversation(anna);
    await world.share(anna, shared, bert);
    const leave = 'mutation($input: LeaveConversationInput!) { leaveConversation(input: $input) { deletedId } }';
    expect((await world.ask(anna, leave, { input: { id: shared } })).code).toBe('FORBIDDEN');
    expect((await world.ask(bert, leave, { input: { id: shared } })).code).toBeUndefined();
    expect((await world.send(bert, { conversationId: shared })).code).toBe('NOT_FOUND');
  });
});
