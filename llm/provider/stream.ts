import type { OpenAI } from 'openai';
import type { ServerEvent } from '#platform/net/http/event-stream.ts';
import { classify } from './classify.ts';
import type { Clients } from './clients.ts';
import { said } from './content.ts';
import type { Delta, FinishReason } from './deltas.ts';
import { errorOf } from './error-body.ts';
import { ProviderFailure } from './failure.ts';
import { finishOf } from './finish-reasons.ts';
import { type Events, openEvents } from './open-events.ts';
import { ReplyText } from './reply-text.ts';
import { ToolCallPieces } from './tool-call-pieces.ts';
import type { ProviderResponse } from './transport.ts';
import { type ReportedUsage, reportedUsage } from './usage.ts';
import { Watchdog } from './watchdog.ts';

/** The end of a provider's stream; `usage` as far as it sent any. */
export interface ProviderEnd {
  readonly type: 'end';
  readonly reason: Exclude<FinishReason, 'stopped'>;
  readonly usage: ReportedUsage | undefined;
}

/** The options of a stream: what this layer does to a reply because its provider does not. */
export interface StreamOptions {
  /** Longest wait for the first and for every further piece, in ms. Time that the consumer takes does not count. */
  readonly stallMs: number;
  /** Words that end the reply, where the provider takes no `stop`. */
  readonly stop?: readonly string[] | undefined;
  /** Whether the text is to be JSON: the fence of Markdown around it is taken off. */
  readonly json?: boolean;
}

/** A chunk as it is read here: of a stream, or a whole answer with `message` in the place of `delta`. */
interface Chunk {
  readonly choices?: readonly {
    readonly delta?: object | null;
    readonly message?: object | null;
    readonly finish_reason?: unknown;
  }[];
  readonly error?: unknown;
  readonly message?: unknown;
  readonly object?: unknown;
}

/** What follows a finish reason (usage, `[DONE]`) comes at once; a server that keeps the connection open is left. */
const AFTER_FINISH_MS = 1_000;

/**
 * A streaming request to one provider.
 *
 * It throws ProviderFailure for whatever is not a whole reply: a stream that ends without a finish reason or `[DONE]`
 * was cut, however politely the connection was closed; one that has a finish reason is whole, whatever the connection
 * does then. No async generator: a reply has thousands of pieces, and each layer of those costs every piece several
 * turns of the event loop.
 */
export class ProviderStream {
  readonly #clients: Clients;
  readonly #client: OpenAI;
  readonly #body: OpenAI.Chat.Completions.ChatCompletionCreateParamsStreaming;
  readonly #signal: AbortSignal;
  readonly #stallMs: number;
  readonly #watchdog: Watchdog;
  readonly #text: ReplyText;
  readonly #calls = new ToolCallPieces();
  #events: Events | undefined;
  #headers: Headers | undefined;
  #errors: typeof OpenAI | undefined;
  /** What was read beyond the delta that was handed out last. */
  readonly #waiting: Delta[] = [];
  #finish: string | undefined;
  #usage: ReportedUsage | undefined;
  #ended: ProviderEnd | undefined;

  /** @param signal ends the HTTP request at once. */
  constructor(
    client: OpenAI,
    clients: Clients,
    body: OpenAI.Chat.Completions.ChatCompletionCreateParamsStreaming,
    signal: AbortSignal,
    options: StreamOptions,
  ) {
    this.#client = client;
    this.#clients = clients;
    this.#body = body;
    this.#signal = signal;
    this.#stallMs = options.stallMs;
    this.#watchdog = new Watchdog(signal, options.stallMs);
    this.#text = new ReplyText(options);
  }

