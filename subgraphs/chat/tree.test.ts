import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { answer, stall } from '#llm/testing/fault-server.ts';
import type { UserIdentity } from '#platform/identity/identity.ts';
import { ChatWorld, person } from './testing/chat-world.ts';
import { messagesByIds, messagesTo, wayTo } from './tree.ts';

let world: ChatWorld;
let anna: UserIdentity;
let conversationId: string;
let replies = 0;
beforeAll(async () => {
  world = await ChatWorld.open();
});
afterAll(() => world[Symbol.asyncDispose]());
beforeEach(async () => {
  anna = person();
  conversationId = await world.conversation(anna);
  world.provider.behave((request, response) => answer(`reply ${++replies}`)(request, response));
  replies = 0;
});

const BRANCH = `query($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {
  conversation(id: $id) {
    messageCount
    activeLeaf { text }
    messages(first: $first, after: $after, last: $last, before: $before) {
      totalCount
      nodes { id text role active siblingIndex siblingCount }
      edges { cursor node { id } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
}`;

interface Branch {
  readonly conversation: {
    readonly messageCount: number;
    readonly activeLeaf: { text: string } | null;
    readonly messages: {
      readonly totalCount: number;
      readonly nodes: { id: string; text: string; siblingIndex: number; siblingCount: number; active: boolean }[];
      readonly pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string; endCursor: string };
    };
  };
}

const branch = async (page: Record<string, unknown> = {}) =>
  (await world.ask<Branch>(anna, BRANCH, { id: conversationId, ...page })).data!.conversation;
const texts = async () => (await branch()).messages.nodes.map(({ text }) => text);

const edit = async (messageId: string, text: string) => {
  const { data, message } = await world.ask<{ editMessage: { message: { id: string }; reply: { id: string } } }>(
    anna,
    'mutation($input: EditMessageInput!) { editMessage(input: $input) { message { id } reply { id } } }',
    { input: { id: messageId, clientMessageId: randomUUID(), text } },
  );
  if (!data) throw new Error(message);
  await world.readReply(anna, data.editMessage.reply.id);
  return data.editMessage;
};
const regenerate = (messageId: string, clientMessageId: string = randomUUID(), who = anna) =>
  world.ask<{ regenerateReply: { reply: { id: string } } }>(
    who,
    'mutation($input: RegenerateReplyInput!) { regenerateReply(input: $input) { reply { id } } }',
    { input: { id: messageId, clientMessageId } },
  );
const choose = (messageId: string) =>
  world.ask(anna, 'mutation($input: ChooseBranchInput!) { chooseBranch(input: $input) { conversation { id } } }', {
    input: { messageId },
  });

it('a branch that is chosen while a message is sent to it ends with that message', async () => {
  const { messageId } = await world.exchange(anna, { conversationId, text: 'one' });
  for (let n = 0; n < 10; n++) {
    const [sent] = await Promise.all([
      world.send(anna, { conversationId, text: 'more', reply: false }),
      choose(messageId),
      choose(messageId),
    ]);
    const { activeLeafId } = await world.db.conversation.findUniqueOrThrow({ where: { id: conversationId } });
    expect(activeLeafId).toBe(sent.data!.sendMessage.message.id);
  }
});

