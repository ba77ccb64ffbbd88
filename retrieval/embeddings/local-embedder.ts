import { hasLittleMemory } from '#platform/base/config/available-memory.ts';
import { ThreadClient } from '#platform/base/thread/thread-rpc.ts';
import type { Embedder, EmbedOptions } from './embedder.ts';
import type { LocalMethods } from './local-thread.ts';
import { Turns } from './turns.ts';
import { mean, normalised } from './vectors.ts';

/**
 * Texts and words of one message to the thread: what a query that comes in between waits for, 50 ms. Longer messages
 * cost a tenth less for each text.
 */
const BATCH = 8;
const BATCH_WORDS = 90;
/** The model reads about 128 word pieces, some ninety English words; the rest of a longer text it would ignore. */
const WINDOW_WORDS = 90;
/** Windows of a longer text, whose vectors are averaged. */
const MAX_WINDOWS = 8;
/**
 * It takes a second to load, which is more than a reply waits for recall: it stays for as long as a person pauses who
 * writes. Its memory is a hundred MB.
 */
const IDLE_MS = 10 * 60_000;
/** The same where the process has little memory. */
const SHORT_IDLE_MS = 60_000;
/**
 * What it holds for long is 20 MB. With little room for new objects it would keep 60 that are of no use, and with no
 * limit for old ones V8 would be in no hurry to collect them.
 */
const MEMORY = { maxYoungGenerationSizeMb: 24, maxOldGenerationSizeMb: 128 };
/** A "word" without spaces can be of any length; this much of it is read. */
const WINDOW_CHARACTERS = 1_000;

/**
 * The sentence model that needs nothing: English, 512 dimensions, 28 MB in an npm package, about 150 short texts a
 * second in a thread that starts with the first text. Finds paraphrases; see docs/retrieval.md for how well.
 */
export class LocalEmbedder implements Embedder, AsyncDisposable {
  readonly id = 'use-lite';
  readonly provider = 'local';
  readonly dimensions = 512;
  readonly maxTokens = MAX_WINDOWS * 128;
  readonly threshold = 0.45;
  readonly languages = ['en'];
  readonly #thread: ThreadClient<LocalMethods>;
  readonly #turns = new Turns();

  constructor(memoryMb = Number.POSITIVE_INFINITY) {
    this.#thread = new ThreadClient(
      new URL('./local-thread.ts', import.meta.url),
      null,
      'The offline embedding model',
      {
        idleMs: hasLittleMemory(memoryMb) ? SHORT_IDLE_MS : IDLE_MS,
        limits: MEMORY,
      },
    );
  }

  async embed(texts: readonly string[], { signal, meter }: EmbedOptions = {}): Promise<Float32Array[]> {
    const windows = texts.map(windowsOf);
    meter?.asked();
    const vectors = await this.#inTurn(windows.flat(), signal);
    meter?.answered(windows.flat());
    let at = 0;
    return windows.map(({ length }) => {
      const own = vectors.slice(at, at + length);
      at += length;
      return normalised(mean(own.map(normalised)));
    });
  }

  /** One message is with the thread at a time. */
  async #inTurn(pieces: readonly string[], signal?: AbortSignal): Promise<Float32Array[]> {
    const vectors: Float32Array[] = [];
    while (vectors.length < pieces.length) {
      const batch = firstOf(pieces, vectors.length);
      vectors.push(
        ...(await this.#turns.take(pieces.length - vectors.length, () =>
          this.#thread.call('embed', batch, { signal }),
        )),
      );
    }
    return vectors;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#thread[Symbol.asyncDispose]();
  }
}

/** A text in pieces that the model reads whole. */
function windowsOf(text: string): string[] {
  const words = text
    .slice(0, MAX_WINDOWS * WINDOW_CHARACTERS)
    .split(/\s+/)
    .filter(Boolean);
  if (words.length <= WINDOW_WORDS) return [words.join(' ')];
  const count = Math.min(MAX_WINDOWS, Math.ceil(words.length / WINDOW_WORDS));
  const size = Math.min(WINDOW_WORDS, Math.ceil(words.length / count));
  return Array.from({ length: count }, (_, i) => words.slice(i * size, (i + 1) * size).join(' ')).filter(Boolean);
}

/** As many pieces from a place on as one message holds. */
function firstOf(pieces: readonly string[], start: number): string[] {
  let end = start;
  for (let words = 0; end < pieces.length && end - start < BATCH; end++) {
    words += pieces[end]!.split(' ').length;
    if (words > BATCH_WORDS && end > start) break;
  }
  return pieces.slice(start, end);
}
