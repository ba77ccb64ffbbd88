import type { PageArguments } from '#platform/data/paging/key-paging.ts';
import { COUNTED } from '#platform/data/paging/paging.ts';
import type { ResolverMap } from '#platform/host/definition.ts';
import { requireAdmin, requireScope } from '#platform/identity/identity.ts';
import type { Feedback, Message } from '#prisma/chat/client/client.ts';
import { deleteMessage } from '../messages/delete-message.ts';
import {
  type FeedbackComment,
  type FeedbackInput,
  type FeedbackSummary,
  listComments,
  type Span,
  setFeedback,
  summariseFeedback,
} from '../messages/feedback.ts';
import type { Context, ResolverParts } from './context.ts';

const feedbackId = ({ messageId, userId }: Feedback): string => `${messageId}:${userId}`;

/** Returns the resolvers of what people think of messages: that they are better gone, good, or not. */
export function verdictResolvers({ chat, replies }: ResolverParts): ResolverMap {
  return {
    Query: {
      feedbackSummary: (_: unknown, span: Span, { identity }: Context) => {
        requireAdmin(identity);
        return summariseFeedback(chat, span);
      },
    },
    Mutation: {
      deleteMessage: async (_: unknown, { input: { id } }: { input: { id: string } }, { identity }: Context) => ({
        deletedId: id,
        message: await deleteMessage(chat, replies, requireScope(identity, 'chat:write'), id),
      }),
      setFeedback: async (_: unknown, { input }: { input: FeedbackInput }, { identity }: Context) => ({
        message: await setFeedback(chat, requireScope(identity, 'chat:write'), input),
      }),
    },
    Message: {
      viewerFeedback: ({ id, role }: Message, _: unknown, { loaders }: Context) =>
        role === 'ASSISTANT' ? loaders.feedback.load(id) : null,
    },
    MessageFeedback: { id: feedbackId },
    FeedbackSummary: {
      comments: (summary: FeedbackSummary, page: PageArguments) => listComments(chat.db, summary, page),
    },
    FeedbackCommentConnection: COUNTED,
    FeedbackComment: { id: feedbackId, user: ({ userId }: FeedbackComment) => ({ id: userId }) },
  };
}