  /**
   * The next delta or the end; undefined when the signal was aborted. Not to be called again after an end or a throw.
   */
  async next(): Promise<Delta | ProviderEnd | undefined> {
    const waiting = this.#waiting.shift() ?? this.#ended;
    if (waiting) return waiting;
    this.#watchdog.wait();
    try {
      this.#events ??= await this.#open();
      for (;;) {
        const event = await this.#events.next();
        if (!event) return this.#end(true);
        this.#take(this.#parse(event));
        const delta = this.#waiting.shift();
        if (this.#text.stopped) return this.#stop(delta);
        if (delta) {
          this.#watchdog.rest();
          return delta;
        }
        this.#watchdog.wait();
      }
    } catch (error) {
      if (this.#signal.aborted) return undefined;
      // The reply was whole before the connection stood still, broke or spoke of something else.
      if (this.#finish !== undefined) return this.#end(false);
      if (this.#watchdog.stalled) throw new ProviderFailure('stalled', `nothing came for ${this.#stallMs} ms`);
      const { OpenAI: errors } = await this.#clients.package();
      throw classify(error, errors);
    }
  }

  /** Ends the request if it still runs. */
  close(): void {
    this.#watchdog.end();
  }

  async #open(): Promise<Events> {
    this.#errors = (await this.#clients.package()).OpenAI;
    const response = (await this.#client.chat.completions
      .create(this.#body, { signal: this.#watchdog.signal })
      .asResponse()) as unknown as ProviderResponse;
    this.#headers = response.headers;
    return openEvents(response);
  }

  /** An error in the middle of a stream is the provider's as if it had come as a status. */
  #parse({ name, data }: ServerEvent): Chunk {
    const parsed: unknown = JSON.parse(data);
    // Gemini wraps an error in a list.
    const chunk = (Array.isArray(parsed) ? parsed[0] : parsed) as Chunk | null | undefined;
    if (typeof chunk !== 'object' || chunk === null) throw new SyntaxError('an event holds no object');
    const isError = name === 'error' || chunk.error || (chunk.object === 'error' && chunk.choices === undefined);
    if (!isError) return chunk;
    const error = errorOf(chunk as Readonly<Record<string, unknown>>) ?? chunk;
    throw new this.#errors!.APIError(undefined, error, undefined, this.#headers);
  }

  #take(chunk: Chunk): void {
    this.#usage = reportedUsage(chunk) ?? this.#usage;
    const choice = chunk.choices?.[0];
    if (!choice) return;
    const delta = choice.delta ?? choice.message;
    if (delta) this.#read(delta);
    if (typeof choice.finish_reason === 'string' && choice.finish_reason !== '') {
      this.#finish = choice.finish_reason;
      this.#watchdog.shorten(Math.min(AFTER_FINISH_MS, this.#stallMs));
    }
  }

  #read(delta: object): void {
    const { text, reasoning } = said(delta);
    if (reasoning) this.#waiting.push(reasoning);
    if (text !== '') this.#text.take(text, this.#waiting);
    const { tool_calls: calls, function_call: call } = delta as { tool_calls?: unknown; function_call?: unknown };
    if (calls) this.#waiting.push(...this.#calls.take(calls));
    else if (call) this.#waiting.push(...this.#calls.take({ index: 0, function: call }));
  }

  /** One of the words has come that end the reply: the provider need not go on. */
  #stop(delta: Delta | undefined): Delta | ProviderEnd {
    this.#watchdog.end();
    this.#ended = { type: 'end', reason: 'stop', usage: this.#usage };
    return delta ?? this.#ended;
  }

  /** @param over whether the answer has ended, too. */
  #end(over: boolean): Delta | ProviderEnd | undefined {
    if (this.#signal.aborted) return undefined;
    const finish = this.#finish ?? (this.#events?.done ? 'stop' : undefined);
    if (finish === undefined) {
      if (this.#watchdog.stalled) throw new ProviderFailure('stalled', 'aborted');
      throw new ProviderFailure('cut', 'the stream ended without a finish reason');
    }
    const reason = finishOf(finish, this.#calls.any);
    if (reason === 'failed') throw new ProviderFailure('server_error', `the reply ended with ${finish.slice(0, 100)}`);
    if (over) this.#watchdog.complete();
    else this.#watchdog.end();
    this.#text.end(this.#waiting);
    this.#ended = { type: 'end', reason, usage: this.#usage };
    return this.#waiting.shift() ?? this.#ended;
  }
}
