import type { Registry } from 'prom-client';
import type { Json } from '../../base/json/json.ts';
import { type StoreMetrics, storeMetrics } from '../../base/metrics/store-metrics.ts';
import type { RedisConnections } from '../redis/redis.ts';
import { type Cache, checkKey, encodeValue } from './cache.ts';

/** A cache that all processes share. While Redis is away, everything is a miss. */
export class RedisCache implements Cache {
  readonly #redis: RedisConnections;
  readonly #metrics: StoreMetrics;

  constructor(options: { redis: RedisConnections; metrics: Registry }) {
    this.#redis = options.redis;
    this.#metrics = storeMetrics(options.metrics);
  }

  async get<T extends Json>(key: string): Promise<T | undefined> {
    checkKey(key);
    const text = await this.#attempt(this.#redis.commands.get(this.#key(key)));
    const value = text ? (JSON.parse(text) as T) : undefined;
    this.#metrics.cacheRequests.inc({ result: value === undefined ? 'miss' : 'hit' });
    return value;
  }

  async set(key: string, value: Json, { ttlMs }: { readonly ttlMs: number }): Promise<void> {
    checkKey(key);
    const text = encodeValue(value);
    if (text === undefined) this.#metrics.cacheRequests.inc({ result: 'too large' });
    else await this.#attempt(this.#redis.commands.set(this.#key(key), text, 'PX', ttlMs));
  }

  getMany<T extends Json>(keys: readonly string[]): Promise<(T | undefined)[]> {
    // The client sends them in one piece. MGET is refused by a cluster whose servers share the keys out.
    return Promise.all(keys.map((key) => this.get<T>(key)));
  }

  async mustSet(key: string, value: Json, { ttlMs }: { readonly ttlMs: number }): Promise<void> {
    checkKey(key);
    const text = JSON.stringify(value);
    await this.#redis.guard('cache', this.#redis.commands.set(this.#key(key), text, 'PX', ttlMs));
  }

  async delete(key: string): Promise<void> {
    await this.#attempt(this.#redis.commands.del(this.#key(key)));
  }

  /** The answer, or undefined when there is none to be had. */
  async #attempt<T>(work: Promise<T>): Promise<T | undefined> {
    try {
      return await this.#redis.guard('cache', work);
    } catch {
      this.#metrics.cacheRequests.inc({ result: 'error' });
      return undefined;
    }
  }

  #key(key: string): string {
    return `${this.#redis.prefix}cache:{${key}}`;
  }
}
