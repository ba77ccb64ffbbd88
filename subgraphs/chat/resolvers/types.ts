import { forbidden } from '#platform/base/errors/errors.ts';
import type { PageArguments } from '#platform/data/paging/key-paging.ts';
import { COUNTED } from '#platform/data/paging/paging.ts';
import type { ResolverMap } from '#platform/host/definition.ts';
import { requireScope } from '#platform/identity/identity.ts';
import type { PresentMember } from '#platform/realtime/presence/presence.ts';
import type { Generation, Message, Participant } from '#prisma/chat/client/client.ts';
import type { ConversationView } from '../access.ts';
import { exportConversation } from '../conversations/export.ts';
import type { SearchHit } from '../conversations/search.ts';
import type { Draft } from '../draft/draft.ts';
import { approvalStatus, awaitingApproval, owedByClient, storedToolCalls, type ToolCall } from '../draft/tool-calls.ts';
import { pageOfSiblings, siblingBeside } from '../messages/siblings.ts';
import { storedParameters } from '../parameters.ts';
import type { Citation } from '../peers/recall.ts';
import type { InvitationView } from '../people/invitations.ts';
import { pageOfPeople } from '../people/people.ts';
import { quotasOf } from '../quota.ts';
import { type ConversationEvent, memberOf } from '../readers/rooms.ts';
import { seenBy } from '../replies/privacy.ts';
import type { BranchPage } from '../tree.ts';
import type { Context, ResolverParts } from './context.ts';
import { finishReasonName } from './finish-reason.ts';

const partId = ({ conversationId, userId }: { conversationId: string; userId: string }): string =>
  `${conversationId}:${userId}`;

const user = (id: string | null): { id: string } | null => (id === null ? null : { id });

