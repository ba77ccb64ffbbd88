import { badInput, CodedError } from '#platform/base/errors/errors.ts';
import { StreamUnknownError } from '#platform/realtime/streams/stream-errors.ts';
import type { Message } from '#prisma/chat/client/client.ts';
import { messageFor } from '../access.ts';
import { type Draft, EMPTY_DRAFT, extend, fromChunk, type Part, type Piece, piecesOf } from '../draft/draft.ts';
import { liveDrafts } from '../draft/live-draft.ts';
import type { ToolCall, ToolCallResult } from '../draft/tool-calls.ts';
import type { ChatParts } from '../parts.ts';
import type { Citation } from '../peers/recall.ts';
import { mayReadSources, seenBy, Withholding } from './privacy.ts';
import type { Replies } from './replies.ts';
import type { Final, ReplyUsage } from './settle.ts';

/** An event of `messageStream`. */
export type ReplyEvent =
  | {
      readonly __typename: 'ReplyText';
      readonly snapshot: boolean;
      readonly text: string;
      readonly firstSeq: number;
      readonly lastSeq: number;
    }
  | {
      readonly __typename: 'ReplyReasoning';
      readonly text: string;
      readonly firstSeq: number;
      readonly lastSeq: number;
    }
  | { readonly __typename: 'ReplyToolCall'; readonly toolCall: ToolCall }
  | { readonly __typename: 'ReplyToolResult'; readonly callId: string; readonly result: ToolCallResult }
  | { readonly __typename: 'ReplyCitations'; readonly citations: readonly Citation[] }
  | ({ readonly __typename: 'ReplyEnd' } & Final);

/** How long to wait for a pending reply to be begun before the database is asked again, in ms. */
const WAIT_MS = 1_000;

/**
 * Follows a reply: a snapshot of what the reader lacks, then what is written, then the end.
 *
 * The stream log is always read from its beginning, and what the reader has is skipped here by its length. So `after`
 * means the same whether it is answered from the log, from another replica's, from one that was filled in again, or
 * from the database.
 *
 * It ends with an error when the reader no longer takes part in the conversation.
 *
 * @param after length of the text that the reader has, in UTF-16 code units.
 * @throws {CodedError} NOT_FOUND, BAD_USER_INPUT, FORBIDDEN.
 */
export async function* follow(
  chat: ChatParts,
  replies: Replies,
  request: { readonly userId: string; readonly messageId: string; readonly after: number },
  signal: AbortSignal,
): AsyncGenerator<ReplyEvent, void> {
  const { userId, messageId, after } = request;
  if (after < 0) throw badInput('after', `is ${after}; it is the length of the text that you have, 0 or more.`);
  // The process that writes a reply knows it and whose conversation it is.
  const own = replies.ofOwner(messageId, userId);
  if (own) return yield* followFrom(chat, replies, own, request, signal);
  const message = await messageFor(chat.db, userId, messageId);
  // The owner cannot be removed.
  if (message.conversation.ownerId === userId) return yield* followFrom(chat, replies, message, request, signal);
  const watched = await watchMembership(chat, message.conversationId, userId, signal);
  try {
    // Again, now that a removal would be heard of.
    await messageFor(chat.db, userId, messageId);
    yield* followFrom(chat, replies, message, request, watched.signal);
    if (watched.ended()) throw new CodedError('FORBIDDEN', 'You no longer take part in this conversation.');
  } finally {
    watched.close();
  }
}

/** The signal aborts, beside the given one, when the user no longer takes part. */
async function watchMembership({ topics }: ChatParts, conversationId: string, userId: string, signal: AbortSignal) {
  const closing = new AbortController();
  const news = await topics.read(conversationId, AbortSignal.any([signal, closing.signal]));
  let hasLeft = false;
  const watching = (async () => {
    for await (const event of news) {
      if (event.type !== 'ParticipantLeft' || event.userId !== userId) continue;
      hasLeft = true;
      closing.abort();
    }
  })();
  // Without the news no reader would be told of a removal: the stream ends too.
  watching.catch(() => closing.abort());
  return {
    signal: AbortSignal.any([signal, closing.signal]),
    ended: () => hasLeft,
    close: () => closing.abort(),
  };
}

