import { randomUUID } from 'node:crypto';
import type { DeploymentHealth, ModelInfo } from '#llm/models.ts';
import type { PageArguments } from '#platform/data/paging/key-paging.ts';
import type { ResolverMap } from '#platform/host/definition.ts';
import { requireAdmin, requireScope, requireUser } from '#platform/identity/identity.ts';
import type { PresenceState } from '#platform/realtime/presence/presence.ts';
import { lockConversation, messageFor } from '../access.ts';
import type { CompleteInput } from '../complete/check.ts';
import {
  type ConversationSettings,
  type CreateInput,
  createConversation,
  deleteConversation,
  markConversation,
  renameConversation,
  updateConversation,
} from '../conversations/conversations.ts';
import { forkConversation } from '../conversations/fork.ts';
import { type ListInput, listConversations } from '../conversations/list.ts';
import { searchConversations } from '../conversations/search.ts';
import type { ReplyOptions, SendInput, Sent } from '../messages/send.ts';
import { stopGeneration } from '../messages/stop.ts';
import { TRANSACTION } from '../parts.ts';
import { accept, decline, invite, listInvitations } from '../people/invitations.ts';
import { leave, remove } from '../people/participants.ts';
import { markRead } from '../readers/reading.ts';
import { conversationEvents, roomPresence, setPresence, setTyping } from '../readers/rooms.ts';
import { follow } from '../replies/follow.ts';
import { SERVER_TOOLS } from '../tools/offer.ts';
import { missingSetting } from '../tools/server-tools.ts';
import type { DecisionInput } from '../tools/tool-approvals.ts';
import type { ToolResultsInput } from '../tools/tool-results.ts';
import { activate, leafBelow } from '../tree.ts';
import type { Context, ResolverParts } from './context.ts';

interface Input<T> {
  readonly input: T;
}
interface ById {
  readonly id: string;
}

const reader = ({ identity }: Context) => requireScope(identity, 'chat:read');
const writer = ({ identity }: Context) => requireScope(identity, 'chat:write');

/** Returns the resolvers of queries. */
export function queryResolvers({ chat }: ResolverParts): ResolverMap {
  return {
    Query: {
      conversation: (_: unknown, { id }: { id: string }, context: Context) => {
        reader(context);
        return context.loaders.conversation.load(id);
      },
      conversations: (_: unknown, input: ListInput, context: Context) =>
        listConversations(chat, reader(context), input),
      message: (_: unknown, { id }: { id: string }, context: Context) => {
        reader(context);
        return context.loaders.message.load(id);
      },
      searchConversations: (
        _: unknown,
        input: { query: string; first?: number | null; after?: string | null },
        context: Context,
      ) => searchConversations(chat, reader(context), input),
      conversationInvitations: (_: unknown, input: PageArguments, context: Context) =>
        listInvitations(chat, reader(context), input),
      models: async (_: unknown, { kind }: { kind: 'CHAT' | 'IMAGES' }, { identity }: Context) => {
        // The process itself asks too, for what it prints at its start.
        if (identity.kind !== 'service') requireUser(identity);
        // The default for chat comes first; a model that embeds or makes images replies to no message.
        return (await chat.models.list())
          .map((model, index) => ({ ...languageModel(model), isDefault: index === 0 && model.isDefault }))
          .filter(({ capabilities }) => (kind === 'CHAT' ? capabilities.chat : capabilities.images));
      },
      serverTools: (_: unknown, __: unknown, { identity }: Context) => {
        requireUser(identity);
        return SERVER_TOOLS.filter((name) => missingSetting(name, chat.config) === undefined);
      },
      llmHealth: async (_: unknown, __: unknown, { identity }: Context) => {
        requireAdmin(identity);
        return (await chat.models.health()).map(deploymentHealth);
      },
    },
  };
}

const languageModel = (model: ModelInfo) => ({ ...model, health: model.health.toUpperCase() });

const deploymentHealth = ({ lastError, ...deployment }: DeploymentHealth) => ({
  ...deployment,
  health: deployment.health.toUpperCase(),
  state: deployment.state.toUpperCase(),
  lastErrorAt: lastError?.at,
  lastErrorCode: lastError?.code,
  lastErrorMessage: lastError?.message,
  lastErrorSaid: lastError?.said,
});

