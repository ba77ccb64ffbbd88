import { LRUCache } from 'lru-cache';
import type { Registry } from 'prom-client';
import { cacheSize } from '../../base/config/available-memory.ts';
import type { Json } from '../../base/json/json.ts';
import { type StoreMetrics, storeMetrics } from '../../base/metrics/store-metrics.ts';
import { type Cache, checkKey, encodeValue } from './cache.ts';

/** Characters of JSON that all values may have together. */
const MAX_SIZE = 64 * 1024 * 1024;

/** A cache of one process. Values are kept as JSON: their size is known, and no caller shares an object with it. */
export class MemoryCache implements Cache {
  readonly #values: LRUCache<string, string>;
  readonly #metrics: StoreMetrics;

  /** @param options.memoryMb of the process; with little it keeps less. */
  constructor(options: { readonly metrics: Registry; readonly memoryMb?: number | undefined }) {
    this.#values = new LRUCache({
      maxSize: cacheSize(MAX_SIZE, options.memoryMb),
      sizeCalculation: (value, key) => value.length + key.length,
    });
    this.#metrics = storeMetrics(options.metrics);
  }

  async get<T extends Json>(key: string): Promise<T | undefined> {
    checkKey(key);
    const text = this.#values.get(key);
    this.#metrics.cacheRequests.inc({ result: text === undefined ? 'miss' : 'hit' });
    return text === undefined ? undefined : (JSON.parse(text) as T);
  }

  async set(key: string, value: Json, { ttlMs }: { readonly ttlMs: number }): Promise<void> {
    checkKey(key);
    const text = encodeValue(value);
    if (text === undefined) this.#metrics.cacheRequests.inc({ result: 'too large' });
    else this.#values.set(key, text, { ttl: ttlMs });
  }

  getMany<T extends Json>(keys: readonly string[]): Promise<(T | undefined)[]> {
    return Promise.all(keys.map((key) => this.get<T>(key)));
  }

  mustSet(key: string, value: Json, options: { readonly ttlMs: number }): Promise<void> {
    return this.set(key, value, options);
  }

  async delete(key: string): Promise<void> {
    this.#values.delete(key);
  }
}
