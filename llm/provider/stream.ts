import type { OpenAI } from 'openai';
import type { Usage } from '../record.ts';
import { classify } from './classify.ts';
import type { Clients } from './clients.ts';
import type { FinishReason, ReasoningDelta, TextDelta, ToolCallDelta } from './deltas.ts';
import { EventStream, type ServerEvent } from './event-stream.ts';
import { ProviderFailure } from './failure.ts';
import type { ProviderResponse } from './transport.ts';

export type Delta = TextDelta | ReasoningDelta | ToolCallDelta;

/** The end of a provider's stream; `usage` as far as it sent any. */
export interface ProviderEnd {
  readonly type: 'end';
  readonly reason: Exclude<FinishReason, 'stopped'>;
  readonly usage: Usage | undefined;
}

type Chunk = OpenAI.Chat.Completions.ChatCompletionChunk;

/**
 * A streaming request to one provider.
 *
 * It throws ProviderFailure for whatever is not a whole reply: a stream that ends without a finish reason was cut,
 * however politely the connection was closed. No async generator: a reply has thousands of pieces, and each layer of
 * those costs every piece several turns of the event loop.
 */
export class ProviderStream {
  readonly #clients: Clients;
  readonly #client: OpenAI;
  readonly #body: OpenAI.Chat.Completions.ChatCompletionCreateParamsStreaming;
  readonly #signal: AbortSignal;
  readonly #stallMs: number;
  readonly #watchdog: Watchdog;
  #events: EventStream | undefined;
  #headers: Headers | undefined;
  #errors: typeof OpenAI | undefined;
  /** What the last chunk held beyond its first delta. */
  #waiting: Delta[] = [];
  #finish: string | undefined;
  #usage: Usage | undefined;

  /**
   * @param signal ends the HTTP request at once.
   * @param stallMs longest wait for the first and for every further piece. Time that the consumer takes does not count.
   */
  constructor(
    client: OpenAI,
    clients: Clients,
    body: OpenAI.Chat.Completions.ChatCompletionCreateParamsStreaming,
    signal: AbortSignal,
    stallMs: number,
  ) {
    this.#client = client;
    this.#clients = clients;
    this.#body = body;
    this.#signal = signal;
    this.#stallMs = stallMs;
    this.#watchdog = new Watchdog(signal, stallMs);
  }

  /**
   * The next delta or the end; undefined when the signal was aborted. Not to be called again after an end or a throw.
   */
  async next(): Promise<Delta | ProviderEnd | undefined> {
    const waiting = this.#waiting.shift();
    if (waiting) return waiting;
    this.#watchdog.wait();
    try {
      this.#events ??= await this.#open();
      for (;;) {
        const event = await this.#events.next();
        if (!event) return this.#end();
        const delta = this.#take(this.#parse(event));
        if (delta) {
          this.#watchdog.rest();
          return delta;
        }
        this.#watchdog.wait();
      }
    } catch (error) {
      if (this.#signal.aborted) return undefined;
      if (this.#watchdog.stalled) throw new ProviderFailure('stalled', `nothing came for ${this.#stallMs} ms`);
      const { OpenAI: errors } = await this.#clients.package();
      throw classify(error, errors);
    }
  }

  /** Ends the request if it still runs. */
  close(): void {
    this.#watchdog.end();
  }

  async #open(): Promise<EventStream> {
    this.#errors = (await this.#clients.package()).OpenAI;
    const response = (await this.#client.chat.completions
      .create(this.#body, { signal: this.#watchdog.signal })
      .asResponse()) as unknown as ProviderResponse;
    this.#headers = response.headers;
    const type = response.headers.get('content-type') ?? '';
    if (type.includes('event-stream')) return new EventStream(response.body);
    response.body.on('error', () => undefined).destroy();
    throw new ProviderFailure(
      'malformed',
      `answered ${response.status} with ${type || 'no content type'} instead of an event stream`,
    );
  }

  /** An error in the middle of a stream is the provider's as if it had come as a status. */
  #parse({ name, data }: ServerEvent): Chunk {
    const chunk = JSON.parse(data) as (Chunk & { readonly error?: object }) | null;
    if (typeof chunk !== 'object' || chunk === null) throw new SyntaxError('an event holds no object');
    if (name !== 'error' && !chunk.error) return chunk;
    throw new this.#errors!.APIError(undefined, chunk.error ?? chunk, undefined, this.#headers);
  }

  #take(chunk: Chunk): Delta | undefined {
    if (chunk.usage) this.#usage = usageOf(chunk.usage);
    const choice = chunk.choices?.[0];
    if (!choice) return undefined;
    if (choice.finish_reason) this.#finish = choice.finish_reason;
    if (!choice.delta) return undefined;
    const [first, ...others] = deltas(choice.delta);
    if (others.length > 0) this.#waiting = others;
    return first;
  }

