import { GraphQLError } from 'graphql';
import { v7 as uuidv7 } from 'uuid';
import type { ChatStream } from '#llm/chat-stream.ts';
import type { LlmCallRecord } from '#llm/record.ts';
import { CodedError } from '#platform/errors/errors.ts';
import type { Conversation, Message, MessageStatus } from '#prisma/chat/client/client.ts';
import type { Chat } from '../chat.ts';
import { requestParameters, storedParameters } from '../parameters.ts';
import type { Piece, ToolCall } from './draft.ts';
import { imagesOf } from './images.ts';
import { historyOf, promptOf } from './prompt.ts';
import { type Citation, extractiveAnswer, type Question, recall } from './recall.ts';
import { identityOf } from './requester.ts';

/** How the writing of a reply ended. */
export interface Outcome {
  readonly status: Extract<MessageStatus, 'COMPLETE' | 'INTERRUPTED' | 'STOPPED' | 'FAILED'>;
  readonly error?: { readonly code: string; readonly message: string };
  /** Of the model's call; absent when there was none. */
  readonly record?: LlmCallRecord;
  /** What answered in a model's stead. */
  readonly unmodelled?: { readonly alias: string; readonly callId: string; readonly latencyMs: number };
  readonly droppedMessages: number;
}

/** The reason of an abort says how the reply ends. */
export class StopRequest extends Error {
  override name = 'StopRequest';
  readonly status: 'STOPPED' | 'INTERRUPTED';
  readonly error: Outcome['error'];
  constructor(status: 'STOPPED' | 'INTERRUPTED', error?: Outcome['error']) {
    super(error?.message ?? 'stopped');
    this.status = status;
    this.error = error;
  }
}

/** How long an aborted call may take to tell what it came to, in ms. */
const RECORD_WAIT_MS = 2_000;

export interface Composition {
  readonly reply: Message;
  readonly conversation: Conversation;
  readonly history: readonly Message[];
}

/** What a reply is written from. */
export async function compositionOf(chat: Chat, reply: Message): Promise<Composition> {
  const [conversation, history] = await Promise.all([
    chat.db.conversation.findUniqueOrThrow({ where: { id: reply.conversationId } }),
    historyOf(chat.db, reply.parentId!),
  ]);
  return { reply, conversation, history };
}

/**
 * Asks memory, then the model, and hands on what comes. Aborting `signal` with a StopRequest stops the provider at once
 * and ends the reply as the request says.
 */
export async function compose(
  chat: Chat,
  { reply, conversation, history }: Composition,
  emit: (piece: Piece) => void,
  signal: AbortSignal,
): Promise<Outcome> {
  const identity = identityOf(reply.requester);
  const question: Question = {
    text: history.at(-1)?.text ?? '',
    conversationId: conversation.id,
    exclude: history.map(({ id }) => id),
    identity,
    requestId: reply.id,
    signal,
  };
  const model = reply.model ?? conversation.model;
  const recalling = conversation.memoryEnabled ? recall(chat, question) : undefined;
  let images: Awaited<ReturnType<typeof imagesOf>>;
  try {
    images = await imagesOf(chat, history, model, signal);
  } catch (error) {
    return { ...failureOf(error, signal), droppedMessages: 0 };
  }
  const recalled = await recalling;
  if (recalled) emitCitations(emit, recalled.citations);

  const stream = chat.models.chat(
    {
      ...(model !== null && { model }),
      messages: promptOf(history, { systemPrompt: conversation.systemPrompt, quoted: recalled?.quoted, images }),
      ...requestParameters(storedParameters(conversation.parameters), storedParameters(reply.parameters)),
    },
    { identity, signal, purpose: 'reply', conversationId: conversation.id, messageId: reply.id, requestId: reply.id },
  );
  const progress = { dropped: 0 };
  try {
    return await relay(stream, emit, signal, progress);
  } catch (error) {
    if (error instanceof CodedError && error.code === 'MODEL_NOT_CONFIGURED' && !signal.aborted) {
      return answerUnmodelled(chat, question, conversation.memoryEnabled, error.message, emit);
    }
    const record = await recordOf(stream);
    return { ...failureOf(error, signal), ...(record && { record }), droppedMessages: progress.dropped };
  }
}

