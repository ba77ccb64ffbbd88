import OpenAI from 'openai';
import { badInput, CodedError } from '#platform/base/errors/errors.ts';
import { fewerTexts } from './batch-size.ts';
import type { Embedder, EmbedOptions } from './embedder.ts';
import { ENDPOINT_MAX_TOKENS, type Endpoint } from './endpoint.ts';
import type { Meter } from './meter.ts';
import { normalised } from './vectors.ts';

/** Texts of one request; OpenAI takes 2048, small servers fewer. What one takes that refuses as many is learnt. */
const BATCH = 96;
/** Characters of one request, well under OpenAI's 300 000 tokens. */
const BATCH_CHARACTERS = 400_000;
const TIMEOUT_MS = 30_000;
const RETRIES = 2;

/** An embedder at any server that speaks OpenAI's `/embeddings`. */
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

  async embed(texts: readonly string[], { signal, meter }: EmbedOptions = {}): Promise<Float32Array[]> {
    const vectors: Float32Array[] = [];
    for (const batch of batches(texts, this.#batch)) vectors.push(...(await this.#ask(batch, signal, meter)));
    const wrong = vectors.find((vector) => vector.length !== this.dimensions);
    if (wrong !== undefined) {
      throw new CodedError(
        'PROVIDER_UNAVAILABLE',
        `The embedding model ${this.id} now answers with ${wrong.length} dimensions instead of ${this.dimensions}.`,
      );
    }
    return vectors;
  }

  /** Asks in smaller requests where the endpoint takes no more texts at once (DashScope takes ten). */
  async #ask(batch: string[], signal?: AbortSignal, meter?: Meter): Promise<Float32Array[]> {
    try {
      return await send(this.#client, this.id, batch, signal, meter);
    } catch (error) {
      signal?.throwIfAborted();
      const most = fewerTexts(error, batch.length);
      if (most === undefined) throw explain(error, this.id);
      this.#batch = Math.min(this.#batch, most);
      const vectors: Float32Array[] = [];
      for (const part of batches(batch, this.#batch)) vectors.push(...(await this.#ask(part, signal, meter)));
      return vectors;
    }
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
  if (error instanceof OpenAI.APIError && (error.status === 400 || error.status === 413 || error.status === 422)) {
    return badInput(
      'texts',
      `were refused by the embedding endpoint (${error.status}): probably one is longer than ${model} reads.`,
    );
  }
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
