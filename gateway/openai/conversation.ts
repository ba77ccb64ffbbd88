import { CodedError } from '#platform/base/errors/errors.ts';
import { type MayWait, waitingCalls } from '../doors/approvals.ts';
import type { Visit } from '../doors/visit.ts';
import { AnnotatedText } from './annotations.ts';
import { GRAPH } from './graph.ts';
import type { Answering, AnswerSource, Finish, Usage } from './pieces.ts';

/** A reply as the graph tells it. */
export interface StoredReply {
  readonly id: string;
  readonly role: string;
  readonly status: string;
  readonly text: string;
  readonly reasoning: string | null;
  readonly createdAt: string;
  /** When its content was deleted. */
  readonly removedAt: string | null;
  readonly conversation: { readonly id: string } | null;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly toolCalls: readonly StoredCall[];
  readonly citations: readonly AnswerSource[];
  readonly generation: {
    readonly model: string;
    readonly finishReason: string | null;
    readonly usage: Usage;
  } | null;
}

interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
  readonly runsOn: string;
}

/** A call of a stored reply, with what a person has to say of it. */
type StoredCall = ToolCall & MayWait['toolCalls'][number];

interface ReplyEvent {
  readonly __typename: string;
  readonly citations: readonly AnswerSource[];
  readonly text: string;
  readonly reasoning: string;
  readonly toolCall: ToolCall;
  readonly status: string;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly usage: Usage | null;
}

/** Ends of a reply that leave the request without an answer. */
const BROKEN = new Set(['FAILED', 'INTERRUPTED']);

/**
 * Follows a reply of a conversation. A client of this API cannot come back to it: when it leaves, the reply is stopped.
 *
 * @param conversationId and the id of the reply, which was asked for already.
 * @param isJson whether it was asked for as JSON, as far as that is known here.
 */
export const replyOf = (
  visit: Visit,
  conversationId: string,
  id: string,
  model: string,
  isJson = false,
): Answering => ({
  model,
  metadata: { conversation_id: conversationId, reply_id: id },
  async follow(take) {
    let calls = 0;
    let end: ReplyEvent | undefined;
    const text = new AnnotatedText(isJson);
    try {
      await visit.follow<ReplyEvent>(GRAPH.OpenAiFollow, { id }, (event) => {
        if (event.__typename === 'ReplyText') text.take(event.text).forEach(take);
        else if (event.__typename === 'ReplyCitations') text.know(event.citations);
        else if (event.__typename === 'ReplyReasoning') {
          text.end().forEach(take);
          take({ kind: 'reasoning', text: event.reasoning });
        } else if (event.__typename === 'ReplyToolCall' && event.toolCall.runsOn === 'CLIENT') {
          text.end().forEach(take);
          const { id: callId, name, arguments: args } = event.toolCall;
          take({ kind: 'call', index: calls++, id: callId, name, arguments: args });
        } else if (event.__typename === 'ReplyEnd') {
          text.end().forEach(take);
          end = event;
        }
        return undefined;
      });
    } catch (error) {
      if (visit.signal.aborted) await visit.afterwards(GRAPH.OpenAiStop, { input: { id } });
      throw error;
    }
    if (!end) throw new CodedError('PROVIDER_UNAVAILABLE', 'The reply ended before it was whole.');
    if (end.error && BROKEN.has(end.status)) {
      throw new CodedError(end.error.code as 'PROVIDER_UNAVAILABLE', end.error.message);
    }
    const reply = await visit.need<StoredReply>(GRAPH.OpenAiReply, { id });
    for (const approval of waitingCalls(reply)) take({ kind: 'approval', approval });
    take({ kind: 'end', finish: finishReason(reply), usage: end.usage ?? undefined });
  },
});

/** Returns why a stored reply ended, in OpenAI's words. */
export function finishReason({ generation, toolCalls }: Pick<StoredReply, 'generation' | 'toolCalls'>): Finish {
  if (toolCalls.some(({ runsOn }) => runsOn === 'CLIENT')) return 'tool_calls';
  const reason = generation?.finishReason?.toLowerCase();
  return reason === 'length' || reason === 'content_filter' ? reason : 'stop';
}
