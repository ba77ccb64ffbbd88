import type { Registry } from 'prom-client';
import { type StoreMetrics, storeMetrics } from '../../base/metrics/store-metrics.ts';
import type { RedisConnections } from '../../realtime/redis/redis.ts';
import type { Counter } from './counter.ts';
import { MemoryCounter } from './memory-counter.ts';
import type { RateLimiter, RateRule, RateVerdict } from './rate-limiter.ts';
import { RedisCounter } from './redis-counter.ts';

/**
 * The rate limiter of both faces: it counts in Redis, or with other processes, where one of them is given, and in
 * memory otherwise and while that fails.
 */
export class CountingRateLimiter implements RateLimiter {
  readonly #shared: Counter | undefined;
  readonly #own: Counter = new MemoryCounter();
  readonly #metrics: StoreMetrics;
  readonly #rules = new Map<string, RateRule>();

  constructor(options: {
    redis?: RedisConnections | undefined;
    /** The counter of other processes, where there is no Redis. */
    shared?: Counter | undefined;
    metrics: Registry;
  }) {
    this.#shared = options.redis ? new RedisCounter(options.redis) : options.shared;
    this.#metrics = storeMetrics(options.metrics);
  }

  async consume(key: string, rule: RateRule, points = 1, least = points): Promise<RateVerdict> {
    this.#check(key, rule, points, least);
    const { spent, total, msLeft } = await this.#insured((counter) => counter.spend(key, rule, points, least));
    const allowed = spent >= least;
    if (!allowed) this.#metrics.rateLimited.inc({ rule: rule.name });
    return {
      allowed,
      spent,
      // Another process may still count by a higher limit, while a new one is brought in.
      remaining: Math.max(0, rule.limit - total),
      retryAfter: allowed ? 0 : Math.max(1, Math.ceil(msLeft / 1_000)),
      resetsAt: new Date(Date.now() + msLeft),
    };
  }

  async refund(key: string, rule: RateRule, points: number, verdict: RateVerdict): Promise<void> {
    this.#check(key, rule, points, points);
    const msLeft = verdict.resetsAt.getTime() - Date.now();
    await this.#insured((counter) => counter.giveBack(key, rule, points, msLeft));
  }

  async #insured<T>(ask: (counter: Counter) => Promise<T>): Promise<T> {
    if (!this.#shared) return ask(this.#own);
    try {
      return await ask(this.#shared);
    } catch {
      this.#metrics.rateInsurance.inc();
      return ask(this.#own);
    }
  }

  #check(key: string, rule: RateRule, points: number, least: number): void {
    if (key.length === 0 || key.length > 512)
      throw new TypeError(`A rate limit’s key has 1 to 512 characters, not ${key.length}.`);
    for (const given of [points, least]) {
      if (!Number.isSafeInteger(given) || given < 0)
        throw new TypeError(`Points of a rate limit are whole and not negative, not ${given}.`);
    }
    const known = this.#rules.get(rule.name);
    if (known && !rule.mayChange && (known.limit !== rule.limit || known.windowS !== rule.windowS))
      throw new TypeError(`The rate limit ${rule.name} is used with two different limits or windows.`);
    if (!known) this.#rules.set(rule.name, rule);
  }
}
