import { untilAborted } from '#platform/base/cancellation/until-aborted.ts';
import type { ServerEvent } from '#platform/net/http/event-stream.ts';
import { brokenAnswer } from './classify.ts';
import type { Delta, FinishReason } from './deltas.ts';
import { dataIn } from './event-data.ts';
import { ProviderFailure } from './failure.ts';
import { finishOf } from './finish-reasons.ts';
import type { Gathering } from './gathering.ts';
import { type Events, openEvents } from './open-events.ts';
import type { Reader } from './protocol.ts';
import type { Finishes } from './quirks.ts';
import { ReplyText, type ReplyTextOptions } from './reply-text.ts';
import type { ProviderResponse } from './transport.ts';
import type { ReportedUsage } from './usage.ts';
import { Watchdog } from './watchdog.ts';

/** The end of a provider's stream; `usage` as far as it sent any. */
export interface ProviderEnd {
  readonly type: 'end';
  readonly reason: Exclude<FinishReason, 'stopped'>;
  readonly usage: ReportedUsage | undefined;
}

/** The options of a stream: what this layer does to a reply because its provider does not. */
export interface StreamOptions extends ReplyTextOptions {
  /**
   * Longest wait for the first and for every further piece, in ms. Time that the consumer takes does not count. Before
   * the first one, a server that says that it is there is waited for longer.
   */
  readonly stallMs: number;
  /** What is known of how the deployment ends its replies, and who wants to know. */
  readonly finishes?: { readonly known: Finishes | undefined; learn(finishes: Finishes): void };
  /** The rhythm that it shares with the other streams of the process. */
  readonly gathering: Gathering;
}

/** A server that says no more than that it is there has forgotten the request: DeepSeek gives up after ten minutes. */
const MAX_ALIVE_MS = 900_000;
/** What follows a finish reason (usage, `[DONE]`) comes at once; a server that keeps the connection open is left. */
const AFTER_FINISH_MS = 1_000;
/**
 * Unless it came with the first words, or the server has gone on after one: servers in front of Gemini say one with
 * every piece.
 */
const AFTER_FIRST_FINISH_MS = 10_000;
/** Such a piece seldom ends where a sentence does, and a whole reply mostly does. */
const AFTER_FIRST_SENTENCE_MS = 2_000;
/** Quotes and brackets may close behind its end; a mark of Markdown, or a bracket alone, says nothing. */
const SENTENCE = /[.!?…。！？।؟۔][)\]}»”’\x22\x27]{0,5}\s{0,5}$/u;
/** A shorter one may be the first piece of many, in characters. */
const MIN_SENTENCE = 40;

/**
 * A streaming request to one provider: makes deltas of what its socket says.
 *
 * Who asks for them is ProviderReply (llm/chat/provider-reply.ts), which keeps limits and has the router pick the
 * provider, for ChatCalls (llm/chat/chat-calls.ts), which looks for kept replies and keeps the record of the call. Both
 * hand each delta on as it is, as a part of the ChatStream that `Models.chat` returns; of a reply in a conversation
 * `askModel` reads it (subgraphs/chat/replies/ask-model.ts).
 *
 * It throws ProviderFailure for whatever is not a whole reply: a stream that ends without a finish reason or `[DONE]`
 * was cut, however politely the connection was closed; one that has a finish reason is whole, whatever the connection
 * does then. No async generator: a reply has thousands of pieces, and each layer of those costs every piece several
 * turns of the event loop.
 */
export class ProviderStream {
  readonly #ask: (signal: AbortSignal) => Promise<ProviderResponse>;
  readonly #reader: Reader;
  readonly #signal: AbortSignal;
  readonly #stallMs: number;
  readonly #watchdog: Watchdog;
  readonly #text: ReplyText;
  readonly #gathering: Gathering;
  readonly #finishes: StreamOptions['finishes'];
  #state: 'waiting' | 'begun' | 'over' = 'waiting';
  #events: Events | undefined;
  #headers = new Headers();
  /** When the last event came. */
  #heardAt = performance.now();
  /** What was read beyond the delta that was handed out last. */
  #waiting: Delta[] = [];
  /** What is wrong with the events after `waiting`. */
  #broken: unknown;
  #ended: ProviderEnd | undefined;
  /** Whether the first words were a sentence, and came with a finish reason. */
  #isFirstSentence = false;

  /**
   * @param ask sends the request, with a signal that ends it at once.
   * @param signal the caller's.
   */
  constructor(
    ask: (signal: AbortSignal) => Promise<ProviderResponse>,
    reader: Reader,
    signal: AbortSignal,
    options: StreamOptions,
  ) {
    this.#ask = ask;
    this.#reader = reader;
    this.#signal = signal;
    this.#stallMs = options.stallMs;
    this.#watchdog = new Watchdog(signal, options.stallMs);
    this.#text = new ReplyText(options);
    this.#gathering = options.gathering;
    this.#finishes = options.finishes;
  }

