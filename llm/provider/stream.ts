import type { OpenAI } from 'openai';
import type { FinishReason, ReasoningDelta, TextDelta, ToolCallDelta } from '../chat-stream.ts';
import type { Usage } from '../record.ts';
import { classify } from './classify.ts';
import type { Clients } from './clients.ts';
import { ProviderFailure } from './failure.ts';

export type Delta = TextDelta | ReasoningDelta | ToolCallDelta;

/** The end of a provider's stream; `usage` as far as it sent any. */
export interface ProviderEnd {
  readonly type: 'end';
  readonly reason: Exclude<FinishReason, 'stopped'>;
  readonly usage: Usage | undefined;
}

type Chunk = OpenAI.Chat.Completions.ChatCompletionChunk;

/**
 * One streaming request to one provider.
 *
 * Yields deltas and one `end`; throws ProviderFailure for everything else: a stream that ends without a finish reason
 * was cut, however politely the connection was closed. Returns without an end when `signal` was aborted, which ends the
 * HTTP request at once.
 *
 * @param stallMs longest wait for the first and for every further piece. Time that the consumer takes does not count.
 */
export async function* providerStream(
  client: OpenAI,
  clients: Clients,
  body: OpenAI.Chat.Completions.ChatCompletionCreateParamsStreaming,
  signal: AbortSignal,
  stallMs: number,
): AsyncGenerator<Delta | ProviderEnd, void, undefined> {
  const watchdog = new Watchdog(signal, stallMs);
  const { OpenAI: errors } = await clients.package();
  try {
    const { data, response } = await client.chat.completions.create(body, { signal: watchdog.signal }).withResponse();
    const type = response.headers.get('content-type') ?? '';
    if (!type.includes('event-stream')) {
      data.controller.abort();
      throw new ProviderFailure(
        'malformed',
        `answered ${response.status} with ${type || 'no content type'} instead of an event stream`,
      );
    }
    yield* read(data, watchdog);
  } catch (error) {
    if (signal.aborted) return;
    if (watchdog.stalled) throw new ProviderFailure('stalled', `nothing came for ${stallMs} ms`);
    throw classify(error, errors);
  } finally {
    watchdog.end();
  }
}

async function* read(
  stream: AsyncIterable<Chunk>,
  watchdog: Watchdog,
): AsyncGenerator<Delta | ProviderEnd, void, undefined> {
  let finish: string | undefined;
  let usage: Usage | undefined;
  for await (const chunk of stream) {
    watchdog.rest();
    if (chunk.usage) usage = usageOf(chunk.usage);
    const choice = chunk.choices?.[0];
    if (choice) {
      if (choice.finish_reason) finish = choice.finish_reason;
      if (choice.delta) yield* deltas(choice.delta);
    }
    watchdog.wait();
  }
  if (watchdog.signal.aborted) throw new ProviderFailure('cut', 'aborted');
  if (finish === undefined) throw new ProviderFailure('cut', 'the stream ended without a finish reason');
  yield { type: 'end', reason: reasonOf(finish), usage };
}

function* deltas(delta: Chunk['choices'][0]['delta']): Generator<Delta> {
  // DeepSeek and vLLM say reasoning_content, OpenRouter, Groq and Ollama say reasoning.
  const extended: { reasoning_content?: unknown; reasoning?: unknown } = delta as object;
  const reasoning = extended.reasoning_content ?? extended.reasoning;
  if (typeof reasoning === 'string' && reasoning !== '') yield { type: 'reasoning', text: reasoning };
  const text = delta.content || delta.refusal;
  if (text) yield { type: 'text', text };
  for (const call of delta.tool_calls ?? []) {
    yield {
      type: 'tool-call',
      index: call.index ?? 0,
      id: call.id || undefined,
      name: call.function?.name || undefined,
      arguments: call.function?.arguments ?? '',
    };
  }
}

function reasonOf(finish: string): ProviderEnd['reason'] {
  if (finish === 'length' || finish === 'content_filter') return finish;
  return finish === 'tool_calls' || finish === 'function_call' ? 'tool_calls' : 'stop';
}

export function usageOf(usage: OpenAI.CompletionUsage): Usage {
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

  end(): void {
    clearTimeout(this.#timer);
    this.#outer.removeEventListener('abort', this.#abort);
    // Leaving early must end the request; after a complete answer this changes nothing.
    this.#controller.abort();
  }

  readonly #abort = (): void => this.#controller.abort();

  #expire(): void {
    if (!this.#waiting) return;
    this.stalled = true;
    this.#controller.abort();
  }
}