  #end(): ProviderEnd | undefined {
    if (this.#signal.aborted) return undefined;
    if (this.#watchdog.stalled) throw new ProviderFailure('stalled', 'aborted');
    if (this.#finish === undefined) throw new ProviderFailure('cut', 'the stream ended without a finish reason');
    this.#watchdog.complete();
    return { type: 'end', reason: reasonOf(this.#finish), usage: this.#usage };
  }
}

function deltas(delta: Chunk['choices'][0]['delta']): Delta[] {
  const found: Delta[] = [];
  // DeepSeek and vLLM say reasoning_content, OpenRouter, Groq and Ollama say reasoning.
  const extended: { reasoning_content?: unknown; reasoning?: unknown } = delta as object;
  const reasoning = extended.reasoning_content ?? extended.reasoning;
  if (typeof reasoning === 'string' && reasoning !== '') found.push({ type: 'reasoning', text: reasoning });
  const text = delta.content || delta.refusal;
  if (text) found.push({ type: 'text', text });
  for (const call of delta.tool_calls ?? []) {
    found.push({
      type: 'tool-call',
      index: call.index ?? 0,
      id: call.id || undefined,
      name: call.function?.name || undefined,
      arguments: call.function?.arguments ?? '',
    });
  }
  return found;
}

function reasonOf(finish: string): ProviderEnd['reason'] {
  if (finish === 'length' || finish === 'content_filter') return finish;
  return finish === 'tool_calls' || finish === 'function_call' ? 'tool_calls' : 'stop';
}

function usageOf(usage: OpenAI.CompletionUsage): Usage {
  return {
    inputTokens: usage.prompt_tokens ?? 0,
    cachedInputTokens: usage.prompt_tokens_details?.cached_tokens ?? 0,
    outputTokens: usage.completion_tokens ?? 0,
    reasoningTokens: usage.completion_tokens_details?.reasoning_tokens ?? 0,
    estimated: false,
  };
}

/** Aborts when the caller does, or when the provider is awaited for too long. */
class Watchdog {
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal;
  readonly #timer: NodeJS.Timeout;
  #waiting = true;
  #over = false;
  stalled = false;

  constructor(outer: AbortSignal, stallMs: number) {
    this.#outer = outer;
    this.#timer = setTimeout(() => this.#expire(), stallMs);
    if (outer.aborted) this.#controller.abort();
    else outer.addEventListener('abort', this.#abort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** A piece has come; until `wait` the consumer works on it. */
  rest(): void {
    this.#waiting = false;
  }

  wait(): void {
    this.#waiting = true;
    this.#timer.refresh();
  }

  /** The answer is complete: there is nothing left to abort. */
  complete(): void {
    clearTimeout(this.#timer);
    this.#outer.removeEventListener('abort', this.#abort);
    this.#over = true;
  }

  end(): void {
    if (this.#over) return;
    this.complete();
    this.#controller.abort();
  }

  readonly #abort = (): void => this.#controller.abort();

  #expire(): void {
    if (!this.#waiting) return;
    this.stalled = true;
    this.#controller.abort();
  }
}
