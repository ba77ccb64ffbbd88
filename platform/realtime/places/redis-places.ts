import { randomUUID } from 'node:crypto';
import type { Registry } from 'prom-client';
import { every } from '../../base/faults/every.ts';
import type { Logger } from '../../base/log/log.ts';
import { type StoreMetrics, storeMetrics } from '../../base/metrics/store-metrics.ts';
import type { RedisConnections, RedisScript } from '../redis/redis.ts';
import { NOW_LUA } from '../redis/redis-time.ts';
import { MemoryPlaces } from './memory-places.ts';
import type { Place, Places } from './places.ts';

/** How long a place is taken without a sign of life of its process, in ms. */
const TTL_MS = 60_000;

/** places; token limit ttlMs → 1 | 0 */
const ENTER = `${NOW_LUA}
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1`;

/** places; ttlMs token… A place that Redis has forgotten is taken again. */
const RENEW = `${NOW_LUA}
for i = 2, #ARGV do redis.call('ZADD', KEYS[1], now + ARGV[1], ARGV[i]) end
redis.call('PEXPIRE', KEYS[1], ARGV[1])`;

/** The places among all processes of one Redis. */
export class RedisPlaces implements Places {
  readonly #redis: RedisConnections;
  readonly #metrics: StoreMetrics;
  readonly #enter: RedisScript;
  readonly #renew: RedisScript;
  readonly #ttlMs: number;
  /** The tokens that this process holds, by key. */
  readonly #held = new Map<string, Set<string>>();
  readonly #own = new MemoryPlaces();

  constructor(options: {
    redis: RedisConnections;
    log: Logger;
    metrics: Registry;
    lifecycle: AsyncDisposableStack;
    ttlMs?: number;
  }) {
    this.#redis = options.redis;
    this.#metrics = storeMetrics(options.metrics);
    this.#ttlMs = options.ttlMs ?? TTL_MS;
    this.#enter = options.redis.script('sextantPlacesEnter', 1, ENTER);
    this.#renew = options.redis.script('sextantPlacesRenew', 1, RENEW);
    options.lifecycle.defer(every(this.#ttlMs / 3, { where: 'places', log: options.log }, () => this.#renewAll()));
  }

  async enter(key: string, limit: number): Promise<Place | undefined> {
    const token = randomUUID();
    try {
      const entered = await this.#redis.guard('places', this.#enter(this.#keyOf(key), token, limit, this.#ttlMs));
      if (entered !== 1) return undefined;
    } catch {
      this.#metrics.rateInsurance.inc();
      // It may have been taken, and this was not told.
      this.#leave(key, token);
      return this.#own.enter(key, limit);
    }
    const held = this.#held.get(key) ?? new Set();
    this.#held.set(key, held.add(token));
    return {
      leave: () => {
        if (!held.delete(token)) return;
        if (held.size === 0 && this.#held.get(key) === held) this.#held.delete(key);
        this.#leave(key, token);
      },
    };
  }

  #leave(key: string, token: string): void {
    this.#redis.commands.zrem(this.#keyOf(key), token).catch(() => {
      // It lapses by itself.
    });
  }

  async #renewAll(): Promise<void> {
    for (const [key, held] of [...this.#held]) {
      // What is left while this is under way lapses by itself.
      await this.#redis.guard('places', this.#renew(this.#keyOf(key), this.#ttlMs, ...held)).catch(() => undefined);
    }
  }

  #keyOf(key: string): string {
    return `${this.#redis.prefix}places:${key}`;
  }
}