/** Hands the model's pieces on. Rejects as the stream does. */
async function relay(
  stream: ChatStream,
  emit: (piece: Piece) => void,
  signal: AbortSignal,
  progress: { dropped: number },
): Promise<Outcome> {
  const calls: ToolCall[] = [];
  let texts = 0;
  for await (const part of stream) {
    if (part.type === 'start') progress.dropped = part.context?.dropped.length ?? 0;
    else if (part.type === 'text') {
      texts += part.text.length;
      emit({ kind: 'TEXT', body: part.text });
    } else if (part.type === 'reasoning') emit({ kind: 'REASONING', body: part.text });
    else if (part.type === 'tool-call') {
      const call = calls[part.index] ?? { id: part.id ?? `call-${part.index}`, name: '', arguments: '' };
      calls[part.index] = {
        id: call.id,
        name: call.name || (part.name ?? ''),
        arguments: call.arguments + part.arguments,
      };
    } else {
      for (const toolCall of calls.filter(Boolean)) emit({ kind: 'PART', body: JSON.stringify({ toolCall }) });
      const ended = { record: part.record, droppedMessages: progress.dropped };
      if (signal.aborted) return { ...failureOf(signal.reason, signal), ...ended };
      if (part.reason === 'content_filter' && texts === 0) {
        return {
          status: 'FAILED',
          error: { code: 'CONTENT_FILTERED', message: 'The provider refused to answer this.' },
          ...ended,
        };
      }
      return { status: 'COMPLETE', ...ended };
    }
  }
  throw new Error('the model layer ended a stream without a finish part');
}

function failureOf(error: unknown, signal: AbortSignal): Pick<Outcome, 'status' | 'error'> {
  const reason: unknown = signal.aborted ? signal.reason : undefined;
  if (signal.aborted) {
    if (!(reason instanceof StopRequest)) return { status: 'STOPPED' };
    return { status: reason.status, ...(reason.error && { error: reason.error }) };
  }
  // What another subgraph refuses comes as a GraphQLError with its code.
  const code = error instanceof GraphQLError ? error.extensions.code : undefined;
  if (!(error instanceof GraphQLError) || typeof code !== 'string') throw error;
  return {
    status: error.extensions.phase === 'after_first_token' ? 'INTERRUPTED' : 'FAILED',
    error: { code, message: error.message },
  };
}

async function recordOf(stream: ChatStream): Promise<LlmCallRecord | undefined> {
  const { promise: tooLate, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(resolve, RECORD_WAIT_MS, undefined);
  try {
    return await Promise.race([stream.record, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * With no model the reply is what memory and knowledge hold, quoted, or the plain truth: that none is configured and how
 * to configure one.
 */
async function answerUnmodelled(
  chat: Chat,
  question: Question,
  memoryEnabled: boolean,
  explanation: string,
  emit: (piece: Piece) => void,
): Promise<Outcome> {
  const startedAt = performance.now();
  const answer = memoryEnabled ? await extractiveAnswer(chat, question) : undefined;
  if (answer) emitCitations(emit, answer.citations);
  emit({ kind: 'TEXT', body: answer?.text ?? explanation });
  const latencyMs = performance.now() - startedAt;
  return {
    status: 'COMPLETE',
    unmodelled: { alias: answer?.model ?? 'none', callId: uuidv7(), latencyMs },
    droppedMessages: 0,
  };
}

function emitCitations(emit: (piece: Piece) => void, citations: readonly Citation[]): void {
  if (citations.length > 0) emit({ kind: 'PART', body: JSON.stringify({ citations }) });
}
