import { CodedError } from '#platform/base/errors/errors.ts';
import { ThreadClient } from '#platform/base/thread/thread-rpc.ts';
import type { Embedder, EmbedOptions } from '../embedder.ts';
import { Turns } from '../turns.ts';
import { cosine, mean, normalised } from '../vectors.ts';
import type { FolderMethods } from './folder-thread.ts';
import type { ModelFolder } from './model-folder.ts';
import { unrelatedTexts } from './unrelated.ts';
import { type Window, windowsOf } from './windows.ts';

/** It takes seconds to load: it stays for as long as a person pauses who writes. */
const IDLE_MS = 10 * 60_000;
/** A tokenizer of 250,000 pieces takes some hundred MB; the weights are outside of the heap. */
const MEMORY = { maxYoungGenerationSizeMb: 24, maxOldGenerationSizeMb: 1_024 };
/** Pieces and estimated tokens of one message: what a query that comes in between waits for. */
const BATCH = 8;
const BATCH_TOKENS = 256;
/** Standard deviations above the mean of unrelated texts from which two have something to do with one another. */
const DEVIATIONS = 3;

/**
 * A sentence model of EMBEDDINGS_LOCAL, in a thread that starts with the first text. The threshold of its similarities,
 * which differ from model to model, is measured with texts that have nothing to do with one another.
 */
export class FolderEmbedder implements Embedder, AsyncDisposable {
  readonly provider = 'local';
  readonly #model: ModelFolder;
  readonly #thread: ThreadClient<FolderMethods>;
  readonly #turns = new Turns();
  #threshold: number | undefined;

  constructor(model: ModelFolder) {
    this.#model = model;
    this.#thread = new ThreadClient(new URL('./folder-thread.ts', import.meta.url), model, `The model ${model.id}`, {
      idleMs: IDLE_MS,
      limits: MEMORY,
    });
  }

  get id() {
    return this.#model.id;
  }
  get dimensions() {
    return this.#model.dimensions;
  }
  get maxTokens() {
    return this.#model.maxTokens;
  }
  get languages() {
    return this.#model.languages;
  }
  get tellsUses() {
    return this.#model.prefixes.query !== this.#model.prefixes.passage;
  }
  get threshold() {
    return this.#threshold;
  }

  /**
   * Loads the model, and measures it.
   *
   * @throws {CodedError} PROVIDER_UNAVAILABLE when its files are broken.
   */
  async measure(): Promise<void> {
    if (this.#threshold !== undefined) return;
    const vectors = await this.embed(unrelatedTexts(this.languages));
    const found = vectors[0]!.length;
    if (found !== this.dimensions) {
      throw new CodedError(
        'PROVIDER_UNAVAILABLE',
        `The model ${this.id} answers with ${found} dimensions, and its config.json says ${this.dimensions}.`,
      );
    }
    const all = vectors.flatMap((one, i) => vectors.slice(i + 1).map((other) => cosine(one, other)));
    const middle = all.reduce((sum, value) => sum + value, 0) / all.length;
    const variance = all.reduce((sum, value) => sum + (value - middle) ** 2, 0) / all.length;
    this.#threshold = Math.min(0.99, middle + DEVIATIONS * Math.sqrt(variance));
  }

  async embed(
    texts: readonly string[],
    { signal, meter, use = 'passage' }: EmbedOptions = {},
  ): Promise<Float32Array[]> {
    const prefix = this.#model.prefixes[use];
    const windows = texts.map((text) => windowsOf(text, this.#model.maxTokens));
    const pieces = windows.flat();
    meter?.asked();
    const vectors: Float32Array[] = [];
    while (vectors.length < pieces.length) {
      const batch = firstOf(pieces, vectors.length).map(({ text }) => prefix + text);
      const made = await this.#turns.take(pieces.length - vectors.length, () => this.#ask(batch, signal));
      vectors.push(...made.map(normalised));
    }
    meter?.answered(pieces.map(({ text }) => text));
    let at = 0;
    return windows.map(({ length }) => {
      at += length;
      return normalised(mean(vectors.slice(at - length, at)));
    });
  }

  async #ask(batch: readonly string[], signal: AbortSignal | undefined): Promise<Float32Array[]> {
    try {
      return await this.#thread.call('embed', batch, { signal });
    } catch (error) {
      if (signal?.aborted) throw error;
      // Better files are read with the next text.
      if (this.#threshold === undefined) this.#thread.kill();
      throw new CodedError(
        'PROVIDER_UNAVAILABLE',
        `The model of EMBEDDINGS_LOCAL, ${this.id}, cannot be used: ${reasonOf(error)}.`,
        { cause: error },
      );
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#thread[Symbol.asyncDispose]();
  }
}

/** One line, without the path that the runtime may name. */
const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error))
    .split('\n', 1)[0]!
    .replace(/[.\s]+$/, '')
    .slice(0, 300);

/** As many pieces from a place on as one message holds. */
function firstOf(pieces: readonly Window[], start: number): readonly Window[] {
  let end = start;
  for (let tokens = 0; end < pieces.length && end - start < BATCH; end++) {
    tokens += pieces[end]!.tokens;
    if (tokens > BATCH_TOKENS && end > start) break;
  }
  return pieces.slice(start, end);
}
