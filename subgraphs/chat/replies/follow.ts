import { badInput, CodedError } from '#platform/base/errors/errors.ts';
import { StreamUnknownError } from '#platform/realtime/streams/stream-errors.ts';
import type { Message } from '#prisma/chat/client/client.ts';
import { messageFor } from '../access.ts';
import { type Draft, EMPTY_DRAFT, extend, fromChunk, type Part, type Piece, piecesOf } from '../draft/draft.ts';
import { liveDrafts } from '../draft/live-draft.ts';
import type { ToolCall, ToolCallResult } from '../draft/tool-calls.ts';
import type { ChatParts } from '../parts.ts';
import type { Citation, Quote } from '../peers/recall.ts';
import { watchMembership } from '../topics/watch-membership.ts';
import { mayReadSources, seenBy, Withholding } from './privacy.ts';
import type { Replies } from './replies.ts';
import { type Final, storedFinal } from './settle.ts';

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
  | { readonly __typename: 'ReplyQuote'; readonly index: number; readonly quote: Quote }
  | ({ readonly __typename: 'ReplyEnd' } & Final);

/** How long to wait for a pending reply to be begun before the database is asked again, in ms. */
const WAIT_MS = 1_000;

/**
 * Follows a reply: a snapshot of what the reader lacks, then what is written, then the end. It is the source of the
 * subscription `messageStream`: platform/host/execution.ts takes one event after another from it, and hands the answer
 * to each to the one who subscribed, which is gateway/execution/answering/events.ts.
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
  const watched = await watchMembership(chat.topics, message.conversationId, userId, signal);
  try {
    // Again, now that a removal would be heard of.
    await messageFor(chat.db, userId, messageId);
    yield* followFrom(chat, replies, message, request, watched.signal);
    if (watched.ended()) throw new CodedError('FORBIDDEN', 'You no longer take part in this conversation.');
  } finally {
    watched.close();
  }
}

async function* followFrom(
  chat: ChatParts,
  replies: Replies,
  first: Message,
  request: { readonly userId: string; readonly messageId: string; readonly after: number },
  signal: AbortSignal,
): AsyncGenerator<ReplyEvent, void> {
  const reader = new ReplyReader(chat, replies, first, request);
  let message: Message | null = first;
  while (message && !signal.aborted) {
    if (message.status === 'STREAMING') {
      message = yield* reader.check(message);
      if (message?.status !== 'STREAMING') continue;
    } else if (message.status === 'PENDING') yield* reader.wait();
    else return yield* reader.end(message);
    try {
      // Here, and not a generator further down: each passes every piece through more turns of the event loop.
      for await (const event of chat.streams.read(request.messageId, { signal, waitMs: WAIT_MS })) {
        if (event.type === 'chunks') yield* reader.take(event.chunks.map(fromChunk), event.snapshot);
        else if (event.type === 'end') {
          const final = event.final as unknown as Final;
          if (final.lastSeq !== reader.length) break;
          yield { __typename: 'ReplyEnd', ...final };
          return;
        } else if (!(await reader.isUnderWay())) break;
      }
    } catch (error) {
      if (!(error instanceof StreamUnknownError)) throw error;
      await replies.recover(request.messageId);
    }
    if (!signal.aborted) message = await reader.current();
  }
}

/** One reader of one reply. */
class ReplyReader {
  readonly #chat: ChatParts;
  readonly #replies: Replies;
  readonly #userId: string;
  readonly #messageId: string;
  readonly #after: number;
  readonly #position: ReaderPosition;
  readonly #withholding: Withholding | undefined;

  constructor(
    chat: ChatParts,
    replies: Replies,
    first: Message,
    { userId, messageId, after }: { readonly userId: string; readonly messageId: string; readonly after: number },
  ) {
    this.#chat = chat;
    this.#replies = replies;
    this.#userId = userId;
    this.#messageId = messageId;
    this.#after = after;
    this.#position = new ReaderPosition(after);
    this.#withholding = mayReadSources(first, userId) ? undefined : new Withholding();
  }

