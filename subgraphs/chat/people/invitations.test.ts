import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { answer } from '#llm/testing/fault-server.ts';
import type { UserIdentity } from '#platform/identity/identity.ts';
import { ACCEPT, all, ChatWorld, INVITE, person } from '../testing/chat-world.ts';

let world: ChatWorld;
let anna: UserIdentity;
let bert: UserIdentity;
let conversationId: string;
beforeAll(async () => {
  world = await ChatWorld.open();
  world.provider.behave(answer('Hi'));
});
afterAll(() => world[Symbol.asyncDispose]());
beforeEach(async () => {
  anna = person();
  bert = person();
  conversationId = await world.conversation(anna, { title: 'Plans' });
});

const DECLINE = `mutation($input: DeclineConversationInvitationInput!) {
  declineConversationInvitation(input: $input) { deletedId }
}`;
const REMOVE = `mutation($input: RemoveFromConversationInput!) {
  removeFromConversation(input: $input) { conversation { id } }
}`;
const LIST = `{ conversationInvitations { nodes { conversationId title user { id } invitedBy { id } createdAt } } }`;

const invite = (who = bert) => world.ask(anna, INVITE, { input: { id: conversationId, userId: who.userId } });
const accept = (who = bert) => world.ask(who, ACCEPT, { input: { id: conversationId } });
const waiting = async (who = bert) =>
  (await world.ask<{ conversationInvitations: { nodes: unknown[] } }>(who, LIST)).data!.conversationInvitations.nodes;
const conversation = async (who: UserIdentity, fields: string) =>
  (
    await world.ask<{ conversation: Record<string, unknown> | null }>(
      who,
      `query($id: ID!) { conversation(id: $id) { ${fields} } }`,
      { id: conversationId },
    )
  ).data!.conversation;

it('before an invitation is accepted nothing of the conversation can be read, and nothing happens in it', async () => {
  const { messageId, replyId } = await world.exchange(anna, { conversationId });
  expect((await invite()).data).toEqual({
    inviteToConversation: { invitation: { conversationId }, participant: null },
  });
  expect(await conversation(bert, 'id')).toBeNull();
  expect((await world.send(bert, { conversationId })).code).toBe('NOT_FOUND');
  await expect(all(world.follow(bert, replyId))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  const fork = 'mutation($input: ForkConversationInput!) { forkConversation(input: $input) { conversation { id } } }';
  expect((await world.ask(bert, fork, { input: { messageId } })).code).toBe('NOT_FOUND');
  expect((await world.ask<{ conversations: object }>(bert, '{ conversations { nodes { id } } }')).data).toEqual({
    conversations: { nodes: [] },
  });
  expect(await conversation(anna, 'participants { nodes { userId } } invitations { nodes { user { id } } }')).toEqual({
    participants: { nodes: [{ userId: anna.userId }] },
    invitations: { nodes: [{ user: { id: bert.userId } }] },
  });
});

it('the invited person sees who invites to what, accepts, and takes part', async () => {
  await invite();
  expect(await waiting()).toEqual([
    {
      conversationId,
      title: 'Plans',
      user: { id: bert.userId },
      invitedBy: { id: anna.userId },
      createdAt: expect.any(String),
    },
  ]);
  expect((await accept()).data).toEqual({
    acceptConversationInvitation: { conversation: { id: conversationId, title: 'Plans', viewerRole: 'MEMBER' } },
  });
  expect(await waiting()).toEqual([]);
  // Twice is once, for both.
  expect((await accept()).code).toBeUndefined();
  expect((await invite()).data).toEqual({
    inviteToConversation: { invitation: null, participant: { userId: bert.userId, role: 'MEMBER' } },
  });
  expect(await conversation(anna, 'participants { nodes { userId } } invitations { nodes { user { id } } }')).toEqual({
    participants: { nodes: [{ userId: anna.userId }, { userId: bert.userId }] },
    invitations: { nodes: [] },
  });
  expect(await conversation(bert, 'invitations { nodes { user { id } } }')).toEqual({ invitations: null });
});

it('an invitation that was declined or withdrawn cannot be accepted', async () => {
  await invite();
  expect((await world.ask(bert, DECLINE, { input: { id: conversationId } })).code).toBeUndefined();
  expect((await accept()).code).toBe('NOT_FOUND');
  await invite();
  await world.ask(anna, REMOVE, { input: { id: conversationId, userId: bert.userId } });
  expect(await waiting()).toEqual([]);
  expect((await accept()).code).toBe('NOT_FOUND');
});

it('an invitation is for one person: others can neither accept nor see it', async () => {
  const carl = person();
  await invite();
  expect((await accept(carl)).code).toBe('NOT_FOUND');
  expect(await waiting(carl)).toEqual([]);
  expect((await accept()).code).toBeUndefined();
});

it('parallel invitations and acceptances are one', async () => {
  await Promise.all(Array.from({ length: 5 }, () => invite()));
  expect(await waiting()).toHaveLength(1);
  const answers = await Promise.all(Array.from({ length: 5 }, () => accept()));
  expect(answers.filter(({ code }) => code === undefined).length).toBeGreaterThan(0);
  expect(await conversation(anna, 'participants { nodes { userId } }')).toEqual({
    participants: { nodes: [{ userId: anna.userId }, { userId: bert.userId }] },
  });
});

it('one person does not fill the list of another, and a conversation does not grow without end', async () => {
  const ids = await Promise.all(Array.from({ length: 10 }, () => world.conversation(anna)));
  await Promise.all(ids.map((id) => world.ask(anna, INVITE, { input: { id, userId: bert.userId } })));
  expect(await waiting()).toHaveLength(5);
  const refused = await invite();
  expect(refused).toMatchObject({ code: 'BAD_USER_INPUT', extensions: { argument: 'input.userId' } });
  expect(refused.message).toContain('at most 5');
  for (let n = 0; n < 49; n++) await invite(person());
  const full = await invite(person());
  expect(full).toMatchObject({ code: 'BAD_USER_INPUT', extensions: { argument: 'input.userId' } });
  expect(full.message).toContain('at most 50');
});

it('invitations go with the account that made or got them', async () => {
  await invite();
  const deleted = (userId: string) => ({
    id: randomUUID(),
    type: 'user.deleted' as const,
    version: 1,
    owner: 'auth',
    aggregate: `user:${userId}`,
    payload: { userId, at: new Date().toISOString() },
    recordedAt: new Date(),
  });
  await world.platform.events.publish('auth', [deleted(anna.userId)]);
  await expect.poll(() => waiting()).toEqual([]);
});
