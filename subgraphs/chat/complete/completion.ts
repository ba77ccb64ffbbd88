import { randomUUID } from 'node:crypto';
import type { ChatPart, FinishPart } from '#llm/chat-stream.ts';
import type { ChatMessage } from '#llm/messages.ts';
import type { CitationDelta, TextDelta } from '#llm/provider/deltas.ts';
import type { ChatRequest } from '#llm/requests.ts';
import { CodedError, rateLimited } from '#platform/base/errors/errors.ts';
import { requireScope, type UserIdentity } from '#platform/identity/identity.ts';
import type { Place } from '#platform/realtime/places/places.ts';
import { Citations } from '../draft/citations.ts';
import type { ChatParts } from '../parts.ts';
import { type Citation, type Recalled, recall } from '../peers/recall.ts';
import { spend } from '../rate.ts';
import { type CompleteInput, checkCompletion } from './check.ts';

/** The events of a model's answer, in the shape of the graph. */
export type CompletionEvent =
  | { readonly __typename: 'CompletionCitations'; readonly citations: readonly Citation[] }
  | { readonly __typename: 'CompletionStart'; readonly model: string; readonly providerModel: string }
  | { readonly __typename: 'CompletionText'; readonly text: string }
  | { readonly __typename: 'CompletionReasoning'; readonly text: string }
  | {
      readonly __typename: 'CompletionToolCallPiece';
      readonly index: number;
      readonly id: string | undefined;
      readonly name: string | undefined;
      readonly arguments: string;
    }
  | ({ readonly __typename: 'CompletionEnd' } & CompletionEnd);

interface CompletionEnd {
  readonly finishReason: 'STOP' | 'LENGTH' | 'TOOL_CALLS' | 'CONTENT_FILTER';
  readonly usage: FinishPart['usage'];
  readonly cost: string | undefined;
  readonly cached: boolean;
  readonly callId: string;
}

/** A model's whole answer. */
export interface Completion extends CompletionEnd {
  readonly model: string;
  readonly providerModel: string;
  readonly text: string;
  readonly reasoning: string | null;
  readonly toolCalls: readonly { readonly id: string; readonly name: string; readonly arguments: string }[];
  readonly citations: readonly Citation[];
}

/** How a request of this kind is told from others in the records of usage. */
const PURPOSE = 'completion';

/** The answers of models without a conversation: nothing of them is stored but the record of the call. */
export class Completions {
  readonly #chat: ChatParts;

  constructor(chat: ChatParts) {
    this.#chat = chat;
  }

  /**
   * Asks a model, and tells what comes as it comes. Aborting the signal stops the provider.
   *
   * @throws {CodedError} BAD_USER_INPUT, RATE_LIMITED, FORBIDDEN (memory without its scope), and what models throw.
   */
  async *stream(
    user: UserIdentity,
    input: CompleteInput,
    requestId: string,
    signal: AbortSignal,
  ): AsyncGenerator<CompletionEvent, void, undefined> {
    const request = checkCompletion(input);
    if (input.useMemory) requireScope(user, 'memory:read');
    await spend(this.#chat, user, 'messages');
    const place = await this.#enter(user);
    try {
      const recalled = input.useMemory ? await this.#recall(user, request.messages, requestId, signal) : undefined;
      const citations = new Citations(() => undefined);
      citations.add(recalled?.citations ?? []);
      let told = citations.all;
      if (told.length > 0) yield { __typename: 'CompletionCitations', citations: told };
      const messages = recalled ? withRecalled(request.messages, recalled) : request.messages;
      const asked: ChatRequest = { ...request, messages };
      const call = { identity: user, signal, purpose: PURPOSE, requestId };
      const identified = identifyCalls();
      for await (const part of this.#chat.models.chat(asked, call)) {
        const said = part.type === 'citation' ? asText(citations.cite(part), request) : identified(part);
        if (said.type === 'text') citations.hear(said.text);
        // A source is known before the mark that names it; words that are quoted are told with the last of them.
        if (citations.all.length > told.length || (said.type === 'finish' && citations.all !== told)) {
          told = citations.all;
          yield { __typename: 'CompletionCitations', citations: told };
        }
        const event = eventOf(said);
        if (event) yield event;
      }
    } finally {
      place.leave();
    }
  }

  /** Asks a model and waits for the whole answer. @throws as `stream` does. */
  async whole(user: UserIdentity, input: CompleteInput, requestId: string, signal: AbortSignal): Promise<Completion> {
    let text = '';
    let reasoning = '';
    let start = { model: '', providerModel: '' };
    let citations: readonly Citation[] = [];
    const calls: { id: string; name: string; arguments: string }[] = [];
    for await (const event of this.stream(user, input, requestId, signal)) {
      switch (event.__typename) {
        case 'CompletionCitations':
          citations = event.citations;
          break;
        case 'CompletionStart':
          start = event;
          break;
        case 'CompletionText':
          text += event.text;
          break;
        case 'CompletionReasoning':
          reasoning += event.text;
          break;
        case 'CompletionToolCallPiece': {
          calls[event.index] ??= { id: '', name: '', arguments: '' };
          const call = calls[event.index]!;
          call.id ||= event.id ?? '';
          call.name ||= event.name ?? '';
          call.arguments += event.arguments;
          break;
        }
        case 'CompletionEnd': {
          const { __typename: _, ...end } = event;
          const { model, providerModel } = start;
          const toolCalls = calls.filter(Boolean);
          return { model, providerModel, text, reasoning: reasoning || null, toolCalls, citations, ...end };
        }
      }
    }
    throw new CodedError('TIMEOUT', 'The answer was stopped before its end.');
  }

  /** Counts them in all processes together. */
  async #enter({ userId }: UserIdentity): Promise<Place> {
    const limit = this.#chat.config.CHAT_REPLIES_PER_USER;
    const place = await this.#chat.places.enter(`completions:${userId}`, limit);
    if (!place) throw rateLimited(`${limit} answers to you are still being written, which is the most at a time.`, 5);
    return place;
  }