  /** Returns the reply as the database has it. */
  current(): Promise<Message | null> {
    return this.#chat.db.message.findUnique({ where: { id: this.#messageId } });
  }

  /** Tells a reader of a reply that is not begun that there is nothing yet. */
  *wait(): Generator<ReplyEvent, void> {
    if (this.#position.begun) return;
    this.#position.correct(0);
    yield* this.#position.take([]);
  }

  /** Tells what a reply came to, as it is stored. */
  async *end(message: Message): AsyncGenerator<ReplyEvent, void> {
    this.#position.correct(message.text.length);
    yield* this.#position.take(piecesOf(seenBy(this.#userId, message)));
    yield { __typename: 'ReplyEnd', ...(await storedFinal(this.#chat, message)) };
  }

  /**
   * Looks whether a reply is being written still, and how far, before its log is read.
   *
   * @returns the reply as it is now.
   */
  async *check(message: Message): AsyncGenerator<ReplyEvent, Message | null> {
    let known: Message | null = message;
    // A reader that claims more than there is.
    if (this.#after > 0 && !this.#position.begun) {
      const { text } = await draftOf(this.#chat, this.#messageId);
      if (text.length < this.#after) {
        // Or it has ended in between, and its pieces have become its text.
        known = await this.current();
        if (known?.status !== 'STREAMING') return known;
        this.#position.correct(text.length);
      }
    }
    if ((await this.#chat.streams.inspect(this.#messageId))?.status === 'live') return known;
    // Its process may have died, or have ended it just now. What it wrote is in the database.
    if (!this.#position.begun) yield* this.take(piecesOf(await draftOf(this.#chat, this.#messageId)));
    await this.#replies.recover(this.#messageId);
    return this.current();
  }

  /** Length of the text that the reader has. */
  get length(): number {
    return this.#position.length;
  }

  /** What of these pieces is new to the reader, and meant for it. @param fromStart as ReaderPosition has it. */
  take(pieces: readonly Piece[], fromStart?: boolean): Generator<ReplyEvent, void> {
    return this.#position.take(this.#withholding?.show(pieces) ?? pieces, fromStart);
  }

  /** Whether a reply of which nothing comes is to be written still; one whose process has died is ended. */
  async isUnderWay(): Promise<boolean> {
    await this.#replies.recover(this.#messageId);
    const { db } = this.#chat;
    const now = await db.message.findUnique({ where: { id: this.#messageId }, select: { status: true } });
    return now?.status === 'PENDING' || now?.status === 'STREAMING';
  }
}

const draftOf = async (chat: ChatParts, messageId: string): Promise<Draft> => (await liveDrafts(chat, [messageId]))[0]!;

/** The place that a reader has come to in a reply, which tells what is new to it. */
class ReaderPosition {
  /** Length of the text that the reader has. */
  length: number;
  /** Whether the reader has had its snapshot. */
  begun = false;
  #reasoning = 0;
  #citations = 0;
  readonly #quotes = new Set<string>();
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
    const quotes = news.citations.flatMap(({ index, quotes: some = [] }) => some.map((one) => keyOf(index, one)));
    if (news.citations.length > this.#citations || quotes.some((quote) => !this.#quotes.has(quote))) {
      this.#citations = news.citations.length;
      for (const quote of quotes) this.#quotes.add(quote);
      yield { __typename: 'ReplyCitations', citations: news.citations };
    }
    if (news.reasoning !== '') yield* this.#think(news.reasoning);
    yield* this.#say(news.text, fromStart && !this.begun);
    for (const { kind, body } of pieces) if (kind === 'PART') yield* this.#call(JSON.parse(body) as Part);
  }

  *#call({ toolCall, toolResult, quote: quoted }: Part): Generator<ReplyEvent, void> {
    if (quoted) {
      const key = keyOf(quoted.index, quoted.quote);
      if (!this.#quotes.has(key)) yield { __typename: 'ReplyQuote', ...quoted };
      this.#quotes.add(key);
    }
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

/** A source may be drawn on several times at one place, with other words. */
const keyOf = (index: number, { text, textOffset }: Quote): string => `${index} ${textOffset} ${text}`;
