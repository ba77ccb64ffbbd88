import type { Registry } from 'prom-client';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { RedisConnections } from '../redis/redis.ts';
import { type StoreMetrics, storeMetrics } from '../store-metrics.ts';
import type { RateLimiter, RateRule, RateVerdict } from './rate-limiter.ts';

type Counter = RateLimiterMemory | RateLimiterRedis;

/** Both faces: counts in Redis where it is given, in memory otherwise and while Redis fails. */
export class FlexibleRateLimiter implements RateLimiter {
  readonly #redis: RedisConnections | undefined;
  readonly #metrics: StoreMetrics;
  readonly #counters = new Map<string, { counter: Counter; rule: RateRule }>();

  constructor(options: { redis?: RedisConnections | undefined; metrics: Registry }) {
    this.#redis = options.redis;
    this.#metrics = storeMetrics(options.metrics);
  }

  async consume(key: string, rule: RateRule, points = 1): Promise<RateVerdict> {
    const counter = this.#counter(key, rule);
    checkPoints(points);
    try {
      return verdict(rule, await counter.consume(key, points), 0);
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal;
      this.#metrics.rateLimited.inc({ rule: rule.name });
      // The library counts what it refuses. One large refusal must not use up what smaller requests could still have.
      if (points > 1) await counter.reward(key, points);
      const before = new RateLimiterRes(0, refusal.msBeforeNext, refusal.consumedPoints - points);
      return { ...verdict(rule, before, 0), allowed: false, retryAfter: seconds(refusal.msBeforeNext) };
    }
  }

  async peek(key: string, rule: RateRule): Promise<RateVerdict> {
    return verdict(rule, await this.#counter(key, rule).get(key), 1);
  }

  async refund(key: string, rule: RateRule, points: number): Promise<void> {
    const counter = this.#counter(key, rule);
    checkPoints(points);
    // Never below nothing spent: a refund that arrives in the next window must not become an allowance.
    const spent = (await counter.get(key))?.consumedPoints ?? 0;
    const back = Math.min(points, spent);
    if (back > 0) await counter.reward(key, back);
  }

  async reset(key: string, rule: RateRule): Promise<void> {
    await this.#counter(key, rule).delete(key);
  }

  #counter(key: string, rule: RateRule): Counter {
    if (key.length === 0 || key.length > 512)
      throw new TypeError(`A rate limit’s key has 1 to 512 characters, not ${key.length}.`);
    const known = this.#counters.get(rule.name);
    if (known && known.rule.limit === rule.limit && known.rule.windowS === rule.windowS) return known.counter;
    if (known) throw new TypeError(`The rate limit ${rule.name} is used with two different limits or windows.`);
    const counter = this.#create(rule);
    this.#counters.set(rule.name, { counter, rule });
    return counter;
  }

  #create(rule: RateRule): Counter {
    const options = { points: rule.limit, duration: rule.windowS };
    if (!this.#redis) return new RateLimiterMemory({ ...options, keyPrefix: rule.name });
    return new RateLimiterRedis({
      ...options,
      keyPrefix: `${this.#redis.prefix}limit:${rule.name}`,
      storeClient: this.#redis.commands,
      rejectIfRedisNotReady: true,
      insuranceLimiter: new Insurance({ ...options, keyPrefix: rule.name }, () => this.#metrics.rateInsurance.inc()),
    });
  }
}

/** The counter that is asked when Redis fails. */
class Insurance extends RateLimiterMemory {
  readonly #onUse: () => void;
  constructor(options: ConstructorParameters<typeof RateLimiterMemory>[0], onUse: () => void) {
    super(options);
    this.#onUse = onUse;
  }
  override consume(...args: Parameters<RateLimiterMemory['consume']>): Promise<RateLimiterRes> {
    this.#onUse();
    return super.consume(...args);
  }
}

function checkPoints(points: number): void {
  if (!Number.isSafeInteger(points) || points < 0)
    throw new TypeError(`Points of a rate limit are whole and not negative, not ${points}.`);
}

const seconds = (ms: number): number => Math.max(1, Math.ceil(ms / 1_000));

/** @param need points that must be left for it to count as allowed. */
function verdict(rule: RateRule, state: RateLimiterRes | null, need: number): RateVerdict {
  const remaining = state ? Math.max(0, rule.limit - state.consumedPoints) : rule.limit;
  const msLeft = state && state.msBeforeNext > 0 ? state.msBeforeNext : rule.windowS * 1_000;
  const allowed = remaining >= need;
  return { allowed, remaining, retryAfter: allowed ? 0 : seconds(msLeft), resetsAt: new Date(Date.now() + msLeft) };
}
