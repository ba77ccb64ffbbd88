import type { PageArguments } from '#platform/data/paging/key-paging.ts';
import { COUNTED } from '#platform/data/paging/paging.ts';
import type { ResolverMap } from '#platform/host/definition.ts';
import { requireScope } from '#platform/identity/identity.ts';
import type { Folder } from '#prisma/chat/client/client.ts';
import {
  createFolder,
  deleteFolder,
  listFolders,
  listTags,
  moveConversation,
  renameFolder,
  tagConversation,
} from '../conversations/filing.ts';
import type { Context, ResolverParts } from './context.ts';

interface Input<T> {
  readonly input: T;
}

const reader = ({ identity }: Context) => requireScope(identity, 'chat:read');
const writer = ({ identity }: Context) => requireScope(identity, 'chat:write');

/** Returns the resolvers of the order that a user keeps in their own list: folders and tags. */
export function filingResolvers({ chat }: ResolverParts): ResolverMap {
  return {
    Query: {
      conversationFolders: (_: unknown, page: PageArguments, context: Context) =>
        listFolders(chat, reader(context), page),
      conversationTags: (_: unknown, page: PageArguments, context: Context) => listTags(chat, reader(context), page),
    },
    Mutation: {
      createFolder: async (_: unknown, { input }: Input<{ name: string }>, context: Context) => ({
        folder: await createFolder(chat, writer(context), input.name),
      }),
      renameFolder: async (_: unknown, { input }: Input<{ id: string; name: string }>, context: Context) => ({
        folder: await renameFolder(chat, writer(context), input.id, input.name),
      }),
      deleteFolder: async (_: unknown, { input: { id } }: Input<{ id: string }>, context: Context) => {
        await deleteFolder(chat, writer(context), id);
        return { deletedId: id };
      },
      moveConversation: async (
        _: unknown,
        { input }: Input<{ id: string; folderId?: string | null }>,
        context: Context,
      ) => ({ conversation: await moveConversation(chat, writer(context), input.id, input.folderId ?? null) }),
      tagConversation: async (_: unknown, { input }: Input<{ id: string; tags: string[] }>, context: Context) => ({
        conversation: await tagConversation(chat, writer(context), input.id, input.tags),
      }),
    },
    ConversationFolder: {
      conversationCount: ({ id }: Folder, _: unknown, { loaders }: Context) => loaders.inFolder.load(id),
    },
    ConversationFolderConnection: COUNTED,
    ConversationTagConnection: COUNTED,
  };
}
