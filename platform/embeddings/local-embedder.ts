import { WorkerClient } from '../worker/worker-rpc.ts';
import type { Embedder } from './embedder.ts';
import type { LocalMethods } from './local-worker.ts';
import { mean, normalised } from './vectors.ts';

/** Texts of one message to the worker. Small, so that a query waits for a twentieth of a second and not for a document. */
const BATCH = 8;
/** The model reads about 128 word pieces, some ninety English words; the rest of a longer text it would ignore. */
const WINDOW_WORDS = 90;
/** Windows of a longer text, whose vectors are averaged. */
const MOST_WINDOWS = 8;
/** A "word" without spaces can be of any length; this much of it is read. */
const WINDOW_CHARACTERS = 1_000;

/**
 * The sentence model that needs nothing: English, 512 dimensions, 28 MB in an npm package, about 150 short texts a second
 * in a thread that starts with the first text. Finds paraphrases; see docs/retrieval.md for how well.
 */
export class LocalEmbedder implements Embedder, AsyncDisposable {
  readonly id = 'use-lite';
  readonly provider = 'local';
  readonly dimensions = 512;
  readonly maxTokens = MOST_WINDOWS * 128;
  readonly threshold = 0.45;
  readonly #worker = new WorkerClient<LocalMethods>(
    new URL('./local-worker.ts', import.meta.url),
    null,
    'The offline embedding model',
  );

  async embed(texts: readonly string[], signal?: AbortSignal): Promise<Float32Array[]> {
    const windows = texts.map(windowsOf);
    const pieces = windows.flat();
    const vectors: Float32Array[] = [];
    for (let at = 0; at < pieces.length; at += BATCH) {
      vectors.push(...(await this.#worker.call('embed', pieces.slice(at, at + BATCH), { signal })));
    }
    let at = 0;
    return windows.map(({ length }) => {
      const own = vectors.slice(at, at + length);
      at += length;
      return normalised(mean(own.map(normalised)));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker[Symbol.asyncDispose]();
  }
}

/** A text in pieces that the model reads whole. */
function windowsOf(text: string): string[] {
  const words = text
    .slice(0, MOST_WINDOWS * WINDOW_CHARACTERS)
    .split(/\s+/)
    .filter(Boolean);
  if (words.length <= WINDOW_WORDS) return [words.join(' ')];
  const count = Math.min(MOST_WINDOWS, Math.ceil(words.length / WINDOW_WORDS));
  const size = Math.min(WINDOW_WORDS, Math.ceil(words.length / count));
  return Array.from({ length: count }, (_, i) => words.slice(i * size, (i + 1) * size).join(' ')).filter(Boolean);
}
