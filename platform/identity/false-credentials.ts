import { recentlyUsed } from '#platform/base/recently-used.ts';
import { CodedError, rateLimited } from '../base/errors/errors.ts';
import { type ClientInfo, networkOf } from './client-info.ts';
import type { RateLimiter, RateRule } from './limits/rate-limiter.ts';

/** The error of credentials that were never good: made up, garbled or unknown. One that has ended is none of them. */
export class FalseCredentialsError extends CodedError {
  constructor(message: string) {
    super('UNAUTHENTICATED', message);
  }
}

export interface FalseCredentialsOptions {
  readonly limiter: RateLimiter;
  /** False credentials of one network in a minute. */
  readonly perMinute: number;
}

/** Networks that are remembered as refused, so that a flood from one does not ask the shared counter each time. */
const MAX_NETWORKS = 10_000;

/** The count of false credentials of each network, and refuses more of them for the rest of the minute. */
export class FalseCredentials {
  readonly #limiter: RateLimiter | undefined;
  readonly #rule: RateRule;
  readonly #refused = recentlyUsed<Date>(MAX_NETWORKS);

  constructor(options: FalseCredentialsOptions | undefined) {
    this.#limiter = options?.limiter;
    this.#rule = { name: 'false-credentials', limit: options?.perMinute ?? 0, windowS: 60 };
  }

  /** Counts what turned out to be false. @throws {CodedError} RATE_LIMITED when there were too many. */
  async count(client: ClientInfo | undefined): Promise<void> {
    await this.#spend(client);
  }

  /**
   * Counts credentials before they are looked up, and gives that back when they are good, or when that cannot be found
   * out. So many at once cost no more look-ups than one after the other.
   *
   * @param isFalse whether what the look-up found means that they are false.
   * @throws {CodedError} RATE_LIMITED without looking, when there were too many.
   */
  async countUnlessGood<T>(
    client: ClientInfo | undefined,
    lookUp: () => Promise<T>,
    isFalse: (found: T) => boolean,
  ): Promise<T> {
    const giveBack = await this.#spend(client);
    let good = true;
    try {
      const found = await lookUp();
      good = !isFalse(found);
      return found;
    } finally {
      if (good) await giveBack();
    }
  }

  async #spend(client: ClientInfo | undefined): Promise<() => Promise<void>> {
    const limiter = this.#limiter;
    if (!limiter) return async () => undefined;
    const key = `ip:${networkOf(client)}`;
    const until = this.#refused.get(key);
    if (until && until.getTime() > Date.now()) throw tooMany(until);
    const verdict = await limiter.consume(key, this.#rule);
    if (!verdict.allowed) {
      this.#refused.set(key, verdict.resetsAt);
      throw tooMany(verdict.resetsAt);
    }
    return () => limiter.refund(key, this.#rule, 1, verdict);
  }
}

const tooMany = (until: Date): CodedError =>
  rateLimited(
    'Too many false credentials from this network.',
    Math.max(1, Math.ceil((until.getTime() - Date.now()) / 1_000)),
  );
