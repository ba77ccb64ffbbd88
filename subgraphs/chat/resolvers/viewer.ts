import { randomUUID } from 'node:crypto';
import type { PageArguments } from '#platform/data/paging/key-paging.ts';
import type { ResolverMap } from '#platform/host/definition.ts';
import { requireScope } from '#platform/identity/identity.ts';
import type { ConversationView } from '../access.ts';
import { listInvitations } from '../people/invitations.ts';
import { type ViewerEvent, viewerEvents } from '../readers/viewer-events.ts';
import type { Context, ResolverParts } from './context.ts';

/** Returns the resolvers of a user's own news. */
export function viewerResolvers({ chat }: ResolverParts): ResolverMap {
  return {
    Subscription: {
      viewerEvents: {
        subscribe: (_: unknown, { after }: { after?: string | null }, { identity, signal }: Context) =>
          viewerEvents(chat, requireScope(identity, 'chat:read').userId, after, signal),
        // Lists that may shrink from one event to the next need an id of their own: no cache likes that otherwise.
        resolve: (event: ViewerEvent) => ({ ...event, id: randomUUID() }),
      },
    },
    ViewerEvent: {
      addedConversations: ({ added }: ViewerEvent, _: unknown, context: Context) => thoseThere(context, added),
      changedConversations: ({ changed }: ViewerEvent, _: unknown, context: Context) => thoseThere(context, changed),
      foldersChanged: ({ folders }: ViewerEvent) => folders,
      removedConversationIds: ({ gone }: ViewerEvent) => gone,
      invitations: ({ invitations }: ViewerEvent, page: PageArguments, { identity }: Context) =>
        invitations ? listInvitations(chat, requireScope(identity, 'chat:read'), page) : null,
    },
  };
}

/** The conversations that have not gone again meanwhile; of that the next event tells. */
async function thoseThere({ loaders }: Context, ids: readonly string[]): Promise<ConversationView[]> {
  const found = await loaders.conversation.loadMany(ids);
  const failure = found.find((one) => one instanceof Error);
  if (failure) throw failure;
  return found.filter((one): one is ConversationView => one !== null && !(one instanceof Error));
}
