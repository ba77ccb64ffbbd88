import { StreamFencedError, StreamLimitError } from '#platform/realtime/streams/stream-errors.ts';
import type { StreamWriter } from '#platform/realtime/streams/stream-log.ts';
import type { Message } from '#prisma/chat/client/client.ts';
import { append, type Draft, EMPTY_DRAFT, extend, type Piece, toChunk } from '../draft/draft.ts';
import { StorableText, storableAside } from '../draft/storable.ts';
import type { ChatParts } from '../parts.ts';
import { type Composition, compose, compositionOf } from './compose.ts';
import { endReply } from './end-reply.ts';
import type { Journal, JournalEntry } from './journal.ts';
import { breakdownOf, type Outcome, StopRequest } from './outcome.ts';
import { identityOf } from './requester.ts';
import { generateTitle } from './title.ts';

/** Most UTF-16 code units of a reply with its reasoning; a model that goes on beyond it is stopped. */
const MAX_LENGTH = 1_000_000;
const TOO_LONG = { code: 'PAYLOAD_TOO_LARGE', message: `The reply was cut off at ${MAX_LENGTH} characters.` };

/** Another process has the reply now: nothing that is done here counts any more. */
class Lost extends Error {
  override name = 'Lost';
}

/**
 * A reply being written by this process. What the model says comes here (`emit` of askModel, in ask-model.ts) and goes
 * to the stream log in groups: the first words at once, what follows when the journal says that it is time. The log
 * carries it to the readers in all processes, each of whom follows it by follow.ts.
 */
export class OngoingReply {
  readonly #chat: ChatParts;
  readonly #journal: Journal;
  readonly #reply: Message;
  readonly #writer: StreamWriter;
  readonly #entry: JournalEntry;
  readonly #stop = new AbortController();
  readonly #text = new StorableText();
  readonly #composing: Promise<Composition> | undefined;
  #draft: Draft = EMPTY_DRAFT;
  /** Pieces that the stream log does not have yet. */
  #unshown: Piece[] = [];
  /** Whether readers have the first words. */
  #begun = false;
  /** What a complete reply was written from. */
  #exchange: Composition | undefined;

  /** @param composing what it is written from, where that is being read already. */
  constructor(
    chat: ChatParts,
    journal: Journal,
    reply: Message,
    writer: StreamWriter,
    composing: Promise<Composition> | undefined,
  ) {
    this.#chat = chat;
    this.#composing = composing;
    this.#journal = journal;
    this.#reply = reply;
    this.#writer = writer;
    this.#entry = journal.open(reply.id, reply.epoch, {
      show: () => this.#show(),
      lost: () => this.#stop.abort(new Lost()),
    });
    const { stopRequested } = writer;
    const stop = () =>
      this.#stop.abort(stopRequested.reason instanceof StreamFencedError ? new Lost() : new StopRequest('STOPPED'));
    if (stopRequested.aborted) stop();
    else stopRequested.addEventListener('abort', stop, { once: true });
  }

  /** Stops the provider and ends the reply as `request` says; what has arrived is kept. */
  stop(request: StopRequest): void {
    this.#stop.abort(request);
  }

  /**
   * Writes the reply to its end, whatever that is.
   *
   * @returns the replies that have waited for that.
   */
  async write(): Promise<readonly string[]> {
    const { log, metrics, topics } = this.#chat;
    const { id, conversationId } = this.#reply;
    let composition: Composition | undefined;
    let outcome: Outcome;
    try {
      composition = await (this.#composing ?? compositionOf(this.#chat, this.#reply));
      outcome = await compose(this.#chat, composition, (piece) => this.#take(piece), this.#stop.signal);
      const rest = this.#text.end();
      if (rest !== '') this.#keep({ kind: 'TEXT', body: rest });
    } catch (error) {
      const { logged, told } = breakdownOf(error);
      log.error({ err: error, replyId: id }, logged);
      outcome = { status: this.#draft.text === '' ? 'FAILED' : 'INTERRUPTED', error: told, records: [] };
    }
    await this.#journal.close(this.#entry);
    const ending = { reply: this.#reply, writer: this.#writer, stop: this.#stop.signal };
    const { waiting, outcome: kept } = await endReply(this.#chat, ending, this.#draft, outcome);
    if (waiting === undefined) return [];
    metrics.replies.inc({ status: kept.status });
    await topics.publish(conversationId, { type: 'ReplyFinished', messageId: id });
    if (kept.status === 'COMPLETE' && kept.records.length > 0) this.#exchange = composition;
    return waiting;
  }

  /** Gives the conversation a title if this reply completed its first exchange. Never rejects. */
  async title(signal: AbortSignal): Promise<void> {
    if (this.#exchange === undefined || !this.#chat.config.CHAT_TITLES) return;
    const { conversation, history } = this.#exchange;
    if (history.length !== 1 || conversation.titleSource !== 'FIRST_WORDS') return;
    const model = this.#reply.model ?? conversation.model ?? undefined;
    const madeFrom = [history[0]!.id, this.#reply.id];
    const told = { question: history[0]!.text, reply: this.#draft.text };
    const exchange = { conversationId: conversation.id, model, madeFrom, ...told };
    try {
      await generateTitle(this.#chat, exchange, identityOf(this.#reply.requester), signal);
    } catch (error) {
      this.#chat.log.warn({ err: error, conversationId: conversation.id }, 'a title could not be stored');
    }
  }

  /** Takes a piece from the model, as far as it can be stored. */
  #take({ kind, body }: Piece): void {
    if (this.#stop.signal.aborted) return;
    const storable = kind === 'TEXT' ? this.#text.push(body) : kind === 'REASONING' ? storableAside(body) : body;
    const room = MAX_LENGTH - this.#draft.text.length - this.#draft.reasoning.length;
    const isCut = kind !== 'PART' && storable.length > room;
    // A character that is torn is dropped.
    const fits = isCut ? storable.slice(0, room).replace(/[\uD800-\uDBFF]$/, '') : storable;
    if (fits !== '') this.#keep({ kind, body: fits });
    if (isCut) this.#stop.abort(new StopRequest('INTERRUPTED', TOO_LONG));
  }

  #keep(piece: Piece): void {
    this.#draft = extend(this.#draft, piece);
    this.#entry.push(piece);
    append(this.#unshown, piece);
    if (this.#begun) this.#journal.gather();
    else this.#show();
    this.#begun ||= piece.kind !== 'PART';
  }

  /** Hands what has gathered to the stream log: from there readers get it, and there it outlives this process. */
  #show(): void {
    const pieces = this.#unshown;
    this.#unshown = [];
    try {
      for (const piece of pieces) this.#writer.append(toChunk(piece));
    } catch (error) {
      if (error instanceof StreamFencedError) this.#stop.abort(new Lost());
      else if (error instanceof StreamLimitError) this.#stop.abort(new StopRequest('INTERRUPTED', TOO_LONG));
      else throw error;
    }
  }
}
