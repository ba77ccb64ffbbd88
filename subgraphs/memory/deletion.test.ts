import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { MemoryWorld, user } from './testing/memory-world.ts';

type User = ReturnType<typeof user>;
let world: MemoryWorld;
beforeAll(async () => {
  world = await MemoryWorld.open();
});
afterAll(() => world[Symbol.asyncDispose]());

const at = new Date().toISOString();

/** Everything that memory can hold of a user. */
async function fill(who: User, conversationId: string): Promise<void> {
  const [messageId, replyId] = [randomUUID(), randomUUID()];
  const common = { conversationId, userId: who.userId, at };
  await world.tell('message.completed', { ...common, messageId, role: 'USER', text: 'I am allergic to peanuts.' });
  await world.tell('message.completed', {
    ...common,
    messageId: replyId,
    role: 'ASSISTANT',
    text: 'Noted.',
    parentId: messageId,
  });
  await world.ask(who, 'mutation ($input: RememberInput!) { remember(input: $input) { memories { id } } }', {
    input: { memories: [{ text: 'About the conversation', conversationId }, { text: 'About me' }] },
  });
  const set = 'mutation ($input: SetContextInput!) { setContext(input: $input) { context { id } } }';
  await world.ask(who, set, { input: { scope: { scope: 'CONVERSATION', conversationId }, key: 'k', value: 1 } });
  await world.ask(who, set, { input: { scope: { scope: 'USER' }, key: 'k', value: 1 } });
  await world.ask(who, 'mutation ($input: AddDocumentInput!) { addDocument(input: $input) { document { id } } }', {
    input: { title: 'Mine', text: 'My own document.' },
  });
  await world.idle();
  // Messages come into the index when a recall looks through them.
  const recall = 'query ($input: RecallInput!) { recall(input: $input) { tokens } }';
  await world.ask(who, recall, { input: { query: 'peanuts', conversationId } });
}
const rows = async () => ({
  memories: await world.db.memory.count(),
  contexts: await world.db.context.count(),
  documents: await world.db.document.count(),
  passages: await world.db.passage.count(),
  transcript: await world.db.transcriptMessage.count(),
});

it('a deleted conversation takes with it what was said, learned and kept in it, from every index too', async () => {
  const me = user();
  const conversationId = randomUUID();
  await fill(me, conversationId);
  expect(await world.indexed()).toEqual({ memories: 3, messages: 2, knowledge: 1 });
  await world.tell('conversation.deleted', { conversationId, userId: me.userId, at });
  await world.idle();
  expect(await world.indexed()).toEqual({ memories: 1, messages: 0, knowledge: 1 });
  expect(await rows()).toEqual({ memories: 1, contexts: 1, documents: 1, passages: 1, transcript: 0 });
  await world.tell('user.deleted', { userId: me.userId, at });
  await world.idle();
});

it('a deleted message takes along what was learned of it, from every index too; what else was said stays', async () => {
  const me = user();
  const conversationId = randomUUID();
  await fill(me, conversationId);
  const said = await world.db.transcriptMessage.findFirstOrThrow({ where: { conversationId, role: 'USER' } });
  await world.tell('message.deleted', { conversationId, messageId: said.id, at });
  await world.tell('message.deleted', { conversationId, messageId: randomUUID(), at });
  await world.idle();
  expect(await world.indexed()).toEqual({ memories: 2, messages: 1, knowledge: 1 });
  expect(await rows()).toMatchObject({ memories: 2, transcript: 1 });
  await world.tell('user.deleted', { userId: me.userId, at });
  await world.idle();
});

it('a deleted user takes everything along, from every index too; others keep theirs', async () => {
  const [me, other] = [user(), user()];
  await fill(me, randomUUID());
  await fill(other, randomUUID());
  await world.tell('user.deleted', { userId: me.userId, at });
  await world.idle();
  expect(await world.indexed()).toEqual({ memories: 3, messages: 2, knowledge: 1 });
  expect(await rows()).toEqual({ memories: 3, contexts: 2, documents: 1, passages: 1, transcript: 2 });
  expect(await world.db.memory.count({ where: { userId: me.userId } })).toBe(0);
});

it('what is told of a deleted user later is not kept, nor learned from; what is told of others is', async () => {
  const [me, other] = [user(), user()];
  await world.tell('user.deleted', { userId: me.userId, at });
  for (const { userId } of [me, other]) {
    const messageId = randomUUID();
    const common = { conversationId: randomUUID(), userId, at };
    await world.tell('message.completed', { ...common, messageId, role: 'USER', text: 'I am allergic to peanuts.' });
    const reply = { messageId: randomUUID(), role: 'ASSISTANT', text: 'Noted.', parentId: messageId } as const;
    await world.tell('message.completed', { ...common, ...reply });
  }
  await world.idle();
  const kept = async ({ userId }: User) => [
    await world.db.transcriptMessage.count({ where: { userId } }),
    await world.db.memory.count({ where: { userId } }),
  ];
  expect(await kept(me)).toEqual([0, 0]);
  expect(await kept(other)).toEqual([2, 1]);
  await world.tell('user.deleted', { userId: me.userId, at });
  await world.tell('user.deleted', { userId: other.userId, at });
  await world.idle();
});

it('what a user shared stays when they go; administrators decide on it', async () => {
  const [admin, next] = [user(undefined, 'admin'), user(undefined, 'admin')];
  const { data } = await world.ask(
    admin,
    'mutation ($input: AddDocumentInput!) { addDocument(input: $input) { document { id } } }',
    { input: { title: 'For all', text: 'The fire exit is on the left.', access: 'SHARED' } },
  );
  await world.idle();
  await world.tell('user.deleted', { userId: admin.userId, at });
  await world.idle();
  const { id } = data.addDocument.document;
  expect((await world.ask(next, `{ document(id: "${id}") { title } }`)).data.document).toEqual({ title: 'For all' });
  expect(
    (await world.ask(next, `mutation { deleteDocument(input: { id: "${id}" }) { deletedId } }`)).code,
  ).toBeUndefined();
});
