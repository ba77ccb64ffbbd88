import OpenAI from 'openai';
import { badInput, CodedError } from '#platform/base/errors/errors.ts';
import { beginningOf } from '#platform/base/text/text.ts';
import { fewerTexts, isRefusal } from './batch-size.ts';
import type { Embedder, EmbedOptions } from './embedder.ts';
import { ENDPOINT_MAX_TOKENS, type Endpoint } from './endpoint.ts';
import type { Meter } from './meter.ts';
import { normalised } from './vectors.ts';

/** Texts of one request; OpenAI takes 2048, small servers fewer. What one takes that refuses as many is learnt. */
const BATCH = 96;
/** Characters of one request, well under OpenAI's 300 000 tokens. */
const BATCH_CHARACTERS = 400_000;
/** Every model reads a text of so many characters: what is refused so short is refused for something else. */
const SHORT = 256;
const TIMEOUT_MS = 30_000;
const RETRIES = 2;

/** One call of `embed`, as its requests know it. */
interface Call extends EmbedOptions {
  /** Whether a text was shortened in it. */
  isShortened: boolean;
}

/**
 * An embedder at any server that speaks OpenAI's `/embeddings`. Of a text that is longer than the model reads it embeds
 * the beginning, as local models do.
 */
export class EndpointEmbedder implements Embedder {
  readonly provider = 'openai-compatible';
  readonly maxTokens = ENDPOINT_MAX_TOKENS;
  readonly id: string;
  readonly dimensions: number;
  readonly #client: OpenAI;
  /** Texts that the endpoint takes at once, as far as it has said. */
  #batch = BATCH;

  private constructor(client: OpenAI, model: string, dimensions: number) {
    this.#client = client;
    this.id = model;
    this.dimensions = dimensions;
  }

  /** Asks the endpoint once, which tells whether it answers and how many dimensions the model has. */
  static async connect({ baseUrl, apiKey = 'none' }: Endpoint, model: string): Promise<EndpointEmbedder> {
    const client = new OpenAI({ baseURL: baseUrl, apiKey, timeout: TIMEOUT_MS, maxRetries: RETRIES });
    const [probe] = await send(client, model, ['dimensions']).catch((error: unknown) => {
      throw explain(error, model);
    });
    return new EndpointEmbedder(client, model, probe!.length);
  }

  async embed(texts: readonly string[], options: EmbedOptions = {}): Promise<Float32Array[]> {
    const vectors = await this.#askInParts(texts, this.#batch, { ...options, isShortened: false });
    const wrong = vectors.find((vector) => vector.length !== this.dimensions);
    if (wrong !== undefined) {
      throw new CodedError(
        'PROVIDER_UNAVAILABLE',
        `The embedding model ${this.id} now answers with ${wrong.length} dimensions instead of ${this.dimensions}.`,
      );
    }
    return vectors;
  }

  async #askInParts(texts: readonly string[], most: number, call: Call): Promise<Float32Array[]> {
    const vectors: Float32Array[] = [];
    for (const batch of batches(texts, most)) vectors.push(...(await this.#ask(batch, call)));
    return vectors;
  }

  /** Asks in smaller requests where the endpoint takes no more texts at once (DashScope takes ten). */
  async #ask(batch: string[], call: Call): Promise<Float32Array[]> {
    if (batch.length > this.#batch) return this.#askInParts(batch, this.#batch, call);
    try {
      return await send(this.#client, this.id, batch, call.signal, call.meter);
    } catch (error) {
      call.signal?.throwIfAborted();
      if (batch.length === 1 && isRefusal(error) && batch[0]!.length > SHORT) return this.#askShorter(batch[0]!, call);
      const fewer = fewerTexts(error, batch.length);
      if (fewer === undefined) throw explain(error, this.id);
      const { texts, isSure } = fewer;
      if (isSure) this.#batch = Math.min(this.#batch, texts);
      const vectors = await this.#askInParts(batch, texts, call);
      // It was not that one of them is too long: fewer went through as they are.
      if (isSure === undefined && !call.isShortened) this.#batch = Math.min(this.#batch, texts);
      return vectors;
    }
  }

  #askShorter(text: string, call: Call): Promise<Float32Array[]> {
    call.isShortened = true;
    return this.#ask([beginningOf(text, Math.max(SHORT, Math.floor(text.length / 2)))], call);
  }
}

async function send(
  client: OpenAI,
  model: string,
  input: string[],
  signal?: AbortSignal,
  meter?: Meter,
): Promise<Float32Array[]> {
  meter?.asked();
  // `float`, because not every server knows base64, which the SDK asks for otherwise.
  const { data, usage } = await client.embeddings.create(
    { model, input, encoding_format: 'float' },
    { signal: signal ?? null },
  );
  // A server that counts nothing may say 0, or leave it out whatever the SDK's type says.
  meter?.answered(input, (usage as typeof usage | undefined)?.prompt_tokens || undefined);
  if (data.length !== input.length) throw new Error(`it answered ${data.length} vectors for ${input.length} texts`);
  const ordered = data.toSorted((a, b) => a.index - b.index);
  return ordered.map(({ embedding }) => normalised(Float32Array.from(embedding)));
}

function explain(error: unknown, model: string): CodedError {
  if (isRefusal(error))
    return badInput('texts', `were refused by the embedding endpoint (${error.status}) of ${model}.`);
  const status = error instanceof OpenAI.APIError ? error.status : undefined;
  const why =
    status === 401 || status === 403
      ? 'it refuses EMBEDDINGS_API_KEY'
      : status === 404
        ? `it knows no model ${model}`
        : status !== undefined
          ? `it answered ${status}`
          : error instanceof OpenAI.APIConnectionTimeoutError
            ? `no answer within ${TIMEOUT_MS / 1000} s`
            : 'it cannot be reached or answers nonsense';
  return new CodedError('PROVIDER_UNAVAILABLE', `The embedding endpoint failed: ${why}.`);
}

function* batches(texts: readonly string[], most: number): Generator<string[]> {
  let batch: string[] = [];
  let characters = 0;
  for (const text of texts) {
    if (batch.length === most || (batch.length > 0 && characters + text.length > BATCH_CHARACTERS)) {
      yield batch;
      batch = [];
      characters = 0;
    }
    batch.push(text);
    characters += text.length;
  }
  if (batch.length > 0) yield batch;
}
