import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { answer } from '#llm/testing/fault-server.ts';
import type { UserIdentity } from '#platform/identity/identity.ts';
import { ACCEPT, ChatWorld, INVITE, person } from '../testing/chat-world.ts';
import { CONVERSATION_NEWS, MARK, Reader, unreadOf, VIEWER, type ViewerNews } from '../testing/reader.ts';

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

const REMOVE = `mutation($input: RemoveFromConversationInput!) {
  removeFromConversation(input: $input) { conversation { id } }
}`;
const mark = (who: UserIdentity, messageId?: string, replica = 0) =>
  world.ask(who, MARK, { input: { id: conversationId, messageId } }, replica);
const unread = (who: UserIdentity) => unreadOf(world, who, conversationId);
const quiet = (text: string) => ({ conversationId, text, reply: false });

describe('what is unread', () => {
  it('is what others wrote and replies that ended since the mark, at every replica; who sends has read', async () => {
    expect(await unread(bert)).toEqual({ unreadCount: 0, lastReadMessageId: null });
    const { messageId, replyId } = await world.exchange(anna, { conversationId });
    expect(await unread(bert)).toEqual({ unreadCount: 2, lastReadMessageId: null });
    expect(await unread(anna)).toEqual({ unreadCount: 1, lastReadMessageId: messageId });
    await mark(bert, messageId, 1);
    expect(await unread(bert)).toEqual({ unreadCount: 1, lastReadMessageId: messageId });
    await mark(bert, replyId);
    // A mark never goes back, whichever device is late.
    await mark(bert, messageId);
    expect(await unread(bert)).toEqual({ unreadCount: 0, lastReadMessageId: replyId });
    const sent = await world.send(bert, quiet('Here'), 1);
    expect(await unread(anna)).toMatchObject({ unreadCount: 2 });
    expect(await unread(bert)).toEqual({ unreadCount: 0, lastReadMessageId: sent.data!.sendMessage.message.id });
    await mark(anna);
    expect(await unread(anna)).toEqual({ unreadCount: 0, lastReadMessageId: sent.data!.sendMessage.message.id });
  });

  it('a hundred messages at both replicas at once, read meanwhile, leave no wrong count', async () => {
    await Promise.all(
      Array.from({ length: 60 }, async (_, n) => {
        await world.send(anna, quiet(`${n}`), n % 2);
        if (n % 7 === 0) await mark(bert, undefined, n % 2);
      }),
    );
    const counted = (await unread(bert)).unreadCount;
    const numbers = await world.db.message.findMany({ where: { conversationId }, orderBy: { arrival: 'asc' } });
    expect(numbers.map(({ arrival }) => arrival)).toEqual(Array.from({ length: 60 }, (_, n) => n + 1));
    const { lastRead } = await world.db.participant.findFirstOrThrow({
      where: { conversationId, userId: bert.userId },
    });
    expect(counted).toBe(60 - lastRead);
    await mark(bert);
    expect((await unread(bert)).unreadCount).toBe(0);
  });

  it('counts neither what was before one came, nor what was deleted; strangers mark nothing', async () => {
    const sent = await world.send(anna, quiet('Early'));
    const carl = person();
    await world.share(anna, conversationId, carl);
    expect((await unread(carl)).unreadCount).toBe(0);
    await world.send(anna, quiet('Late'));
    expect((await unread(carl)).unreadCount).toBe(1);
    expect((await unread(bert)).unreadCount).toBe(2);
    const remove = 'mutation($input: DeleteMessageInput!) { deleteMessage(input: $input) { deletedId } }';
    await world.ask(anna, remove, { input: { id: sent.data!.sendMessage.message.id } });
    expect((await unread(bert)).unreadCount).toBe(1);
    expect((await mark(person())).code).toBe('NOT_FOUND');
    expect((await mark(bert, randomUUID())).code).toBe('NOT_FOUND');
    const other = await world.conversation(bert);
    const foreign = await world.send(bert, { conversationId: other, text: 'x', reply: false });
    expect((await mark(bert, foreign.data!.sendMessage.message.id)).code).toBe('NOT_FOUND');
  });

  it('is a filter of the list', async () => {
    const other = await world.conversation(bert);
    await world.send(anna, quiet('News'));
    const LIST = 'query($unread: Boolean) { conversations(unread: $unread) { nodes { id } totalCount } }';
    const list = async (value?: boolean) =>
      (await world.ask<{ conversations: object }>(bert, LIST, { unread: value })).data!.conversations;
    expect(await list(true)).toEqual({ nodes: [{ id: conversationId }], totalCount: 1 });
    expect(await list(false)).toEqual({ nodes: [{ id: other }], totalCount: 1 });
    expect(await list()).toMatchObject({ totalCount: 2 });
  });

  it('is a filter of the list of thousands, too', async () => {
    const [many, carl] = [10_050, person()];
    const read = await world.conversation(carl);
    await world.db.$executeRaw`
      WITH made AS (
        INSERT INTO conversations (id, owner_id, arrivals)
        SELECT gen_random_uuid(), ${carl.userId}::uuid, 1 FROM generate_series(1, ${many}) RETURNING id
      ), said AS (
        INSERT INTO messages (id, conversation_id, depth, arrival, role, status, text)
        SELECT gen_random_uuid(), id, 0, 1, 'USER', 'COMPLETE', 'News' FROM made
      )
      INSERT INTO participants (conversation_id, user_id, role) SELECT id, ${carl.userId}::uuid, 'OWNER' FROM made`;
    const LIST = `query($unread: Boolean, $orderBy: ConversationOrder!) {
      conversations(unread: $unread, orderBy: $orderBy) { nodes { id } totalCount pageInfo { hasNextPage } } }`;
    for (const orderBy of ['LAST_ACTIVITY', 'CREATED']) {
      const list = async (unread: boolean) =>
        (await world.ask<{ conversations: object }>(carl, LIST, { unread, orderBy })).data!.conversations;
      expect(await list(false)).toEqual({
        nodes: [{ id: read }],
        totalCount: 1,
        pageInfo: { hasNextPage: false },
      });
      expect(await list(true)).toMatchObject({ totalCount: 10_000, pageInfo: { hasNextPage: true } });
    }
  }, 60_000);
});