  /**
   * The next delta or the end; undefined when the signal was aborted. Not to be called again after an end or a throw.
   */
  async next(): Promise<Delta | ProviderEnd | undefined> {
    const waiting = this.#waiting.shift() ?? this.#ended;
    if (waiting) return waiting;
    this.#watchdog.wait();
    try {
      if (this.#broken !== undefined) throw this.#broken;
      this.#events ??= await this.#open();
      const goesOn = this.#state === 'begun' && this.#reader.finish === undefined;
      const moment = goesOn ? this.#gathering.moment() : undefined;
      // A stop does not wait for the end of the moment.
      if (moment) await untilAborted(moment, this.#signal);
      for (;;) {
        const event = await this.#events.next();
        if (!event) return this.#end(true);
        this.#take(event);
        if (moment) this.#takeReady(this.#events);
        const delta = this.#waiting.shift();
        if (this.#text.stopped) return this.#stop(delta);
        if (delta) {
          this.#begin();
          this.#watchdog.rest();
          return delta;
        }
        if (this.#broken !== undefined) throw this.#broken;
      }
    } catch (error) {
      this.#leave();
      if (this.#signal.aborted) return undefined;
      // The reply was whole before the connection stood still, broke or spoke of something else.
      if (this.#reader.finish !== undefined) {
        if (this.#watchdog.stalled && this.#isFirstSentence) this.#finishes?.learn('once');
        return this.#end(false);
      }
      if (this.#watchdog.stalled) throw new ProviderFailure('stalled', `nothing came for ${this.#stallMs} ms`);
      if (error instanceof SyntaxError && this.#events?.torn)
        throw new ProviderFailure('cut', 'the stream ended within an event', { cause: error });
      throw brokenAnswer(error);
    }
  }

  /** Ends the request if it still runs. */
  close(): void {
    this.#leave();
    this.#watchdog.end();
  }

  #begin(): void {
    if (this.#state !== 'waiting') return;
    this.#state = 'begun';
    this.#gathering.enter();
  }

  #leave(): void {
    if (this.#state === 'begun') this.#gathering.leave();
    this.#state = 'over';
  }

  #take(event: ServerEvent): void {
    const said = dataIn(event.data);
    // A sign of life in an event is worth as much as one in a comment.
    if (said.length === 0) return void this.#alive();
    this.#heardAt = performance.now();
    this.#watchdog.wait();
    for (const data of said) this.#read({ name: event.name, data });
  }

  #read(event: ServerEvent): void {
    const before = this.#reader.finish;
    const told = this.#waiting.length;
    this.#reader.take(event, this.#headers, this.#text, this.#waiting);
    if (this.#reader.finish === undefined) return;
    const says = this.#waiting.length > told;
    if (before === undefined) this.#watchdog.allow(Math.min(this.#afterFinish(), this.#stallMs));
    else if (says) {
      this.#finishes?.learn('often');
      this.#watchdog.allow(this.#stallMs);
    }
  }

  #afterFinish(): number {
    if (this.#finishes?.known === 'often') return AFTER_FIRST_FINISH_MS;
    if (this.#state !== 'waiting') return AFTER_FINISH_MS;
    const last = this.#waiting.findLast((delta) => delta.type === 'text')?.text ?? '';
    const isSentence = last.length >= MIN_SENTENCE && SENTENCE.test(last.slice(-20));
    this.#isFirstSentence = isSentence;
    if (!isSentence) return AFTER_FIRST_FINISH_MS;
    return this.#finishes?.known === 'once' ? AFTER_FINISH_MS : AFTER_FIRST_SENTENCE_MS;
  }

  /** Takes what else has come, as one. What breaks the stream is told after what came before it. */
  #takeReady(events: Events): void {
    try {
      for (let event = events.ready(); event && !this.#text.stopped; event = events.ready()) this.#take(event);
    } catch (error) {
      this.#broken = error;
    }
    this.#waiting = joined(this.#waiting);
  }

  async #open(): Promise<Events> {
    const response = await this.#ask(this.#watchdog.signal);
    this.#headers = response.headers;
    return openEvents(response, () => this.#alive());
  }

  /**
   * DeepSeek's queue and OpenRouter's providers may take minutes, and say meanwhile that the request is not lost. Once
   * words have come, such a sign is of a proxy, and does not say whether the model still writes.
   */
  #alive(): void {
    const isPatient = performance.now() - this.#heardAt < MAX_ALIVE_MS;
    if (this.#state === 'waiting' && this.#reader.finish === undefined && isPatient) this.#watchdog.refresh();
  }

  /** One of the words has come that end the reply: the provider need not go on. */
  #stop(delta: Delta | undefined): Delta | ProviderEnd {
    this.#leave();
    this.#watchdog.end();
    this.#reader.end?.(this.#text, this.#waiting);
    this.#ended = { type: 'end', reason: this.#reader.calls ? 'tool_calls' : 'stop', usage: this.#reader.usage };
    return delta ?? this.#waiting.shift() ?? this.#ended;
  }

  /** @param over whether the answer has ended, too. */
  #end(over: boolean): Delta | ProviderEnd | undefined {
    this.#leave();
    if (this.#signal.aborted) return undefined;
    const finish = this.#reader.finish ?? (this.#events?.done ? 'stop' : undefined);
    if (finish === undefined) {
      if (this.#watchdog.stalled) throw new ProviderFailure('stalled', 'aborted');
      throw new ProviderFailure('cut', 'the stream ended without a finish reason');
    }
    if (finishOf(finish, false) === 'failed')
      throw new ProviderFailure('server_error', `the reply ended with ${finish.slice(0, 100)}`);
    if (over) this.#watchdog.complete();
    else this.#watchdog.end();
    this.#reader.end?.(this.#text, this.#waiting);
    this.#text.end(this.#waiting);
    // A call in the text may be told with its last words.
    const reason = finishOf(finish, this.#reader.calls) as ProviderEnd['reason'];
    this.#ended = { type: 'end', reason, usage: this.#reader.usage };
    return this.#waiting.shift() ?? this.#ended;
  }
}

/** Joins texts that follow one another. */
function joined(deltas: readonly Delta[]): Delta[] {
  const all: Delta[] = [];
  for (const delta of deltas) {
    const last = all.at(-1);
    if (last?.type === 'text' && delta.type === 'text')
      all[all.length - 1] = { type: 'text', text: last.text + delta.text };
    else all.push(delta);
  }
  return all;
}