/** Returns the resolvers of mutations. */
export function mutationResolvers({ chat, replies, sending, completions }: ResolverParts): ResolverMap {
  const conversationOf = (context: Context, id: string) => context.loaders.conversation.clear(id).load(id);
  /** What was sent, in the conversation as that has left it. */
  const shown = (context: Context, sent: Sent): Sent => {
    const { id } = sent.conversation;
    context.loaders.conversation.clear(id).prime(id, sent.conversation);
    return sent;
  };
  const decided = async (context: Context, input: DecisionInput, decision: 'APPROVED' | 'REJECTED') => {
    const sent = await sending.decideToolCall(writer(context), input, decision);
    const message = await context.loaders.message.clear(input.id).load(input.id);
    const conversation = sent
      ? shown(context, sent).conversation
      : await conversationOf(context, message!.conversationId);
    return { message, reply: sent?.reply, conversation };
  };
  return {
    Mutation: {
      createConversation: async (_: unknown, { input }: Input<CreateInput>, context: Context) => {
        const user = writer(context);
        if (input.model != null) await sending.checkModel(input.model);
        await sending.checkToolServers(user, input.toolServers);
        return { conversation: await createConversation(chat, user, input) };
      },
      updateConversation: async (_: unknown, { input }: Input<ConversationSettings & ById>, context: Context) => {
        const user = writer(context);
        if (input.model != null) await sending.checkModel(input.model);
        await sending.checkToolServers(user, input.toolServers);
        return { conversation: await updateConversation(chat, user, input.id, input) };
      },
      renameConversation: async (_: unknown, { input }: Input<ById & { title: string }>, context: Context) => ({
        conversation: await renameConversation(chat, writer(context), input.id, input.title),
      }),
      archiveConversation: async (_: unknown, { input }: Input<ById & { archived: boolean }>, context: Context) => ({
        conversation: await markConversation(chat, writer(context), input.id, { archived: input.archived }),
      }),
      pinConversation: async (_: unknown, { input }: Input<ById & { pinned: boolean }>, context: Context) => ({
        conversation: await markConversation(chat, writer(context), input.id, { pinned: input.pinned }),
      }),
      markConversationRead: async (
        _: unknown,
        { input }: Input<ById & { messageId?: string | null }>,
        context: Context,
      ) => ({ conversation: await markRead(chat, writer(context), input.id, input.messageId ?? null) }),
      deleteConversation: async (_: unknown, { input: { id } }: Input<ById>, context: Context) => {
        await deleteConversation(chat, writer(context), id);
        return { deletedId: id };
      },
      forkConversation: async (
        _: unknown,
        { input }: Input<{ messageId: string; title?: string | null }>,
        context: Context,
      ) => ({
        conversation: await forkConversation(chat, writer(context), input),
      }),
      inviteToConversation: (_: unknown, { input }: Input<ById & { userId: string }>, context: Context) =>
        invite(chat, writer(context), input.id, input.userId),
      acceptConversationInvitation: async (_: unknown, { input: { id } }: Input<ById>, context: Context) => ({
        conversation: await accept(chat, writer(context), id),
      }),
      declineConversationInvitation: async (_: unknown, { input: { id } }: Input<ById>, context: Context) => {
        await decline(chat, writer(context), id);
        return { deletedId: id };
      },
      removeFromConversation: async (_: unknown, { input }: Input<ById & { userId: string }>, context: Context) => ({
        conversation: await remove(chat, writer(context), input.id, input.userId),
      }),
      leaveConversation: async (_: unknown, { input: { id } }: Input<ById>, context: Context) => {
        await leave(chat, writer(context), id);
        return { deletedId: id };
      },
      sendMessage: async (_: unknown, { input }: Input<SendInput>, context: Context) => {
        const sent = await sending.send(writer(context), input);
        return shown(context, sent);
      },
      editMessage: async (_: unknown, { input }: Input<ReplyOptions & ById & { text: string }>, context: Context) => {
        const sent = await sending.edit(writer(context), input);
        return shown(context, sent);
      },
      regenerateReply: async (_: unknown, { input }: Input<ReplyOptions & ById>, context: Context) => {
        const sent = await sending.regenerate(writer(context), input);
        return shown(context, sent);
      },
      submitToolResults: async (_: unknown, { input }: Input<ToolResultsInput>, context: Context) => {
        const sent = await sending.answerTools(writer(context), input);
        const { message } = context.loaders;
        return {
          message: await message.clear(input.id).load(input.id),
          reply: sent.reply,
          conversation: shown(context, sent).conversation,
        };
      },
      approveToolCall: (_: unknown, { input }: Input<DecisionInput>, context: Context) =>
        decided(context, input, 'APPROVED'),
      rejectToolCall: (_: unknown, { input }: Input<DecisionInput>, context: Context) =>
        decided(context, input, 'REJECTED'),
      complete: async (_: unknown, { input }: Input<CompleteInput>, context: Context) => ({
        completion: await completions.whole(writer(context), input, context.requestId, context.signal),
      }),
      chooseBranch: async (_: unknown, { input }: Input<{ messageId: string }>, context: Context) => {
        const user = writer(context);
        const message = await messageFor(chat.db, user.userId, input.messageId);
        await chat.db.$transaction(
          // Locked first: what is sent meanwhile belongs to the branch, or comes after it.
          async (tx) => {
            await lockConversation(tx, user.userId, message.conversationId);
            await activate(tx, message.conversationId, await leafBelow(tx, message.id));
          },
          TRANSACTION,
        );
        await chat.topics.publish(message.conversationId, { type: 'ConversationUpdated' });
        return { conversation: await conversationOf(context, message.conversationId) };
      },
      stopGeneration: async (_: unknown, { input }: Input<ById>, context: Context) => ({
        message: await stopGeneration(chat, replies, writer(context), input.id),
      }),
      setPresence: async (_: unknown, { input }: Input<ById & { state: PresenceState }>, context: Context) => ({
        present: await setPresence(chat, {
          conversationId: input.id,
          state: input.state,
          userId: writer(context).userId,
        }),
      }),
      setTyping: async (_: unknown, { input }: Input<ById & { typing: boolean }>, context: Context) => ({
        present: await setTyping(chat, writer(context).userId, input.id, input.typing),
      }),
    },
  };
}

