import { setTimeout as sleep } from 'node:timers/promises';
import { StreamFencedError, StreamLimitError } from '#platform/realtime/streams/stream-errors.ts';
import type { StreamWriter } from '#platform/realtime/streams/stream-log.ts';
import type { Message } from '#prisma/chat/client/client.ts';
import { type Draft, EMPTY_DRAFT, extend, type Piece, toChunk } from '../draft/draft.ts';
import { StorableText, storableAside } from '../draft/storable.ts';
import type { ChatParts } from '../parts.ts';
import { type Composition, compose, compositionOf } from './compose.ts';
import type { Journal, JournalEntry } from './journal.ts';
import { type Outcome, StopRequest } from './outcome.ts';
import { identityOf } from './requester.ts';
import { asStreamFinal, finalOf, settle } from './settle.ts';
import { generateTitle } from './title.ts';

/** Most UTF-16 code units of a reply with its reasoning; a model that goes on beyond it is stopped. */
const MAX_LENGTH = 1_000_000;
const TOO_LONG = { code: 'PAYLOAD_TOO_LARGE', message: `The reply was cut off at ${MAX_LENGTH} characters.` };
/** How long the end of a reply is offered to a database that does not answer, in ms. */
const SETTLE_FOR_MS = 60_000;
/** The same when a caller waits for the end: a person who stopped it, or a shutdown. */
const SETTLE_STOPPED_FOR_MS = 3_000;

/** How often a database that answers may refuse the end of a reply: a deadlock passes, a wrong value does not. */
const MAX_REFUSALS = 3;
const NOT_STORED = {
  code: 'INTERNAL_SERVER_ERROR',
  message: 'The reply could not be stored as it was; its text is kept. The administrator finds the reason in the log.',
};

/** The database answers, and refuses what is to be stored. */
class Refused extends Error {
  override name = 'Refused';
}

/** Another process has the reply now: nothing that is done here counts any more. */
class Lost extends Error {
  override name = 'Lost';
}

/** A reply being written by this process. */
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
  /** What a complete reply was written from. */
  #exchange: Composition | undefined;
  /** Replies that have waited for the end of this one. */
  #waiting: readonly string[] = [];

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
      show: (pieces) => this.#show(pieces),
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
    await this.#write();
    return this.#waiting;
  }

  async #write(): Promise<void> {
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
      log.error({ err: error, replyId: id }, 'writing a reply failed unexpectedly');
      const status = this.#draft.text === '' ? 'FAILED' : 'INTERRUPTED';
      const failure = { code: 'INTERNAL_SERVER_ERROR', message: 'Something went wrong while the reply was written.' };
      outcome = { status, error: failure, records: [] };
    }
    await this.#journal.close(this.#entry);
    const settled = await this.#settle(outcome);
    const { waiting } = settled;
    outcome = settled.outcome;
    await this.#end(outcome, waiting !== undefined);
    if (waiting === undefined) return;
    this.#waiting = waiting;
    metrics.replies.inc({ status: outcome.status });
    await topics.publish(conversationId, { type: 'ReplyFinished', messageId: id });
    if (outcome.status === 'COMPLETE' && outcome.records.length > 0) this.#exchange = composition;
  }

  /** Gives the conversation a title if this reply completed its first exchange. Never rejects. */
  async title(signal: AbortSignal): Promise<void> {
    if (this.#exchange === undefined || !this.#chat.config.CHAT_TITLES) return;
    const { conversation, history } = this.#exchange;
    if (history.length !== 1 || conversation.titleSource !== 'FIRST_WORDS') return;
    const model = this.#reply.model ?? conversation.model ?? undefined;
    const exchange = { conversationId: conversation.id, model, question: history[0]!.text, reply: this.#draft.text };
    try {
      await generateTitle(this.#chat, exchange, identityOf(this.#reply.requester), signal);
    } catch (error) {
      this.#chat.log.warn({ err: error, conversationId: conversation.id }, 'a title could not be stored');
    }
  }

  /** A piece from the model: through the journal to readers. */
  #take({ kind, body }: Piece): void {
    if (this.#stop.signal.aborted) return;
    const storable = kind === 'TEXT' ? this.#text.push(body) : kind === 'REASONING' ? storableAside(body) : body;
    if (storable !== '') this.#keep({ kind, body: storable });
    if (this.#draft.text.length + this.#draft.reasoning.length > MAX_LENGTH) {
      this.#stop.abort(new StopRequest('INTERRUPTED', TOO_LONG));
    }
  }

  #keep(piece: Piece): void {
    this.#draft = extend(this.#draft, piece);
    this.#entry.push(piece);
  }

  #show(pieces: readonly Piece[]): void {
    try {
      for (const piece of pieces) this.#writer.append(toChunk(piece));
    } catch (error) {
      if (error instanceof StreamFencedError) this.#stop.abort(new Lost());
      else if (error instanceof StreamLimitError) this.#stop.abort(new StopRequest('INTERRUPTED', TOO_LONG));
      else throw error;
    }
  }

  /**
   * Stores the end, or what there is of it. Tries for a while when the database does not answer; afterwards the reply
   * is left for recovery. What a database that answers refuses, it will refuse again: that is told at once.
   */
  async #settle(outcome: Outcome): Promise<{ waiting: readonly string[] | undefined; outcome: Outcome }> {
    const { log } = this.#chat;
    const replyId = this.#reply.id;
    try {
      return { waiting: await this.#store(this.#draft, outcome), outcome };
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      log.error({ err: error.cause, replyId }, 'the end of a reply cannot be stored; its text alone is kept');
    }
    const status = this.#draft.text === '' ? 'FAILED' : 'INTERRUPTED';
    const rest: Outcome = { status, error: NOT_STORED, records: [] };
    try {
      return { waiting: await this.#store({ ...EMPTY_DRAFT, text: this.#draft.text }, rest), outcome: rest };
    } catch (error) {
      await this.#writer.release();
      throw error;
    }
  }

  async #store(draft: Draft, outcome: Outcome): Promise<readonly string[] | undefined> {
    const { log, db } = this.#chat;
    const patience = this.#stop.signal.reason instanceof StopRequest ? SETTLE_STOPPED_FOR_MS : SETTLE_FOR_MS;
    const giveUpAt = performance.now() + patience;
    let refusals = 0;
    for (let pause = 100; ; pause = Math.min(2 * pause, 2_000)) {
      try {
        return await settle(this.#chat, this.#reply, this.#reply.epoch, draft, outcome);
      } catch (error) {
        log.warn({ err: error, replyId: this.#reply.id }, 'the end of a reply could not be stored; trying again');
        const answers = await db.$queryRaw`SELECT 1`.then(
          () => true,
          () => false,
        );
        if (answers && ++refusals >= MAX_REFUSALS) throw new Refused('the database refused it', { cause: error });
        if (performance.now() > giveUpAt) {
          await this.#writer.release();
          throw error;
        }
        await sleep(pause);
      }
    }
  }

  async #end(outcome: Outcome, ours: boolean): Promise<void> {
    try {
      // Not ours: deleted with its conversation, or taken over, in which case the log refuses this end.
      await this.#writer.finish(
        asStreamFinal(finalOf(this.#draft.text, ours ? outcome : { ...outcome, status: 'STOPPED' })),
      );
    } catch (error) {
      if (!(error instanceof StreamFencedError)) {
        this.#chat.log.warn({ err: error, replyId: this.#reply.id }, 'readers of a reply were not told its end');
      }
    }
  }
}
