import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { answer } from '#llm/testing/fault-server.ts';
import type { Identity, UserIdentity } from '#platform/identity/identity.ts';
import { ChatWorld, person } from '../testing/chat-world.ts';

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
  world.provider.behave(answer('A reply'));
  conversationId = await world.conversation(anna, { title: 'Plans', systemPrompt: 'A private instruction' });
  await world.share(anna, conversationId, bert);
});

const SHARE = `mutation($input: ShareConversationInput!) {
  shareConversation(input: $input) { share { id messageId title expiresAt } token url }
}`;
const REVOKE = 'mutation($input: RevokeShareInput!) { revokeShare(input: $input) { deletedId } }';
const OPEN = `query($token: String!, $first: Int, $after: String) { sharedConversation(token: $token) {
  title expiresAt messages(first: $first, after: $after) { nodes { role text } pageInfo { hasNextPage endCursor } }
} }`;
type Shared = { shareConversation: { share: { id: string }; token: string; url: string } };
const share = async (input: object = {}) => {
  const { data, message } = await world.ask<Shared>(anna, SHARE, { input: { id: conversationId, ...input } });
  if (!data?.shareConversation) throw new Error(message);
  return data.shareConversation;
};
const anybody = { kind: 'anonymous' } as Identity as UserIdentity;
type Opened = {
  sharedConversation: {
    title: string;
    messages: { nodes: { text: string }[]; pageInfo: { endCursor: string } };
  } | null;
};
const open = (token: string, page: object = {}, replica = 1) =>
  world.ask<Opened>(anybody, OPEN, { token, ...page }, replica);
const texts = async (token: string) =>
  (await open(token)).data!.sharedConversation!.messages.nodes.map(({ text }) => text);

it('anybody with the link reads the branch as it was, without an account, and nothing else', async () => {
  const { messageId } = await world.exchange(anna, { conversationId, text: 'First' });
  const { token, url } = await share();
  expect(url).toMatch(new RegExp(`/shared#${token}$`));
  const opened = await open(token);
  expect(opened.data!.sharedConversation).toEqual({
    title: 'Plans',
    expiresAt: null,
    messages: {
      nodes: [
        { role: 'USER', text: 'First' },
        { role: 'ASSISTANT', text: 'A reply' },
      ],
      pageInfo: { hasNextPage: false, endCursor: expect.any(String) },
    },
  });
  // What is said afterwards, and another branch, is not shown; what is deleted is gone from the link too.
  await world.exchange(anna, { conversationId, text: 'Second' });
  const edit = 'mutation($input: EditMessageInput!) { editMessage(input: $input) { reply { id } } }';
  await world.ask(anna, edit, { input: { id: messageId, clientMessageId: randomUUID(), text: 'Edited' } });
  expect(await texts(token)).toEqual(['First', 'A reply']);
  const remove = 'mutation($input: DeleteMessageInput!) { deleteMessage(input: $input) { deletedId } }';
  await world.ask(anna, remove, { input: { id: messageId } });
  expect(await texts(token)).toEqual(['A reply']);
  // The link opens no other door.
  const { data } = await world.ask(anybody, 'query($id: ID!) { conversation(id: $id) { id } }', { id: conversationId });
  expect(data).toEqual({ conversation: null });
});

it('a title that goes on saying what was deleted is gone from the link, and no link shows a reply to come', async () => {
  const id = await world.conversation(anna);
  const { messageId } = await world.exchange(anna, { conversationId: id, text: 'My PIN is 1234' });
  const { token } = await share({ id });
  const title = async () => (await open(token)).data!.sharedConversation!.title;
  expect(await title()).toContain('PIN');
  const remove = 'mutation($input: DeleteMessageInput!) { deleteMessage(input: $input) { deletedId } }';
  await world.ask(anna, remove, { input: { id: messageId } });
  expect(await title()).toBeNull();
  // A message stands behind a reply that is still being written.
  await world.exchange(anna, { conversationId: id, text: 'Another' });
  await world.db.message.updateMany({ where: { parentId: messageId }, data: { status: 'STREAMING' } });
  expect((await world.ask(anna, SHARE, { input: { id } })).code).toBe('CONFLICT');
  await world.db.message.updateMany({ where: { parentId: messageId }, data: { status: 'COMPLETE' } });
});

it('pages go over what is left out, each message once', async () => {
  for (let n = 0; n < 3; n++) await world.exchange(anna, { conversationId, text: `${n}` });
  const { token } = await share();
  const seen: string[] = [];
  let after: string | undefined;
  for (let page = 0; page < 3; page++) {
    const { messages } = (await open(token, { first: 2, after })).data!.sharedConversation!;
    seen.push(...messages.nodes.map(({ text }) => text));
    after = messages.pageInfo.endCursor;
  }
  expect(seen).toEqual(['0', 'A reply', '1', 'A reply', '2', 'A reply']);
  expect((await open(token, { first: 201 })).code).toBe('BAD_USER_INPUT');
});

it('revoked, expired, wrong and deleted look the same, at every replica at once', async () => {
  await world.exchange(anna, { conversationId });
  const { share: made, token } = await share();
  expect((await open(token)).code).toBeUndefined();
  await world.ask(bert, REVOKE, { input: { id: made.id } });
  expect((await open(token)).code).toBeUndefined();
  await world.ask(anna, REVOKE, { input: { id: made.id } });
  const answers = [await open(token, {}, 0), await open(token, {}, 1), await open('wrong'), await open('')];
  const soon = await share({ expiresAt: new Date(Date.now() + 60_000).toISOString() });
  await world.db.share.update({ where: { id: soon.share.id }, data: { expiresAt: new Date(Date.now() - 1000) } });
  answers.push(await open(soon.token));
  const gone = await share();
  await world.ask(
    anna,
    'mutation($input: DeleteConversationInput!) { deleteConversation(input: $input) { deletedId } }',
    {
      input: { id: conversationId },
    },
  );
  answers.push(await open(gone.token));
  expect(new Set(answers.map(({ code, message }) => `${code} ${message}`)).size).toBe(1);
  expect(answers[0]!.code).toBe('NOT_FOUND');
});

it('only the owner shares and sees the links; the secret is kept nowhere; there is a limit', async () => {
  expect((await world.ask(anna, SHARE, { input: { id: conversationId } })).code).toBe('BAD_USER_INPUT');
  await world.exchange(anna, { conversationId });
  expect((await world.ask(bert, SHARE, { input: { id: conversationId } })).code).toBe('FORBIDDEN');
  expect((await world.ask(person(), SHARE, { input: { id: conversationId } })).code).toBe('NOT_FOUND');
  const past = new Date(Date.now() - 1000).toISOString();
  expect((await world.ask(anna, SHARE, { input: { id: conversationId, expiresAt: past } })).code).toBe(
    'BAD_USER_INPUT',
  );
  const { token } = await share();
  const [row] = await world.db.$queryRaw<{ all: string }[]>`SELECT json_agg(s)::text AS all FROM shares s`;
  expect(row!.all).not.toContain(token);
  const LINKS = 'query($id: ID!) { conversation(id: $id) { shares { totalCount } } }';
  expect((await world.ask(anna, LINKS, { id: conversationId })).data).toEqual({
    conversation: { shares: { totalCount: 1 } },
  });
  expect((await world.ask(bert, LINKS, { id: conversationId })).data).toEqual({ conversation: { shares: null } });
  for (let n = 0; n < 19; n++) await share();
  expect((await world.ask(anna, SHARE, { input: { id: conversationId } })).message).toContain('at most 20');
});