describe('a user’s own news', () => {
  const follow = (who: UserIdentity, after?: string, replica = 1) =>
    new Reader<ViewerNews>(world.subscribe(who, VIEWER, { after }, replica), 'viewerEvents');

  it('begins at once with a cursor, and tells of conversations, marks and invitations of other devices', async () => {
    const reading = follow(bert);
    expect(await reading.next()).toMatchObject({ cursor: expect.any(String), reset: false, changed: [] });
    const own = await world.conversation(bert);
    expect(await reading.next()).toMatchObject({ added: [{ id: own }], changed: [], removed: [], invitations: null });
    await world.send(anna, quiet('Hello'));
    expect(await reading.next()).toMatchObject({ added: [], changed: [{ id: conversationId, unreadCount: 1 }] });
    await mark(bert);
    expect(await reading.next()).toMatchObject({ changed: [{ id: conversationId, unreadCount: 0 }] });
    const third = await world.conversation(anna);
    await world.ask(anna, INVITE, { input: { id: third, userId: bert.userId } });
    expect(await reading.next()).toMatchObject({ invitations: { nodes: [{ conversationId: third }] }, changed: [] });
    await world.ask(bert, ACCEPT, { input: { id: third } });
    expect(await reading.next()).toMatchObject({ invitations: { nodes: [] }, added: [{ id: third }] });
    await world.ask(anna, REMOVE, { input: { id: third, userId: bert.userId } });
    expect(await reading.next()).toMatchObject({ removed: [third], added: [], invitations: null });
    const rename =
      'mutation($input: RenameConversationInput!) { renameConversation(input: $input) { conversation { id } } }';
    await world.ask(anna, rename, { input: { id: conversationId, title: 'Plans' } });
    expect(await reading.next()).toMatchObject({ changed: [{ id: conversationId, title: 'Plans' }] });
    const deletion = 'mutation($input: DeleteConversationInput!) { deleteConversation(input: $input) { deletedId } }';
    await world.ask(anna, deletion, { input: { id: conversationId } });
    expect(await reading.next()).toMatchObject({ removed: [conversationId] });
    reading.leave();
  });

  it('goes on where it was: what happened meanwhile comes once, as it is now', async () => {
    const first = follow(bert);
    const { cursor } = await first.next();
    first.leave();
    await world.exchange(anna, { conversationId });
    const [one, two] = [await world.conversation(bert), await world.conversation(bert)];
    const deletion = 'mutation($input: DeleteConversationInput!) { deleteConversation(input: $input) { deletedId } }';
    await world.ask(bert, deletion, { input: { id: two } });
    const second = follow(bert, cursor, 0);
    const caughtUp = await second.next();
    expect(caughtUp).toMatchObject({
      added: [{ id: one }],
      changed: [{ id: conversationId, unreadCount: 2 }],
      removed: [two],
    });
    second.leave();
    const third = follow(bert, caughtUp.cursor);
    expect(await third.next()).toMatchObject({ reset: false, added: [], changed: [], removed: [], invitations: null });
    third.leave();
  });

  it('a reader that is cut again and again, while two replicas write, misses nothing and gets nothing twice', async () => {
    const made = (async () => {
      const ids: string[] = [];
      for (let n = 0; n < 30; n++) ids.push(await world.conversation(bert));
      return ids;
    })();
    let cursor: string | undefined;
    const added: string[] = [];
    let isDone = false;
    void made.then(() => {
      isDone = true;
    });
    for (let round = 0; ; round++) {
      const wasDone = isDone;
      const reading = follow(bert, cursor ?? undefined, round % 2);
      const event = await reading.next();
      reading.leave();
      expect(event.reset).toBe(false);
      // The first one of all says where to begin.
      if (cursor !== undefined) added.push(...event.added.map(({ id }) => id));
      else
        added.push(
          ...(await world.db.participant.findMany({ where: { userId: bert.userId } })).map((row) => row.conversationId),
        );
      cursor = event.cursor;
      if (wasDone) break;
    }
    const ids = await made;
    expect(new Set(added).size).toBeGreaterThanOrEqual(ids.length);
    expect(ids.filter((id) => !added.includes(id))).toEqual([]);
  });

  it('more than can be told one by one is a reset; a cursor that is none is refused; nothing of others is told', async () => {
    const first = follow(bert);
    const { cursor } = await first.next();
    first.leave();
    for (let n = 0; n < 101; n++) await world.conversation(bert);
    const second = follow(bert, cursor);
    expect(await second.next()).toMatchObject({ reset: true, added: [], changed: [] });
    second.leave();
    await expect(follow(bert, 'nonsense').next()).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    const forged = Buffer.from(JSON.stringify(['viewer', '1', '5:2:9', 1])).toString('base64url');
    await expect(follow(bert, forged).next()).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    const stranger = follow(person(), cursor);
    expect(await stranger.next()).toMatchObject({ added: [], changed: [], removed: [], invitations: null });
    stranger.leave();
  });
});

