import { badInput, CodedError } from '#platform/base/errors/errors.ts';
import type { Visit } from '../doors/visit.ts';
import { replyOf } from './conversation.ts';
import { GRAPH } from './graph.ts';
import type { GraphMessage } from './messages.ts';
import type { Answering } from './pieces.ts';

/** The settings of a reply in a conversation, as the graph takes them. */
export interface ReplySettings {
  readonly model?: string;
  readonly clientMessageId: string;
  readonly responseFormat?: object;
  readonly [name: string]: unknown;
}

interface Conversation {
  readonly id: string;
  readonly model: string | null;
  readonly activeLeaf: { readonly id: string; readonly awaitsToolResults: boolean } | null;
}

/**
 * Sends the last of the messages into a conversation, which has the earlier ones itself: the person's, or the results
 * of the calls that its last reply made.
 *
 * @throws {GraphQLError} NOT_FOUND, BAD_USER_INPUT, and why the message was not taken.
 */
export async function continueConversation(
  visit: Visit,
  id: string,
  messages: readonly GraphMessage[],
  settings: ReplySettings,
): Promise<Answering> {
  const conversation = await visit.run<Conversation>(GRAPH.OpenAiConversation, { id });
  if (!conversation) throw new CodedError('NOT_FOUND', `There is no conversation ${id.slice(0, 100)}.`);
  const last = messages.at(-1);
  const model = settings.model ?? conversation.model ?? 'default';
  if (last?.role === 'TOOL') {
    const leaf = conversation.activeLeaf;
    if (!leaf?.awaitsToolResults)
      throw badInput('messages', 'end with results that no reply of the conversation awaits.');
    const replyId = await submitResults(visit, leaf.id, trailingResults(messages));
    return replyOf(visit, conversation.id, replyId, model);
  }
  const replyId = await sendInto(visit, conversation.id, last, settings);
  return replyOf(visit, conversation.id, replyId, model, settings.responseFormat !== undefined);
}

/** Sends a person's message. @returns the id of the reply. */
export async function sendInto(
  visit: Visit,
  conversationId: string,
  message: GraphMessage | undefined,
  settings: ReplySettings,
): Promise<string> {
  if (message?.role !== 'USER')
    throw badInput('messages', 'must end with a message of the role user, or with results.');
  if (message.images) throw badInput('messages', 'bring images; in a conversation upload them and send their ids.');
  const input = { ...settings, conversationId, text: message.text ?? '' };
  const { reply } = await visit.need<{ reply: { id: string } }>(GRAPH.OpenAiSend, { input });
  return reply.id;
}

/** Hands in the results of a reply's calls. @returns the id of the reply that goes on. */
export async function submitResults(visit: Visit, id: string, results: readonly GraphMessage[]): Promise<string> {
  const input = {
    id,
    results: results.map(({ toolCallId, text }) => ({ callId: toolCallId, content: text ?? '' })),
  };
  const { reply } = await visit.need<{ reply: { id: string } }>(GRAPH.OpenAiSubmitToolResults, { input });
  return reply.id;
}

/** Returns the results at the end of the messages. */
export const trailingResults = (messages: readonly GraphMessage[]): readonly GraphMessage[] =>
  messages.slice(messages.findLastIndex(({ role }) => role !== 'TOOL') + 1);
