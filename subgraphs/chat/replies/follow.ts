import { badInput, CodedError } from '#platform/base/errors/errors.ts';
import { StreamUnknownError } from '#platform/realtime/streams/stream-errors.ts';
import type { Message } from '#prisma/chat/client/client.ts';
import { messageFor } from '../access.ts';
import { type Draft, fromChunk, type Piece, piecesOf } from '../draft/draft.ts';
import { liveDrafts } from '../draft/live-draft.ts';
import type { ChatParts } from '../parts.ts';
import { mayReadSources, seenBy, Withholding } from './privacy.ts';
import type { Replies } from './replies.ts';
import { ReaderPosition, type ReplyEvent } from './reply-events.ts';
import type { Final, ReplyUsage } from './settle.ts';

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
