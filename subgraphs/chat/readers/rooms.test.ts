import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { answer } from '#llm/testing/fault-server.ts';
import type { UserIdentity } from '#platform/identity/identity.ts';
import { ChatWorld, person } from '../testing/chat-world.ts';

let world: ChatWorld;
let anna: UserIdentity;
let bert: UserIdentity;
let conversationId: string;
beforeAll(async () => {
  world = await ChatWorld.open();
  await world.addReplica();
  world.provider.behave(answer('Hi'));
});
afterAll(() => world[Symbol.asyncDispose]());
beforeEach(async () => {
  anna = person();
  bert = person();
  conversationId = await world.conversation(anna);
  await world.share(anna, conversationId, bert);
});

const EVENTS = `subscription($id: ID!) { conversationEvents(id: $id) {
  __typename
  ... on MessageCreated { message { id role text author { id } } }
  ... on ReplyStarted { message { id status } }
  ... on ReplyFinished { message { id status text } }
  ... on ConversationUpdated { conversation { title } }
  ... on ConversationDeleted { conversationId }
  ... on ParticipantJoined { participant { userId } }
  ... on ParticipantLeft { userId }
  ... on RoomMembers { members { userId state typing user { id } } }
  ... on RoomMemberChanged { member { userId state typing connections } }
  ... on RoomMemberLeft { userId }
} }`;
const PRESENCE = EVENTS.replace('conversationEvents', 'roomPresence').replace(
  / {2}\.\.\. on (Message|Reply|Conv|Part).*\n/g,
  '',
);

type Event = { __typename: string } & Record<string, unknown>;

/** Events as they come; `until` resolves when one fits. */
function listen(identity: UserIdentity, subscription = EVENTS, replica = 0) {
  const events: Event[] = [];
  const waiting = new Set<() => void>();
  const source = world.subscribe<Record<string, Event>>(identity, subscription, { id: conversationId }, replica);
  const ended = (async () => {
    for await (const data of source) {
      events.push(Object.values(data)[0]!);
      for (const wake of waiting) wake();
    }
  })();
  return {
    events,
    ended,
    leave: () => void source.return(),
    until: async (fits: (event: Event) => boolean): Promise<Event> => {
      for (;;) {
        const found = events.find(fits);
        if (found) return found;
        await new Promise<void>((resolve) => {
          waiting.add(resolve);
        });
      }
    },
  };
}

const is =
  (name: string, more: (event: Event) => boolean = () => true) =>
  (event: Event): boolean =>
    event.__typename === name && more(event);

describe('what happens in a conversation is seen by all who take part, at every replica', () => {
  it('messages with their author, replies from beginning to end', async () => {
    const listening = listen(bert, EVENTS, 1);
    await listening.until(is('RoomMembers'));
    const { messageId, replyId } = await world.exchange(anna, { conversationId, text: 'Hello Bert' });
    await listening.until(is('ReplyFinished'));
    const news = listening.events.filter(({ __typename }) => /^(Message|Reply)/.test(__typename));
    expect(news).toEqual([
      {
        __typename: 'MessageCreated',
        message: { id: messageId, role: 'USER', text: 'Hello Bert', author: { id: anna.userId } },
      },
      {
        __typename: 'MessageCreated',
        message: expect.objectContaining({ id: replyId, role: 'ASSISTANT', author: null }),
      },
      { __typename: 'ReplyStarted', message: expect.objectContaining({ id: replyId }) },
      { __typename: 'ReplyFinished', message: { id: replyId, status: 'COMPLETE', text: 'Hi' } },
    ]);
    expect(await listening.until(is('ConversationUpdated'))).toEqual({
      __typename: 'ConversationUpdated',
      conversation: { title: 'Hello Bert' },
    });
    listening.leave();
  });

  it('a subscription ends when the conversation is deleted, or when one is removed', async () => {
    const listening = listen(bert, EVENTS, 1);
    const owner = listen(anna);
    await Promise.all([listening.until(is('RoomMembers')), owner.until(is('RoomMembers'))]);
    const remove =
      'mutation($input: RemoveFromConversationInput!) { removeFromConversation(input: $input) { conversation { id } } }';
    await world.ask(anna, remove, { input: { id: conversationId, userId: bert.userId } });
    await listening.ended;
    expect(listening.events.at(-1)).toEqual({ __typename: 'ConversationDeleted', conversationId });
    await owner.until(is('ParticipantLeft', ({ userId }) => userId === bert.userId));
    const deletion = 'mutation($input: DeleteConversationInput!) { deleteConversation(input: $input) { deletedId } }';
    await world.ask(anna, deletion, { input: { id: conversationId } });
    await owner.ended;
    expect(owner.events.at(-1)).toEqual({ __typename: 'ConversationDeleted', conversationId });
  });
});

describe('presence', () => {
  it('lives as long as the subscription, and shows state and typing', async () => {
    const listening = listen(anna);
    expect(await listening.until(is('RoomMembers'))).toMatchObject({
      members: [{ userId: anna.userId, state: 'ONLINE' }],
    });
    const other = listen(bert, PRESENCE, 1);
    expect(await other.until(is('RoomMembers'))).toMatchObject({
      members: [{ userId: anna.userId }, { userId: bert.userId }],
    });
    await listening.until(
      is('RoomMemberChanged', ({ member }) => (member as { userId: string }).userId === bert.userId),
    );

    const set = 'mutation($input: SetPresenceInput!) { setPresence(input: $input) { present } }';
    const typing = 'mutation($input: SetTypingInput!) { setTyping(input: $input) { present } }';
    await world.ask(bert, set, { input: { id: conversationId, state: 'BUSY' } });
    await world.ask(bert, typing, { input: { id: conversationId } });
    await listening.until(
      is('RoomMemberChanged', ({ member }) => {
        const { userId, state, typing } = member as { userId: string; state: string; typing: boolean };
        return userId === bert.userId && state === 'BUSY' && typing;
      }),
    );
    const { data } = await world.ask<{ conversation: { present: object[] } }>(
      anna,
      'query($id: ID!) { conversation(id: $id) { present { userId state typing } } }',
      { id: conversationId },
      1,
    );
    expect(data!.conversation.present).toContainEqual({ userId: bert.userId, state: 'BUSY', typing: true });

    other.leave();
    await listening.until(is('RoomMemberLeft', ({ userId }) => userId === bert.userId));
    expect(await world.ask(bert, set, { input: { id: conversationId, state: 'AWAY' } })).toMatchObject({
      data: { setPresence: { present: false } },
    });
    listening.leave();
  });
});
