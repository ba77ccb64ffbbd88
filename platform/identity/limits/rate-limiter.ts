/**
 * A rate limiter over fixed windows, counted across processes when there is Redis. A window begins with the first
 * points that are spent in it. When Redis fails, each process counts on its own in memory (an insurance: a limit that
 * is too generous for a while, and never a request that fails for it).
 *
 * Two faces: memory and Redis. rate-limiter.contract.ts is their common definition.
 */
export interface RateLimiter {
  /**
   * Spends `points` (default 1) of the key's allowance, in one step. What is refused is not counted.
   *
   * @param key whom it counts for, e.g. `user:<id>` or `ip:<network>`, at most 512 characters. It stands in Redis as it
   * is: never a mail address.
   * @param least the caller is content with so few points when `points` are not left; default: `points`.
   */
  consume(key: string, rule: RateRule, points?: number, least?: number): Promise<RateVerdict>;
  /**
   * Gives back points of a verdict: the settlement after an estimate. Does nothing when the window of that verdict has
   * ended, and never leaves less than nothing spent.
   */
  refund(key: string, rule: RateRule, points: number, verdict: RateVerdict): Promise<void>;
}

export interface RateRule {
  /** Names the counter; equal names must have equal limits. E.g. `login`, `tokens-per-minute`. */
  readonly name: string;
  /** Points per window. */
  readonly limit: number;
  /** Length of the window in seconds. */
  readonly windowS: number;
  /** Whether its limit is a setting that may change while the process runs. */
  readonly mayChange?: boolean;
}

export interface RateVerdict {
  readonly allowed: boolean;
  /** Points that were spent; 0 when refused. */
  readonly spent: number;
  /** Points left in this window. */
  readonly remaining: number;
  /** Whole seconds until it makes sense to try again; 0 when allowed. */
  readonly retryAfter: number;
  /** When the window ends. */
  readonly resetsAt: Date;
}
