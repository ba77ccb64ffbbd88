import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { cacheSize } from '#platform/base/config/available-memory.ts';
import { badInput } from '#platform/base/errors/errors.ts';
import type { Embedder, EmbedOptions } from './embedder.ts';

/** Bytes of vectors kept: about 30 000 of 512 dimensions. */
const CACHE_BYTES = 64 * 1024 ** 2;
/** Texts of one call, so that one caller cannot fill the memory. */
const MAX_TEXTS = 10_000;

/**
 * An embedder that remembers recent embeddings by the hash of their text, and embeds equal texts once, also those of
 * calls at the same time: a recall searches several indexes with one question. Vectors handed out are shared: they are
 * not to be changed.
 */
export class CachingEmbedder implements Embedder {
  readonly #inner: Embedder;
  readonly #cache: LRUCache<string, Float32Array>;
  readonly #underWay = new Map<string, Promise<unknown>>();

  /** @param memoryMb of the process; with little it remembers fewer. */
  constructor(inner: Embedder, memoryMb?: number) {
    this.#inner = inner;
    this.#cache = new LRUCache({
      maxSize: cacheSize(CACHE_BYTES, memoryMb),
      sizeCalculation: (vector) => vector.byteLength + 100,
    });
  }

  get id() {
    return this.#inner.id;
  }
  get provider() {
    return this.#inner.provider;
  }
  get dimensions() {
    return this.#inner.dimensions;
  }
  get maxTokens() {
    return this.#inner.maxTokens;
  }
  get threshold() {
    return this.#inner.threshold;
  }
  get languages() {
    return this.#inner.languages;
  }
  get tellsUses() {
    return this.#inner.tellsUses;
  }

  async embed(texts: readonly string[], options: EmbedOptions = {}): Promise<Float32Array[]> {
    const { signal, use = 'passage' } = options;
    if (texts.length > MAX_TEXTS)
      throw badInput('texts', `has ${texts.length} entries; at most ${MAX_TEXTS} are accepted.`);
    const blank = texts.findIndex((text) => text.trim() === '');
    if (blank !== -1) throw badInput(`texts.${blank}`, 'is empty: there is nothing to embed.');
    signal?.throwIfAborted();
    const mark = this.tellsUses ? `${use}:` : '';
    const keys = texts.map((text) => key(mark + text));
    const others = new Set(keys.flatMap((hash) => this.#underWay.get(hash) ?? []));
    if (others.size > 0) await ended(others, signal);
    // From here to the note of what is under way nothing may be waited for.
    const known = new Map<string, Float32Array>();
    const missing = new Map<string, string>();
    keys.forEach((hash, i) => {
      const cached = this.#cache.get(hash);
      if (cached !== undefined) known.set(hash, cached);
      else missing.set(hash, texts[i]!);
    });
    if (missing.size > 0) {
      const hashes = [...missing.keys()];
      const vectors = await this.#under(hashes, this.#inner.embed([...missing.values()], options));
      hashes.forEach((hash, i) => void known.set(hash, vectors[i]!));
    }
    return keys.map((hash) => known.get(hash)!);
  }

  /** Tells others of the work, and keeps what comes of it before they go on. */
  async #under(hashes: readonly string[], work: Promise<Float32Array[]>): Promise<Float32Array[]> {
    const kept = work
      .then((vectors) => {
        hashes.forEach((hash, i) => void this.#cache.set(hash, vectors[i]!));
        return vectors;
      })
      .finally(() => {
        for (const hash of hashes) if (this.#underWay.get(hash) === kept) this.#underWay.delete(hash);
      });
    for (const hash of hashes) this.#underWay.set(hash, kept);
    return kept;
  }
}

/**
 * Waits for others who embed the same texts. If they fail or give up, the cache has nothing, and the model is asked.
 */
async function ended(others: Iterable<Promise<unknown>>, signal: AbortSignal | undefined): Promise<void> {
  const gone = Promise.withResolvers<void>();
  const leave = () => gone.resolve();
  signal?.addEventListener('abort', leave);
  await Promise.race([Promise.allSettled(others), gone.promise]);
  signal?.removeEventListener('abort', leave);
  signal?.throwIfAborted();
}

const key = (text: string): string => createHash('sha256').update(text).digest('base64');
