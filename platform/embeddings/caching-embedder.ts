import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { badInput } from '../errors/errors.ts';
import type { Embedder } from './embedder.ts';

/** Bytes of vectors kept: about 30 000 of 512 dimensions. */
const CACHE_BYTES = 64 * 1024 ** 2;
/** Texts of one call, so that one caller cannot fill the memory. */
const MOST_TEXTS = 10_000;

/**
 * Remembers recent embeddings by the hash of their text, and embeds equal texts of one call once. Vectors handed out are
 * shared: they are not to be changed.
 */
export class CachingEmbedder implements Embedder {
  readonly #inner: Embedder;
  readonly #cache = new LRUCache<string, Float32Array>({
    maxSize: CACHE_BYTES,
    sizeCalculation: (vector) => vector.byteLength + 100,
  });

  constructor(inner: Embedder) {
    this.#inner = inner;
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

  async embed(texts: readonly string[], signal?: AbortSignal): Promise<Float32Array[]> {
    if (texts.length > MOST_TEXTS)
      throw badInput('texts', `has ${texts.length} entries; at most ${MOST_TEXTS} are accepted.`);
    const blank = texts.findIndex((text) => text.trim() === '');
    if (blank !== -1) throw badInput(`texts.${blank}`, 'is empty: there is nothing to embed.');
    signal?.throwIfAborted();
    const keys = texts.map(key);
    const known = new Map<string, Float32Array>();
    const missing = new Map<string, string>();
    keys.forEach((hash, i) => {
      const cached = this.#cache.get(hash);
      if (cached !== undefined) known.set(hash, cached);
      else missing.set(hash, texts[i]!);
    });
    if (missing.size > 0) {
      const vectors = await this.#inner.embed([...missing.values()], signal);
      [...missing.keys()].forEach((hash, i) => {
        known.set(hash, vectors[i]!);
        this.#cache.set(hash, vectors[i]!);
      });
    }
    return keys.map((hash) => known.get(hash)!);
  }
}

const key = (text: string): string => createHash('sha256').update(text).digest('base64');
