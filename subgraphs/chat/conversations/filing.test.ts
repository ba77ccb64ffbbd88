import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { UserIdentity } from '#platform/identity/identity.ts';
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
  conversationId = await world.conversation(anna);
  await world.share(anna, conversationId, bert);
});

const CREATE = 'mutation($input: CreateFolderInput!) { createFolder(input: $input) { folder { id name } } }';
const RENAME = 'mutation($input: RenameFolderInput!) { renameFolder(input: $input) { folder { id name } } }';
const DELETE = 'mutation($input: DeleteFolderInput!) { deleteFolder(input: $input) { deletedId } }';
const MOVE =
  'mutation($input: MoveConversationInput!) { moveConversation(input: $input) { conversation { folder { name } } } }';
const TAG = 'mutation($input: TagConversationInput!) { tagConversation(input: $input) { conversation { tags } } }';
const LIST = `query($folderId: ID, $inFolder: Boolean, $tag: String) {
  conversations(folderId: $folderId, inFolder: $inFolder, tag: $tag) { nodes { id } totalCount }
  conversationFolders { nodes { name conversationCount } totalCount }
  conversationTags { nodes { name conversationCount } totalCount }
}`;
const create = async (who: UserIdentity, name: string, replica = 0) => {
  const { data } = await world.ask<{ createFolder: { folder: { id: string } } }>(
    who,
    CREATE,
    { input: { name } },
    replica,
  );
  return data!.createFolder.folder.id;
};
const list = async (who: UserIdentity, filter: object = {}) => (await world.ask(who, LIST, { ...filter })).data;

it('folders and tags sort a person’s own list, and other participants see nothing of them', async () => {
  const folderId = await create(anna, '  Work   plans ');
  const other = await world.conversation(anna);
  expect((await world.ask(anna, MOVE, { input: { id: conversationId, folderId } })).data).toEqual({
    moveConversation: { conversation: { folder: { name: 'Work plans' } } },
  });
  await world.ask(anna, TAG, { input: { id: conversationId, tags: ['ink', 'sea', 'ink'] } });
  const sorted = {
    conversationFolders: { nodes: [{ name: 'Work plans', conversationCount: 1 }], totalCount: 1 },
    conversationTags: {
      nodes: [
        { name: 'ink', conversationCount: 1 },
        { name: 'sea', conversationCount: 1 },
      ],
      totalCount: 2,
    },
  };
  const one = { nodes: [{ id: conversationId }], totalCount: 1 };
  expect(await list(anna, { folderId })).toEqual({ conversations: one, ...sorted });
  expect(await list(anna, { inFolder: true })).toMatchObject({ conversations: one });
  expect(await list(anna, { inFolder: false })).toMatchObject({ conversations: { nodes: [{ id: other }] } });
  expect(await list(anna, { tag: 'sea' })).toMatchObject({ conversations: one });
  expect(await list(anna, { tag: 'se' })).toMatchObject({ conversations: { nodes: [] } });
  const OF_ONE = 'query($id: ID!) { conversation(id: $id) { folder { id } tags } }';
  expect((await world.ask(bert, OF_ONE, { id: conversationId })).data).toEqual({
    conversation: { folder: null, tags: [] },
  });
  expect(await list(bert, { folderId })).toMatchObject({
    conversations: { nodes: [] },
    conversationFolders: { nodes: [] },
  });
});

it('a double click at two replicas makes one folder; a deleted folder leaves its conversations', async () => {
  const [one, two] = await Promise.all([create(anna, 'Work', 0), create(anna, 'Work', 1)]);
  expect(one).toBe(two);
  const home = await create(anna, 'Home');
  expect((await world.ask(anna, RENAME, { input: { id: home, name: 'Work' } })).code).toBe('CONFLICT');
  expect((await world.ask(anna, RENAME, { input: { id: home, name: 'Garden' } })).code).toBeUndefined();
  await world.ask(anna, MOVE, { input: { id: conversationId, folderId: home } });
  await world.ask(anna, DELETE, { input: { id: home } });
  expect((await world.ask(anna, DELETE, { input: { id: home } })).code).toBeUndefined();
  // However often: one note tells of all.
  expect(await world.db.viewerNotice.count({ where: { userId: anna.userId, kind: 'FOLDERS' } })).toBe(1);
  expect(await list(anna, { inFolder: false })).toMatchObject({ conversations: { nodes: [{ id: conversationId }] } });
});

it('the folders of others are out of reach, and there are limits', async () => {
  const folderId = await create(anna, 'Work');
  expect((await world.ask(bert, MOVE, { input: { id: conversationId, folderId } })).code).toBe('NOT_FOUND');
  expect((await world.ask(bert, RENAME, { input: { id: folderId, name: 'Mine' } })).code).toBe('NOT_FOUND');
  await world.ask(bert, DELETE, { input: { id: folderId } });
  expect(await list(anna)).toMatchObject({ conversationFolders: { totalCount: 1 } });
  expect((await world.ask(person(), MOVE, { input: { id: conversationId } })).code).toBe('NOT_FOUND');
  const tags = Array.from({ length: 21 }, (_, n) => `t${n}`);
  expect((await world.ask(anna, TAG, { input: { id: conversationId, tags } })).extensions).toMatchObject({
    code: 'BAD_USER_INPUT',
    argument: 'input.tags',
  });
  expect((await world.ask(anna, TAG, { input: { id: conversationId, tags: ['x'.repeat(51)] } })).code).toBe(
    'BAD_USER_INPUT',
  );
  await world.db.folder.createMany({
    data: Array.from({ length: 199 }, (_, n) => ({ id: crypto.randomUUID(), userId: anna.userId, name: `f${n}` })),
  });
  expect((await world.ask(anna, CREATE, { input: { name: 'one more' } })).extensions).toMatchObject({
    code: 'QUOTA_EXCEEDED',
    quota: 'FOLDERS',
    limit: 200,
  });
  expect((await world.ask(anna, CREATE, { input: { name: 'Work' } })).code).toBeUndefined();
});