async function* followFrom(
  chat: ChatParts,
  replies: Replies,
  first: Message,
  { userId, messageId, after }: { readonly userId: string; readonly messageId: string; readonly after: number },
  signal: AbortSignal,
): AsyncGenerator<ReplyEvent, void> {
  let message: Message | null = first;
  const withholding = mayReadSources(first, userId) ? undefined : new Withholding();
  const shown = (pieces: readonly Piece[]) => withholding?.show(pieces) ?? pieces;
  const position = new ReaderPosition(after);
  while (message && !signal.aborted) {
    if (message.status !== 'PENDING' && message.status !== 'STREAMING') {
      position.correct(message.text.length);
      yield* position.take(piecesOf(seenBy(userId, message)));
      yield { __typename: 'ReplyEnd', ...(await storedFinal(chat, message)) };
      return;
    }
    // A reader that claims more than there is.
    if (message.status === 'STREAMING' && after > 0 && !position.begun) {
      const { text } = await draftOf(chat, messageId);
      if (text.length < after) {
        // Or it has ended in between, and its pieces have become its text.
        message = await chat.db.message.findUnique({ where: { id: messageId } });
        if (message?.status !== 'STREAMING') continue;
        position.correct(text.length);
      }
    }
    if (message.status === 'PENDING' && !position.begun) {
      position.correct(0);
      yield* position.take([]);
    }
    if (message.status === 'STREAMING' && (await chat.streams.inspect(messageId))?.status !== 'live') {
      // Its process may have died, or have ended it just now. What it wrote is in the database.
      if (!position.begun) yield* position.take(shown(piecesOf(await draftOf(chat, messageId))));
      await replies.recover(messageId);
      message = await chat.db.message.findUnique({ where: { id: messageId } });
      if (message?.status !== 'STREAMING') continue;
    }
    try {
      for await (const event of chat.streams.read(messageId, { signal, waitMs: WAIT_MS })) {
        if (event.type === 'chunks') yield* position.take(shown(event.chunks.map(fromChunk)), event.snapshot);
        else if (event.type === 'end') {
          const final = event.final as unknown as Final;
          if (final.lastSeq !== position.length) break;
          yield { __typename: 'ReplyEnd', ...final };
          return;
        } else {
          await replies.recover(messageId);
          const now = await chat.db.message.findUnique({ where: { id: messageId }, select: { status: true } });
          if (now?.status !== 'PENDING' && now?.status !== 'STREAMING') break;
        }
      }
    } catch (error) {
      if (!(error instanceof StreamUnknownError)) throw error;
      await replies.recover(messageId);
    }
    if (!signal.aborted) message = await chat.db.message.findUnique({ where: { id: messageId } });
  }
}

/** How far a reader has come, and what of a reply is new to it. */
class ReaderPosition {
  /** Length of the text that the reader has. */
  length: number;
  /** Whether the reader has had its snapshot. */
  begun = false;
  #reasoning = 0;
  #citations = 0;
  readonly #toolCalls = new Set<string>();
  readonly #toolResults = new Set<string>();
  /** How far the present reading of the log, or of the database, has come. */
  #text = 0;
  #thought = 0;

  constructor(after: number) {
    this.length = after;
  }

  /** A reader that has more than there is has something else: it is given everything again, from number 1. */
  correct(known: number): void {
    if (this.length > known) this.length = 0;
  }

  /** @param fromStart whether these pieces are the first of a reading from the beginning. */
  *take(pieces: readonly Piece[], fromStart = true): Generator<ReplyEvent, void> {
    if (fromStart) {
      this.#text = 0;
      this.#thought = 0;
    }
    const news = pieces.reduce(extend, EMPTY_DRAFT);
    if (news.citations.length > this.#citations) {
      this.#citations = news.citations.length;
      yield { __typename: 'ReplyCitations', citations: news.citations };
    }
    if (news.reasoning !== '') yield* this.#think(news.reasoning);
    yield* this.#say(news.text, fromStart && !this.begun);
    for (const { kind, body } of pieces) if (kind === 'PART') yield* this.#call(JSON.parse(body) as Part);
  }

  *#call({ toolCall, toolResult }: Part): Generator<ReplyEvent, void> {
    if (toolCall && !this.#toolCalls.has(toolCall.id)) {
      this.#toolCalls.add(toolCall.id);
      yield { __typename: 'ReplyToolCall', toolCall };
    }
    if (toolResult && !this.#toolResults.has(toolResult.callId)) {
      this.#toolResults.add(toolResult.callId);
      yield { __typename: 'ReplyToolResult', ...toolResult };
    }
  }

  *#say(text: string, snapshot: boolean): Generator<ReplyEvent, void> {
    const fresh = text.slice(Math.max(0, this.length - this.#text));
    this.#text += text.length;
    if (fresh === '' && !snapshot) return;
    this.begun = true;
    const firstSeq = this.length + 1;
    this.length += fresh.length;
    yield { __typename: 'ReplyText', snapshot, text: fresh, firstSeq, lastSeq: this.length };
  }

  *#think(text: string): Generator<ReplyEvent, void> {
    const fresh = text.slice(Math.max(0, this.#reasoning - this.#thought));
    this.#thought += text.length;
    if (fresh === '') return;
    const firstSeq = this.#reasoning + 1;
    this.#reasoning += fresh.length;
    yield { __typename: 'ReplyReasoning', text: fresh, firstSeq, lastSeq: this.#reasoning };
  }
}

const draftOf = async (chat: ChatParts, messageId: string): Promise<Draft> => (await liveDrafts(chat, [messageId]))[0]!;

async function storedFinal(chat: ChatParts, message: Message): Promise<Final> {
  const generation = await chat.db.generation.findUnique({ where: { messageId: message.id } });
  const usage: ReplyUsage | null = generation && {
    inputTokens: generation.inputTokens,
    cachedInputTokens: generation.cachedInputTokens,
    outputTokens: generation.outputTokens,
    reasoningTokens: generation.reasoningTokens,
    estimated: generation.estimated,
  };
  return {
    status: message.status,
    lastSeq: message.text.length,
    error: message.errorCode === null ? null : { code: message.errorCode, message: message.errorMessage ?? '' },
    usage,
  };
}