/**
 * A subscription's events are the field's values. Their ids are for caches of clients, which keep what has an id: the
 * last event of a kind takes the place of the one before. The list of all members may be shorter than the last one, and
 * no cache likes a list that shrinks, so it has an id of its own.
 */
const field = <Arguments extends ById, Event extends { readonly __typename: string }>(
  subscribe: (args: Arguments, context: Context) => AsyncIterable<Event>,
) => ({
  subscribe: (_: unknown, args: Arguments, context: Context) => subscribe(args, context),
  resolve: (event: Event, { id }: Arguments) => ({
    ...event,
    id: event.__typename === 'RoomMembers' ? randomUUID() : `${id}:${event.__typename}`,
  }),
});

/** Returns the resolvers of subscriptions. */
export function subscriptionResolvers({ chat, replies, completions }: ResolverParts): ResolverMap {
  return {
    Subscription: {
      completion: {
        subscribe: (_: unknown, { input }: Input<CompleteInput>, context: Context) =>
          completions.stream(writer(context), input, context.requestId, context.signal),
        resolve: (event: unknown) => event,
      },
      messageStream: field(({ id: messageId, after }: ById & { after: number }, context) =>
        follow(chat, replies, { userId: reader(context).userId, messageId, after }, context.signal),
      ),
      conversationEvents: field(
        ({ id: conversationId, state, after }: ById & { state: PresenceState; after?: string | null }, context) =>
          conversationEvents(chat, { userId: reader(context).userId, conversationId, state, after }, context.ending),
      ),
      roomPresence: field(({ id: conversationId, state }: ById & { state: PresenceState }, context) =>
        roomPresence(chat, { userId: reader(context).userId, conversationId, state }, context.ending),
      ),
    },
  };
}
