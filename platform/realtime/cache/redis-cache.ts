import { randomUUID } from 'node:crypto';
import type { Registry } from 'prom-client';
import { until } from '../../base/iteration/until.ts';
import type { Json } from '../../base/json/json.ts';
import { type StoreMetrics, storeMetrics } from '../../base/metrics/store-metrics.ts';
import type { RedisConnections, RedisScript } from '../redis/redis.ts';
import { type Cache, checkKey, encodeValue, type LoadOptions } from './cache.ts';
import { SingleFlight } from './single-flight.ts';

/** flight; token: gives up the right to load. */
const LAND = `if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end`;
const POLL_MS = 50;

/** A cache that all processes share. While Redis is away, everything is a miss. */
export class RedisCache implements Cache {
  readonly #redis: RedisConnections;
  readonly #land: RedisScript;
  readonly #flights = new SingleFlight();
  readonly #metrics: StoreMetrics;

  constructor(options: { redis: RedisConnections; metrics: Registry }) {
    this.#redis = options.redis;
    this.#land = options.redis.script('sextantCacheLand', 1, LAND);
    this.#metrics = storeMetrics(options.metrics);
  }

  async get<T extends Json>(key: string): Promise<T | undefined> {
    const value = await this.#look<T>(key);
    this.#metrics.cacheRequests.inc({ result: value === undefined ? 'miss' : 'hit' });
    return value;
  }

  async set(key: string, value: Json, { ttlMs }: { readonly ttlMs: number }): Promise<void> {
    checkKey(key);
    const text = encodeValue(value);
    if (text === undefined) this.#metrics.cacheRequests.inc({ result: 'too large' });
    else await this.#attempt(this.#redis.commands.set(this.#key(key), text, 'PX', ttlMs));
  }

  async delete(key: string): Promise<void> {
    await this.#attempt(this.#redis.commands.del(this.#key(key)));
  }

  async getOrLoad<T extends Json>(key: string, options: LoadOptions<T>): Promise<T> {
    const cached = await this.get<T>(key);
    if (cached !== undefined) return cached;
    const { value, shared } = await this.#flights.run(
      key,
      (loading) => this.#load(key, options, loading),
      options.signal,
    );
    if (shared) this.#metrics.cacheRequests.inc({ result: 'shared' });
    return value;
  }

  /** Loads, unless another process does: then waits for its value. */
  async #load<T extends Json>(
    key: string,
    { ttlMs, load, waitMs = 5_000 }: LoadOptions<T>,
    signal: AbortSignal,
  ): Promise<T> {
    const flight = `${this.#key(key)}:flight`;
    const token = randomUUID();
    const first = await this.#attempt(this.#redis.commands.set(flight, token, 'PX', Math.max(1, waitMs), 'NX'));
    if (first === null) {
      // The flight may land without a value (its load failed): then it is our turn.
      const ask = async () => {
        const value = await this.#look<T>(key);
        if (value !== undefined) return { value };
        return (await this.#attempt(this.#redis.commands.exists(flight))) === 1 ? undefined : {};
      };
      const outcome: { value?: T } | undefined = await until<{ value?: T }>(ask, { waitMs, everyMs: POLL_MS, signal });
      if (outcome?.value !== undefined) {
        this.#metrics.cacheRequests.inc({ result: 'shared' });
        return outcome.value;
      }
    }
    try {
      const value = await load(signal);
      await this.set(key, value, { ttlMs });
      return value;
    } finally {
      if (first === 'OK') await this.#attempt(this.#land(flight, token));
    }
  }

  async #look<T extends Json>(key: string): Promise<T | undefined> {
    checkKey(key);
    const text = await this.#attempt(this.#redis.commands.get(this.#key(key)));
    return text ? (JSON.parse(text) as T) : undefined;
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