describe('nothing is overwritten', () => {
  it('editing adds a sibling with its own reply and makes it the active branch', async () => {
    const first = await world.exchange(anna, { conversationId, text: 'one' });
    await world.exchange(anna, { conversationId, text: 'two' });
    const edited = await edit(first.messageId, 'ONE');
    expect(await texts()).toEqual(['ONE', 'reply 3']);
    const { messages, messageCount } = await branch();
    expect(messageCount).toBe(6);
    expect(messages.nodes[0]).toMatchObject({ id: edited.message.id, siblingIndex: 1, siblingCount: 2, active: true });
    const old = await world.ask<{ message: object }>(
      anna,
      'query($id: ID!) { message(id: $id) { text active children { nodes { text } } siblings { nodes { text } totalCount } previousSiblingId nextSiblingId } }',
      {
        id: first.messageId,
      },
    );
    expect(old.data!.message).toEqual({
      text: 'one',
      active: false,
      children: { nodes: [{ text: 'reply 1' }] },
      siblings: { nodes: [{ text: 'one' }, { text: 'ONE' }], totalCount: 2 },
      previousSiblingId: null,
      nextSiblingId: edited.message.id,
    });
  });

  it('regenerating adds a reply beside the old one; the same id once', async () => {
    const { replyId } = await world.exchange(anna, { conversationId, text: 'ask' });
    const clientMessageId = randomUUID();
    const again = await Promise.all([regenerate(replyId, clientMessageId), regenerate(replyId, clientMessageId)]);
    const [newId, ...others] = new Set(again.map(({ data }) => data!.regenerateReply.reply.id));
    expect(others).toEqual([]);
    await world.readReply(anna, newId!);
    expect(await texts()).toEqual(['ask', 'reply 2']);
    expect((await world.db.message.findUniqueOrThrow({ where: { id: replyId } })).text).toBe('reply 1');
  });

  it('a branch that is read by one statement is as Prisma reads its messages', async () => {
    const { db } = world;
    const first = await world.exchange(anna, { conversationId, text: 'one' });
    const second = await world.exchange(anna, { conversationId, text: 'two' });
    const path = await wayTo(db, second.replyId, 10);
    expect(path).toContain(first.messageId);
    expect(await messagesTo(db, second.replyId, 10)).toEqual(await messagesByIds(db, path));
    expect(await messagesTo(db, second.replyId, 2)).toHaveLength(2);
  });

  it('the model is asked with the branch that it replies to, and nothing of the others', async () => {
    const first = await world.exchange(anna, { conversationId, text: 'one' });
    await world.exchange(anna, { conversationId, text: 'two' });
    await world.exchange(anna, { conversationId, text: 'TWO', parentId: first.replyId });
    const { messages } = world.provider.seen.at(-1)!.body as { messages: { role: string; content: string }[] };
    expect(messages.map(({ role, content }) => [role, content])).toEqual([
      ['user', 'one'],
      ['assistant', 'reply 1'],
      ['user', 'TWO'],
    ]);
  });
});

describe('branches are chosen, and remembered', () => {
  it('a branch that is chosen again is as it was left, to its leaf', async () => {
    const first = await world.exchange(anna, { conversationId, text: 'one' });
    const second = await world.exchange(anna, { conversationId, text: 'two' });
    await edit(second.messageId, 'TWO');
    await edit(first.messageId, 'ONE');
    expect(await texts()).toEqual(['ONE', 'reply 4']);
    await choose(first.messageId);
    expect(await texts()).toEqual(['one', 'reply 1', 'TWO', 'reply 3']);
    expect((await branch()).activeLeaf).toEqual({ text: 'reply 3' });
    await choose(second.replyId);
    expect(await texts()).toEqual(['one', 'reply 1', 'two', 'reply 2']);
  });

  it('what is sent without a parent follows the active branch; null begins again', async () => {
    const first = await world.exchange(anna, { conversationId, text: 'one' });
    await edit(first.messageId, 'ONE');
    await choose(first.messageId);
    await world.exchange(anna, { conversationId, text: 'more' });
    expect(await texts()).toEqual(['one', 'reply 1', 'more', 'reply 3']);
    await world.exchange(anna, { conversationId, text: 'fresh', parentId: null });
    expect(await texts()).toEqual(['fresh', 'reply 4']);
  });
});

it('a message sent while a reply is written waits for it, and the model sees both', async () => {
  world.provider.script(answer(['slow', ' reply'], { gapMs: 200 }), answer('second reply'));
  const one = (await world.send(anna, { conversationId, text: 'one' })).data!.sendMessage.reply!;
  const two = (await world.send(anna, { conversationId, text: 'two' })).data!.sendMessage.reply!;
  expect(await world.readReply(anna, two.id)).toMatchObject({ text: 'second reply' });
  expect((await world.readReply(anna, one.id)).text).toBe('slow reply');
  const { messages } = world.provider.seen.at(-1)!.body as { messages: { content: string }[] };
  expect(messages.map(({ content }) => content)).toEqual(['one', 'slow reply', 'two']);
});

