import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { answer } from '#llm/testing/fault-server.ts';
import type { UserIdentity } from '#platform/identity/identity.ts';
import type { ChatParts } from '../parts.ts';
import { ChatWorld, person } from '../testing/chat-world.ts';
import { conversationEvents } from './rooms.ts';

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

describe('a conversation that is opened', () => {
  /**
   * Opens conversations where every answer of a store is what the test says.
   *
   * @param find looks a conversation up. @param read subscribes to its news, which does not come to its end.
   */
  function opened(find: (id: string) => Promise<object | null>, read: (id: string) => void = () => {}) {
    const chat = {
      db: { conversation: { findFirst: ({ where }: { where: { id: string } }) => find(where.id) } },
      topics: {
        read: (id: string) => {
          read(id);
          return new Promise(() => {});
        },
      },
    } as unknown as ChatParts;
    return (id: string, signal = new AbortController().signal, userId: string = randomUUID()) =>
      conversationEvents(chat, { userId, conversationId: id, state: 'ONLINE' }, signal).next();
  }
  const ids = (count: number) => Array.from({ length: count }, () => randomUUID());
  const found = (id: string) => ({ id, arrivals: 0 });

  it('costs no subscription where one takes no part', async () => {
    const read: string[] = [];
    const open = opened(
      async () => null,
      (id) => read.push(id),
    );
    await expect(open(randomUUID())).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(open('none')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(read).toEqual([]);
  });

  it('keeps no other waiting while its subscription does not come, nor a client that leaves', async () => {
    const read: string[] = [];
    const open = opened(
      async (id) => found(id),
      (id) => read.push(id),
    );
    const leaving = new AbortController();
    const all = ids(20).map((id) => open(id, leaving.signal));
    await expect.poll(() => read.length).toBe(20);
    leaving.abort(new Error('gone'));
    for (const one of all) await expect(one).rejects.toThrow('gone');
  });

  it('waits for its turn, people by turns, until the client leaves', async () => {
    const asked: string[] = [];
    const answers: (() => void)[] = [];
    const open = opened((id) => {
      asked.push(id);
      return new Promise((resolve) => answers.push(() => resolve(null)));
    });
    const [own, other, left] = [ids(8), randomUUID(), randomUUID()];
    const leaving = new AbortController();
    const eager = randomUUID();
    const all = own.map((id) => open(id, undefined, eager));
    const gone = open(left, leaving.signal);
    all.push(open(other));
    const ends = Promise.allSettled(all);
    leaving.abort(new Error('gone'));
    await expect(gone).rejects.toThrow('gone');
    for (let answered = 0; answered < all.length; answered++) {
      await expect.poll(() => answers.length).toBeGreaterThan(answered);
      answers[answered]!();
    }
    await ends;
    expect(asked).not.toContain(left);
    expect(asked.indexOf(other)).toBeLessThan(asked.indexOf(own.at(-1)!));
  });

  it('is unknown to who was removed while it was opened', async () => {
    let looks = 0;
    const chat = {
      db: { conversation: { findFirst: async () => (looks++ === 0 ? found('') : null) } },
      topics: { read: async () => [] },
    } as unknown as ChatParts;
    const visit = { userId: anna.userId, conversationId, state: 'ONLINE' } as const;
    const events = conversationEvents(chat, visit, new AbortController().signal);
    await expect(events.next()).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
