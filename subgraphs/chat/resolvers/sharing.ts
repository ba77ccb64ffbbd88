import { newestPage, type PageArguments } from '#platform/data/paging/key-paging.ts';
import { COUNTED } from '#platform/data/paging/paging.ts';
import type { ResolverMap } from '#platform/host/definition.ts';
import { requireScope } from '#platform/identity/identity.ts';
import type { Share } from '#prisma/chat/client/client.ts';
import type { ConversationView } from '../access.ts';
import { findPeople } from '../people/acquaintances.ts';
import {
  acceptLink,
  createLink,
  inviteByEmail,
  joinUrl,
  type LinkInput,
  openLink,
  revokeLink,
} from '../people/invitation-links.ts';
import { openShare, readShare, revokeShare, type ShareInput, shareConversation } from '../people/sharing.ts';
import type { Context, ResolverParts } from './context.ts';

type Opened = Awaited<ReturnType<typeof openLink>>;

/** Returns the resolvers of links by which anybody reads or people come, and of finding people. */
export function sharingResolvers({ chat }: ResolverParts): ResolverMap {
  return {
    Query: {
      sharedConversation: (_: unknown, { token }: { token: string }) => openShare(chat, token),
      invitationByLink: async (_: unknown, { token }: { token: string }, { identity }: Context) => {
        requireScope(identity, 'chat:read');
        return openLink(chat.db, token);
      },
      people: async (
        _: unknown,
        { search, first }: { search: string; first?: number | null },
        { identity }: Context,
      ) => {
        const ids = await findPeople(chat, requireScope(identity, 'chat:read'), search, first);
        return ids.map((id) => ({ id }));
      },
    },
    Mutation: {
      shareConversation: async (_: unknown, { input }: { input: ShareInput }, { identity }: Context) => {
        const { share, token } = await shareConversation(chat, requireScope(identity, 'chat:write'), input);
        // What stands behind # a browser keeps to itself: the secret is in no log of requests.
        return { share, token, url: `${chat.config.publicUrl}/shared#${token}` };
      },
      createInvitationLink: async (_: unknown, { input }: { input: LinkInput }, { identity }: Context) => {
        const { link, token } = await createLink(chat, requireScope(identity, 'chat:write'), input);
        return { link, token, url: joinUrl(chat, token) };
      },
      inviteByEmail: async (
        _: unknown,
        { input }: { input: { id: string; email: string } },
        { identity }: Context,
      ) => ({
        link: await inviteByEmail(chat, requireScope(identity, 'chat:write'), input),
      }),
      acceptInvitationLink: async (_: unknown, { input }: { input: { token: string } }, { identity }: Context) => ({
        conversation: await acceptLink(chat, requireScope(identity, 'chat:write'), input.token),
      }),
      revokeInvitationLink: async (_: unknown, { input: { id } }: { input: { id: string } }, { identity }: Context) => {
        await revokeLink(chat, requireScope(identity, 'chat:write'), id);
        return { deletedId: id };
      },
      revokeShare: async (_: unknown, { input: { id } }: { input: { id: string } }, { identity }: Context) => {
        await revokeShare(chat, requireScope(identity, 'chat:write'), id);
        return { deletedId: id };
      },
    },
    InvitationPreview: {
      title: ({ conversation }: Opened) => conversation.title,
      invitedBy: ({ conversation }: Opened) => ({ id: conversation.ownerId }),
    },
    ConversationInvitationLinkConnection: COUNTED,
    Conversation: {
      invitationLinks: async ({ id, viewer }: ConversationView, page: PageArguments, { loaders }: Context) =>
        viewer.role === 'OWNER' ? newestPage('invitation links', await loaders.invitationLinks.load(id), page) : null,
      shares: async ({ id, viewer }: ConversationView, page: PageArguments, { loaders }: Context) =>
        viewer.role === 'OWNER' ? newestPage('shares', await loaders.shares.load(id), page) : null,
    },
    ConversationShareConnection: COUNTED,
    ConversationShare: { messageId: ({ leafId }: Share) => leafId },
    SharedConversation: {
      sharedAt: ({ createdAt }: Share) => createdAt,
      messages: (share: Share, page: PageArguments) => readShare(chat, share, page),
    },
    SharedMessageConnection: COUNTED,
  };
}