describe('the active branch is read in pages from either end', () => {
  beforeEach(async () => {
    for (const text of ['a', 'b', 'c', 'd', 'e']) await world.send(anna, { conversationId, text, reply: false });
  });

  it('from its end, as a chat window does', async () => {
    const latest = (await branch({ last: 2 })).messages;
    expect(latest).toMatchObject({ totalCount: 5, pageInfo: { hasPreviousPage: true, hasNextPage: false } });
    expect(latest.nodes.map(({ text }) => text)).toEqual(['d', 'e']);
    const earlier = (await branch({ last: 4, before: latest.pageInfo.startCursor })).messages;
    expect(earlier.nodes.map(({ text }) => text)).toEqual(['a', 'b', 'c']);
    expect(earlier.pageInfo).toMatchObject({ hasPreviousPage: false, hasNextPage: true });
  });

  it('from its beginning', async () => {
    const start = (await branch({ first: 2 })).messages;
    expect(start.nodes.map(({ text }) => text)).toEqual(['a', 'b']);
    expect(start.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
    const rest = (await branch({ first: 10, after: start.pageInfo.endCursor })).messages;
    expect(rest.nodes.map(({ text }) => text)).toEqual(['c', 'd', 'e']);
    expect(rest.pageInfo.hasNextPage).toBe(false);
  });

  it('a cursor that is none, sizes that are none and both ends at once are refused', async () => {
    const ask = (page: Record<string, unknown>) => world.ask(anna, BRANCH, { id: conversationId, ...page });
    const other = (await world.ask<Branch>(anna, BRANCH, { id: conversationId, last: 1 })).data!.conversation.messages
      .pageInfo.endCursor;
    const elsewhere = await world.conversation(anna);
    for (const [page, argument] of [
      [{ first: 1, after: 'nonsense' }, 'after'],
      [{ last: 1, before: Buffer.from('["branch","x"]').toString('base64url') }, 'before'],
      [{ first: 0 }, 'first'],
      [{ last: 201 }, 'last'],
      [{ first: 1, last: 1 }, 'last'],
    ] as const) {
      expect(await ask(page)).toMatchObject({ code: 'BAD_USER_INPUT', extensions: { argument } });
    }
    const wrong = await world.ask(anna, BRANCH, { id: elsewhere, first: 1, after: other });
    expect(wrong).toMatchObject({ code: 'BAD_USER_INPUT', extensions: { argument: 'after' } });
  });
});

it('a fork takes the way to a message along and nothing else', async () => {
  const first = await world.exchange(anna, { conversationId, text: 'one' });
  await world.exchange(anna, { conversationId, text: 'two' });
  const { data } = await world.ask<{ forkConversation: { conversation: Record<string, unknown> } }>(
    anna,
    `mutation($input: ForkConversationInput!) { forkConversation(input: $input) {
      conversation { id title forkedFromMessageId messageCount messages { nodes { text status } } } } }`,
    { input: { messageId: first.replyId, title: 'Another way' } },
  );
  expect(data!.forkConversation.conversation).toMatchObject({
    title: 'Another way',
    forkedFromMessageId: first.replyId,
    messageCount: 2,
    messages: {
      nodes: [
        { text: 'one', status: 'COMPLETE' },
        { text: 'reply 1', status: 'COMPLETE' },
      ],
    },
  });
  const forkId = data!.forkConversation.conversation['id'] as string;
  expect((await world.exchange(anna, { conversationId: forkId, text: 'on' })).text).toBe('reply 3');
  expect((await branch()).messageCount).toBe(4);
});

/** Stores a branch of so many messages of a person and replies in turns, and returns the ids. */
async function longBranch(count: number, text: string): Promise<string[]> {
  const ids = Array.from({ length: count }, () => randomUUID());
  await world.db.$executeRaw`
    INSERT INTO messages (id, conversation_id, parent_id, depth, role, status, text, completed_at)
    SELECT id::uuid, ${conversationId}::uuid, lag(id) OVER (ORDER BY n)::uuid, n - 1,
      CASE WHEN n % 2 = 1 THEN 'USER'::"MessageRole" ELSE 'ASSISTANT' END, 'COMPLETE', n || ' ' || ${text}, now()
    FROM unnest(${ids}::text[]) WITH ORDINALITY AS ids(id, n)`;
  return ids;
}

const FORK = `mutation($input: ForkConversationInput!) { forkConversation(input: $input) {
  conversation { id messageCount first: messages(first: 1) { nodes { text role } } activeLeaf { text } } } }`;
interface Forked {
  readonly forkConversation: {
    readonly conversation: {
      readonly id: string;
      readonly messageCount: number;
      readonly first: { readonly nodes: readonly { readonly text: string; readonly role: string }[] };
      readonly activeLeaf: { readonly text: string };
    };
  };
}

it('a fork of a branch that is longer than it may be begins with what a person said', async () => {
  const ids = await longBranch(5_003, 'words');
  // The latest 5,000 begin with a reply.
  const { data, message } = await world.ask<Forked>(anna, FORK, { input: { messageId: ids.at(-1)! } });
  expect(message).toBeUndefined();
  const { conversation } = data!.forkConversation;
  expect(conversation).toMatchObject({
    messageCount: 4_999,
    first: { nodes: [{ text: '5 words', role: 'USER' }] },
    activeLeaf: { text: '5003 words' },
  });
  expect((await world.exchange(anna, { conversationId: conversation.id, text: 'on' })).text).toMatch(/^reply/);
  const copies = await world.db.message.findMany({
    where: { conversationId: conversation.id },
    orderBy: { depth: 'asc' },
    select: { id: true, parentId: true, activeChildId: true, depth: true },
  });
  expect(copies).toHaveLength(5_001);
  for (const [n, { parentId, activeChildId, depth }] of copies.entries()) {
    expect([parentId, activeChildId, depth]).toEqual([copies[n - 1]?.id ?? null, copies[n + 1]?.id ?? null, n]);
  }
}, 60_000);

it('a fork takes no more text along than it has room for', async () => {
  const ids = await longBranch(90, 'lorem ipsum '.repeat(10_000));
  const { data, message } = await world.ask<Forked>(anna, FORK, { input: { messageId: ids.at(-1)! } });
  expect(message).toBeUndefined();
  const { conversation } = data!.forkConversation;
  // 69 of 120 KB have room, and the first of these is a person's.
  expect(conversation.messageCount).toBe(68);
  expect(conversation.first.nodes[0]).toMatchObject({ role: 'USER', text: expect.stringMatching(/^23 lorem/) });
}, 60_000);

it('a fork at a reply that is still being written is a conflict', async () => {
  world.provider.behave(stall('so far'));
  const { reply } = (await world.send(anna, { conversationId })).data!.sendMessage;
  const fork = 'mutation($input: ForkConversationInput!) { forkConversation(input: $input) { conversation { id } } }';
  expect((await world.ask(anna, fork, { input: { messageId: reply!.id } })).code).toBe('CONFLICT');
});

it('only its author edits a message, and replies are regenerated, not edited', async () => {
  const bert = person();
  await world.share(anna, conversationId, bert);
  const { messageId, replyId } = await world.exchange(anna, { conversationId, text: 'mine' });
  const mutation = 'mutation($input: EditMessageInput!) { editMessage(input: $input) { message { id } } }';
  const input = { clientMessageId: randomUUID(), text: 'yours' };
  expect((await world.ask(bert, mutation, { input: { ...input, id: messageId } })).code).toBe('FORBIDDEN');
  expect((await world.ask(anna, mutation, { input: { ...input, id: replyId } })).code).toBe('BAD_USER_INPUT');
  expect((await regenerate(messageId)).code).toBe('BAD_USER_INPUT');
  expect((await regenerate(replyId, randomUUID(), bert)).code).toBeUndefined();
});
