/**
 * Rate limits over fixed windows, counted across processes when there is Redis. When Redis fails, each process counts on
 * its own in memory (an insurance: a limit that is too generous for a while, and never a request that fails for it).
 *
 * Two faces: memory and Redis, both by rate-limiter-flexible. rate-limiter.contract.ts is their common definition.
 */
export interface RateLimiter {
  /**
   * Spends `points` (default 1) of the key's allowance.
   *
   * @param key whom it counts for, e.g. `user:<id>` or `ip:<address>`, at most 512 characters.
   */
  consume(key: string, rule: RateRule, points?: number): Promise<RateVerdict>;
  /** Looks without spending. */
  peek(key: string, rule: RateRule): Promise<RateVerdict>;
  /** Gives points back: the settlement after an estimate. */
  refund(key: string, rule: RateRule, points: number): Promise<void>;
  /** Forgets what was spent. */
  reset(key: string, rule: RateRule): Promise<void>;
}

export interface RateRule {
  /** Names the counter; equal names must have equal limits. E.g. `login`, `tokens-per-minute`. */
  readonly name: string;
  /** Points per window. */
  readonly limit: number;
  /** Length of the window in seconds. */
  readonly windowS: number;
}

export interface RateVerdict {
  readonly allowed: boolean;
  /** Points left in this window. */
  readonly remaining: number;
  /** Whole seconds until it makes sense to try again; 0 when allowed. */
  readonly retryAfter: number;
  /** When the window ends. */
  readonly resetsAt: Date;
}