  #recall(identity: UserIdentity, messages: readonly ChatMessage[], requestId: string, signal: AbortSignal) {
    const asked = messages.findLast(({ role }) => role === 'user')?.content;
    const text = typeof asked === 'string' ? asked : asked?.find((part) => part.type === 'text')?.text;
    if (text === undefined || text.trim() === '') return undefined;
    return recall(this.#chat, { text, leftOut: [], identity, requestId, signal });
  }
}

/** Quotations go before the person's last message, in a message of the person's: they are data. */
function withRecalled(
  messages: readonly ChatMessage[],
  { quoted, instructions, sources }: Recalled,
): readonly ChatMessage[] {
  const asked = messages.findLastIndex(({ role }) => role === 'user');
  const before: ChatMessage[] = messages.slice(0, asked);
  if (instructions !== undefined) {
    const [first] = before;
    // One message: many models know one system message only, the first.
    if (first?.role === 'system') before[0] = { ...first, content: `${first.content}\n\n${instructions}` };
    else before.unshift({ role: 'system', content: instructions });
  }
  if (quoted !== undefined) before.push({ role: 'user', content: quoted, sources, pinned: true });
  return [...before, ...messages.slice(asked)];
}

/**
 * Returns what gives each call an id with its first piece, which not all providers do: by its id its result is told,
 * and clients take none for a call that they have no id of.
 */
function identifyCalls(): (part: Exclude<ChatPart, CitationDelta>) => Exclude<ChatPart, CitationDelta> {
  const known = new Set<number>();
  return (part) => {
    if (part.type !== 'tool-call') return part;
    const isFirst = !known.has(part.index);
    known.add(part.index);
    return { ...part, id: isFirst ? part.id || `call_${randomUUID()}` : undefined };
  };
}

/** Returns a mark as a piece of the text; JSON holds none. */
const asText = (mark: string, { output }: Pick<ChatRequest, 'output'>): TextDelta => ({
  type: 'text',
  text: output ? '' : mark,
});

function eventOf(part: Exclude<ChatPart, CitationDelta>): CompletionEvent | undefined {
  switch (part.type) {
    case 'start':
      return { __typename: 'CompletionStart', model: part.alias, providerModel: part.model };
    case 'text':
      return part.text === '' ? undefined : { __typename: 'CompletionText', text: part.text };
    case 'reasoning':
      return { __typename: 'CompletionReasoning', text: part.text };
    case 'tool-call': {
      const { type: _, ...piece } = part;
      return { __typename: 'CompletionToolCallPiece', ...piece };
    }
    case 'finish': {
      // The caller has left: there is no one to tell.
      if (part.reason === 'stopped') return undefined;
      const { usage, cost, cache, id } = part.record;
      return {
        __typename: 'CompletionEnd',
        finishReason: part.reason.toUpperCase() as CompletionEnd['finishReason'],
        usage,
        cost,
        cached: cache === 'hit' || cache === 'shared' || cache === 'semantic',
        callId: id,
      };
    }
  }
}