/** Returns the fields of the types. What the rows have under the same name needs no line here. */
export function typeResolvers({ chat }: ResolverParts): ResolverMap {
  return {
    User: {
      __resolveReference: ({ id }: { id: string }) => ({ id }),
      conversationQuotas: ({ id }: { id: string }, _: unknown, { identity }: Context) => {
        if (requireScope(identity, 'chat:read').userId !== id) throw forbidden('Only the user may read this.');
        return quotasOf(chat, id);
      },
    },
    Conversation: {
      __resolveReference: ({ id }: { id: string }, { identity, loaders }: Context) => {
        requireScope(identity, 'chat:read');
        return loaders.conversation.load(id);
      },
      parameters: ({ parameters }: ConversationView) => storedParameters(parameters),
      owner: ({ ownerId }: ConversationView) => user(ownerId),
      participants: async ({ id }: ConversationView, page: PageArguments, { loaders }: Context) =>
        pageOfPeople('participants', await loaders.participants.load(id), page, ({ joinedAt }) => joinedAt),
      invitations: async ({ id, viewer }: ConversationView, page: PageArguments, { loaders }: Context) =>
        viewer.role === 'OWNER'
          ? pageOfPeople('invitations', await loaders.invitations.load(id), page, ({ createdAt }) => createdAt)
          : null,
      viewerRole: ({ viewer }: ConversationView) => viewer.role,
      pinned: ({ viewer }: ConversationView) => viewer.pinnedAt !== null,
      archivedAt: ({ viewer }: ConversationView) => viewer.archivedAt,
      lastActivityAt: ({ viewer }: ConversationView) => viewer.activityAt,
      unreadCount: ({ id }: ConversationView, _: unknown, { loaders }: Context) => loaders.unread.load(id),
      lastReadMessageId: ({ viewer }: ConversationView) => viewer.lastReadMessageId,
      folder: ({ viewer }: ConversationView, _: unknown, { loaders }: Context) =>
        viewer.folderId === null ? null : loaders.folder.load(viewer.folderId),
      tags: ({ viewer }: ConversationView) => viewer.tags,
      activeLeaf: ({ activeLeafId }: ConversationView, _: unknown, { loaders }: Context) =>
        activeLeafId === null ? null : loaders.message.load(activeLeafId),
      messages: (conversation: ConversationView, page: BranchPage, { loaders }: Context) =>
        loaders.branch.load({ conversation, page }),
      unfinishedReplies: ({ id }: ConversationView, _: unknown, { loaders }: Context) => loaders.unfinished.load(id),
      present: async ({ id }: ConversationView, _: unknown, { loaders }: Context) =>
        (await loaders.present.load(id)).map((member) => memberOf(id, member)),
      export: (conversation: ConversationView, { format }: { format: 'MARKDOWN' | 'JSON' }, { loaders }: Context) =>
        exportConversation(chat, conversation, format, loaders.exports),
    },
    ConversationConnection: COUNTED,
    ConversationInvitationConnection: COUNTED,
    ConversationSearchConnection: COUNTED,
    ConversationParticipantConnection: COUNTED,
    ConversationInvitation: {
      id: partId,
      user: ({ userId }: InvitationView) => user(userId),
      invitedBy: ({ invitedById }: InvitationView) => user(invitedById),
      title: ({ conversation }: InvitationView) => conversation.title,
    },
    ConversationParticipant: { id: partId, user: ({ userId }: Participant) => user(userId) },
    ConversationSearchHit: {
      conversation: ({ conversationId }: SearchHit, _: unknown, { loaders }: Context) =>
        loaders.conversation.load(conversationId),
      message: ({ messageId }: SearchHit, _: unknown, { loaders }: Context) =>
        messageId === null ? null : loaders.message.load(messageId),
    },
    Message: {
      __resolveReference: ({ id }: { id: string }, { identity, loaders }: Context) => {
        requireScope(identity, 'chat:read');
        return loaders.message.load(id);
      },
      conversation: ({ conversationId }: Message, _: unknown, { loaders }: Context) =>
        loaders.conversation.load(conversationId),
      parent: ({ parentId }: Message, _: unknown, { loaders }: Context) =>
        parentId === null ? null : loaders.message.load(parentId),
      author: ({ authorId }: Message) => user(authorId),
      text: async (message: Message, _: unknown, context: Context) => (await seen(message, context)).text,
      reasoning: async (message: Message, _: unknown, context: Context) =>
        (await seen(message, context)).reasoning || null,
      toolCalls: async (message: Message, _: unknown, context: Context) => (await seen(message, context)).toolCalls,
      awaitsToolResults: ({ status, toolCalls }: Message) =>
        status === 'COMPLETE' && owedByClient(storedToolCalls(toolCalls)).length > 0,
      awaitsApproval,
      awaitsViewerApproval: (message: Message, _: unknown, { identity }: Context) =>
        identity.kind === 'user' && identity.userId === message.requesterId && awaitsApproval(message),
      citations: async (message: Message, _: unknown, context: Context) => (await seen(message, context)).citations,
      attachments: ({ attachments }: Message) => attachments.map((id) => ({ id })),
      error: ({ errorCode, errorMessage }: Message) =>
        errorCode === null ? null : { code: errorCode, message: errorMessage ?? '' },
      generation: ({ id, role }: Message, _: unknown, { loaders }: Context) =>
        role === 'ASSISTANT' ? loaders.generation.load(id) : null,
      siblings: (message: Message, page: PageArguments, { loaders }: Context) => pageOfSiblings(loaders, message, page),
      siblingIndex: async (message: Message, _: unknown, { loaders }: Context) =>
        (await loaders.siblings.load(message)).indexOf(message.id),
      siblingCount: async (message: Message, _: unknown, { loaders }: Context) =>
        (await loaders.siblings.load(message)).length,
      previousSiblingId: (message: Message, _: unknown, { loaders }: Context) => siblingBeside(loaders, message, -1),
      nextSiblingId: (message: Message, _: unknown, { loaders }: Context) => siblingBeside(loaders, message, 1),
      children: ({ id, conversationId }: Message, page: PageArguments, { loaders }: Context) =>
        pageOfSiblings(loaders, { conversationId, parentId: id }, page),
      active: (message: Message, _: unknown, { loaders }: Context) => loaders.active.load(message),
    },
    MessageToolCall: {
      callId: ({ id }: ToolCall) => id,
      approval: ({ approval }: ToolCall) => approval && { ...approval, status: approvalStatus(approval) },
    },
    MessageConnection: COUNTED,
    MessageCitation: {
      quotes: ({ quotes }: Citation) => quotes ?? [],
      memory: ({ kind, sourceId }: Citation) => (kind === 'MEMORY' ? { id: sourceId } : null),
      document: ({ documentId }: Citation) => (documentId === undefined ? null : { id: documentId }),
      message: citedMessage,
      title: async (citation: Citation, _: unknown, context: Context) => {
        const message = citation.title === undefined ? await citedMessage(citation, _, context) : null;
        return message ? (await context.loaders.conversation.load(message.conversationId))?.title : citation.title;
      },
    },
    MessageGeneration: {
      model: ({ alias }: Generation) => alias,
      usage: (generation: Generation) => generation,
      finishReason: ({ finishReason }: Generation) => finishReason && finishReasonName(finishReason),
      cached: ({ cache }: Generation) => cache !== 'off' && cache !== 'miss',
    },
    ...Object.fromEntries(
      ['MessageCreated', 'MessageUpdated', 'ReplyStarted', 'ReplyFinished'].map((name) => [
        name,
        {
          message: ({ messageId }: { messageId: string }, _: unknown, { loaders }: Context) =>
            loaders.message.load(messageId),
        },
      ]),
    ),
    ConversationUpdated: {
      conversation: ({ conversationId }: { conversationId: string }, _: unknown, { loaders }: Context) =>
        loaders.conversation.load(conversationId),
    },
    ParticipantJoined: {
      participant: async (
        { conversationId, userId }: { conversationId: string; userId: string },
        _: unknown,
        { loaders }: Context,
      ) => (await loaders.participants.load(conversationId)).find((participant) => participant.userId === userId),
    },
    ParticipantLeft: { user: ({ userId }: { userId: string }) => user(userId) },
    RoomMember: { user: ({ userId }: PresentMember) => user(userId) },
    RoomMemberLeft: { user: ({ userId }: { userId: string }) => user(userId) },
    ConversationEvent: { __resolveType: ({ __typename }: ConversationEvent) => __typename },
    RoomPresenceEvent: { __resolveType: ({ __typename }: ConversationEvent) => __typename },
    MessageStreamEvent: { __resolveType: ({ __typename }: { __typename: string }) => __typename },
  };
}

/** In a copy of another person's reply no person can decide. */
const awaitsApproval = ({ status, toolCalls, requesterId }: Message): boolean =>
  status === 'COMPLETE' && requesterId !== null && awaitingApproval(storedToolCalls(toolCalls)).length > 0;

const citedMessage = ({ kind, sourceId }: Citation, _: unknown, { loaders }: Context): Promise<Message | null> =>
  kind === 'MESSAGE' ? loaders.message.load(sourceId) : Promise.resolve(null);

/**
 * What the caller may read of a message. Of a reply that is being written the row has nothing yet; the stream log
 * has what readers have seen.
 */
async function seen(message: Message, { identity, loaders }: Context): Promise<Draft> {
  const draft = message.status === 'STREAMING' ? await loaders.draft.load(message.id) : undefined;
  return seenBy(identity.kind === 'user' ? identity.userId : undefined, message, draft);
}
