import { v7 as uuidv7 } from 'uuid';
import type { ChatRequest } from '#llm/requests.ts';
import { CodedError } from '#platform/base/errors/errors.ts';
import type { Conversation, Message, Prisma } from '#prisma/chat/client/client.ts';
import { Citations } from '../draft/citations.ts';
import type { Piece } from '../draft/draft.ts';
import { storedToolCalls } from '../draft/tool-calls.ts';
import { requestParameters, storedParameters } from '../parameters.ts';
import type { ChatParts } from '../parts.ts';
import { imagesOf } from '../peers/images.ts';
import { extractiveAnswer, type Question, recall } from '../peers/recall.ts';
import { withAllowedCalls } from '../tools/allowed-calls.ts';
import { storedOffer } from '../tools/offer.ts';
import { toolsFor } from '../tools/server-tools.ts';
import { askModel } from './ask-model.ts';
import { failureOf, type Outcome } from './outcome.ts';
import { mayReadSources, withoutSources } from './privacy.ts';
import { earlierThan, historyOf, promptOf } from './prompt.ts';
import { identityOf } from './requester.ts';

export interface Composition {
  readonly reply: Message;
  readonly conversation: Conversation;
  readonly history: readonly Message[];
  /** Whether people beside the one who asks read the reply. */
  readonly isShared: boolean;
}

/** The conversation of a reply, as far as it has to do with how the reply is written. */
export type Setting = Pick<Composition, 'conversation' | 'isShared'>;

/** Returns what a reply is written from. @param known as much of it as has been read with the claim. */
export async function compositionOf(
  chat: ChatParts,
  reply: Message,
  known: { readonly setting?: Setting | undefined; readonly history?: readonly Message[] } = {},
): Promise<Composition> {
  const [{ conversation, isShared }, messages] = await Promise.all([
    known.setting ?? settingOf(chat, reply.conversationId),
    known.history ?? historyOf(chat.db, reply.parentId!),
  ]);
  // What a tool once told another person of what is theirs is not told to this one.
  const history = messages.map((message) =>
    message.role === 'USER' || mayReadSources(message, reply.requesterId ?? undefined)
      ? message
      : {
          ...message,
          toolCalls: storedToolCalls(message.toolCalls).map(withoutSources) as unknown as Prisma.JsonValue,
        },
  );
  return { reply, conversation, history, isShared };
}

async function settingOf({ db }: ChatParts, id: string): Promise<Setting> {
  const include = { _count: { select: { participants: true } } } as const;
  const { _count, ...conversation } = await db.conversation.findUniqueOrThrow({ where: { id }, include });
  return { conversation, isShared: _count.participants > 1 };
}

/**
 * Asks memory, then the model, and hands on what comes. Aborting `signal` with a StopRequest stops the provider at once
 * and ends the reply as the request says.
 */
export async function compose(
  chat: ChatParts,
  { reply, conversation, history, isShared }: Composition,
  emit: (piece: Piece) => void,
  signal: AbortSignal,
): Promise<Outcome> {
  const identity = identityOf(reply.requester);
  const question: Question = {
    text: history.findLast(({ role }) => role === 'USER')?.text ?? '',
    conversationId: conversation.id,
    leftOut: await leftOutOf(chat, { reply, conversation, history, isShared }),
    identity,
    requestId: reply.id,
    signal,
  };
  const model = reply.model ?? conversation.model;
  const offer = storedOffer(reply.offer);
  // All who take part read a reply: what is kept about one of them goes into it when that one asks for it.
  const recalls = conversation.memoryEnabled && (offer.memory ?? !isShared);
  const recalling = recalls ? recall(chat, question) : undefined;
  let images: Awaited<ReturnType<typeof imagesOf>>;
  try {
    images = await imagesOf(chat, history, model, signal);
  } catch (error) {
    return { ...failureOf(error, signal), records: [] };
  }
  const recalled = await recalling;
  const citations = new Citations(emit);
  if (recalled) citations.add(recalled.citations);

  const call = {
    identity,
    signal,
    purpose: 'reply',
    conversationId: conversation.id,
    messageId: reply.id,
    requestId: reply.id,
  };
  try {
    const tools = await toolsFor(chat, question, {
      offer,
      mayUseMemory: conversation.memoryEnabled,
      toolServers: offer.toolServers ?? conversation.toolServers,
      // Another participant may have chosen those of the conversation, and written its instructions.
      mayUseAccounts: !isShared || offer.toolServers !== undefined,
      citations,
    });
    const request: ChatRequest = {
      ...(model !== null && { model }),
      messages: promptOf(await withAllowedCalls(chat, history, tools, { identity, signal }), {
        systemPrompt: conversation.systemPrompt,
        instructions: recalled?.instructions,
        quoted: recalled?.quoted,
        sources: recalled?.sources,
        images,
      }),
      ...requestParameters(storedParameters(conversation.parameters), storedParameters(reply.parameters)),
      ...(offer.format && { output: offer.format }),
    };
    return await askModel(chat.models, request, call, tools, emit, citations, chat.config.TOOL_APPROVAL_S * 1_000);
  } catch (error) {
    // Quotations are not an answer to a program that waits for JSON.
    if (!(error instanceof CodedError) || error.code !== 'MODEL_NOT_CONFIGURED' || offer.format) {
      return { ...failureOf(error, signal), records: [] };
    }
    return answerUnmodelled(chat, question, recalls, error.message, emit);
  }
}

/**
 * Returns the messages on the way to a reply that its model does not get: those before the history, and those for which
 * the window has no room beside what memory may quote. None where no model is configured.
 */
async function leftOutOf(chat: ChatParts, { reply, conversation, history }: Composition): Promise<string[]> {
  const model = reply.model ?? conversation.model;
  const parameters = requestParameters(storedParameters(conversation.parameters), storedParameters(reply.parameters));
  const { systemPrompt } = conversation;
  const request = {
    ...(model !== null && { model }),
    messages: promptOf(history, { systemPrompt, instructions: undefined, quoted: undefined, images: new Map() }),
    ...(parameters.maxTokens !== undefined && { maxTokens: parameters.maxTokens }),
  };
  const [earlier, dropped] = await Promise.all([
    earlierThan(chat.db, history),
    chat.models.leftOut(request, chat.config.CHAT_RECALL_TOKENS).catch((error: unknown) => {
      if (error instanceof CodedError) return [];
      throw error;
    }),
  ]);
  return [...new Set([...earlier, ...dropped.filter((id) => !id.startsWith('#'))])];
}

/**
 * With no model the reply is what memory and knowledge hold, quoted, or the plain truth: that none is configured and
 * how to configure one.
 */
async function answerUnmodelled(
  chat: ChatParts,
  question: Question,
  recalls: boolean,
  explanation: string,
  emit: (piece: Piece) => void,
): Promise<Outcome> {
  const startedAt = performance.now();
  const answer = recalls ? await extractiveAnswer(chat, question) : undefined;
  if (answer) new Citations(emit).add(answer.citations);
  emit({ kind: 'TEXT', body: answer?.text ?? explanation });
  const latencyMs = performance.now() - startedAt;
  return {
    status: 'COMPLETE',
    records: [],
    unmodelled: { alias: answer?.model ?? 'none', callId: uuidv7(), latencyMs },
  };
}