describe('conversationEvents with a cursor', () => {
  type News = { __typename: string; cursor?: string; message?: { id: string } };
  const follow = (after?: string, replica = 1) =>
    new Reader<News>(
      world.subscribe(bert, CONVERSATION_NEWS, { id: conversationId, after }, replica),
      'conversationEvents',
    );

  it('begins with what arrived since, each once and in its order', async () => {
    const first = follow();
    const { cursor } = await first.until(({ __typename }) => __typename === 'RoomMembers');
    first.leave();
    const one = await world.exchange(anna, { conversationId });
    const two = await world.send(bert, quiet('Two'), 1);
    await world.ask(anna, 'mutation($input: DeleteMessageInput!) { deleteMessage(input: $input) { deletedId } }', {
      input: { id: one.messageId },
    });
    const second = follow(cursor, 0);
    const last = await second.until(({ __typename }) => __typename === 'ConversationUpdated');
    expect(second.events.map(({ __typename, message }) => [__typename, message?.id])).toEqual([
      ['ReplyFinished', one.replyId],
      ['MessageCreated', two.data!.sendMessage.message.id],
      ['MessageUpdated', one.messageId],
      ['ConversationUpdated', undefined],
    ]);
    second.leave();
    const third = follow(last.cursor);
    await third.until(({ __typename }) => __typename === 'RoomMembers');
    expect(third.events.filter(({ message }) => message)).toEqual([]);
    third.leave();
  });

  it('a reader that is cut in the middle of a flood gets every message once, in the order of all', async () => {
    const first = follow();
    let { cursor } = await first.until(({ __typename }) => __typename === 'RoomMembers');
    first.leave();
    const flood = Promise.all(Array.from({ length: 40 }, (_, n) => world.send(anna, quiet(`${n}`), n % 2)));
    const seen: string[] = [];
    for (let round = 0; seen.length < 40; round++) {
      const reading = follow(cursor, round % 2);
      for (let n = 0; n < 7 && seen.length < 40; n++) {
        const event = await reading.next();
        cursor = event.cursor ?? cursor;
        if (event.message) seen.push(event.message.id);
      }
      reading.leave();
    }
    await flood;
    const rows = await world.db.message.findMany({ where: { conversationId }, orderBy: { arrival: 'asc' } });
    expect(seen).toEqual(rows.map(({ id }) => id));
  });

  it('refuses the cursor of another conversation', async () => {
    const other = await world.conversation(bert);
    const elsewhere = new Reader<News>(world.subscribe(bert, CONVERSATION_NEWS, { id: other }), 'conversationEvents');
    const { cursor } = await elsewhere.until(({ __typename }) => __typename === 'RoomMembers');
    elsewhere.leave();
    await expect(follow(cursor).next()).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  });
});
