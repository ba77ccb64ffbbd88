import { LRUCache } from 'lru-cache';
import type { Config } from '#platform/config/config.ts';
import { rateLimited } from '#platform/errors/errors.ts';
import { networkOf } from '#platform/identity/client-info.ts';
import type { RateLimiter, RateRule } from '#platform/limits/rate-limiter.ts';
import type { Changes } from './change.ts';
import type { Origin } from './origin.ts';

type LimitConfig = Pick<Config, 'LOGINS_PER_MINUTE' | 'SIGNUPS_PER_HOUR' | 'ACCOUNT_MAILS_PER_HOUR'>;

/** Mails that one account gets in an hour, whoever asks: nobody's mailbox is flooded through us. */
const MAILS_PER_ACCOUNT = { name: 'auth-mail-account', limit: 5, windowS: 3600 } as const;
/** An excess is written down once in this time per address, so that a flood does not fill the audit log. */
const NOTE_EVERY_MS = 60_000;

/** What one address of the network may ask for without being signed in. Accounts have the lockout besides. */
export class Limits {
  readonly #limiter: RateLimiter;
  readonly #changes: Changes;
  readonly #rules: Readonly<Record<'login' | 'register' | 'mail', RateRule>>;
  readonly #noted = new LRUCache<string, true>({ max: 1_000, ttl: NOTE_EVERY_MS });

  constructor(limiter: RateLimiter, changes: Changes, config: LimitConfig) {
    this.#limiter = limiter;
    this.#changes = changes;
    this.#rules = {
      login: { name: 'auth-login', limit: config.LOGINS_PER_MINUTE, windowS: 60 },
      register: { name: 'auth-register', limit: config.SIGNUPS_PER_HOUR, windowS: 3600 },
      mail: { name: 'auth-mail', limit: config.ACCOUNT_MAILS_PER_HOUR, windowS: 3600 },
    };
  }

  /** @throws {CodedError} RATE_LIMITED with `retryAfter`. */
  async spend(what: 'login' | 'register' | 'mail', origin: Origin): Promise<void> {
    const key = networkOf(origin.client);
    const rule = this.#rules[what];
    const verdict = await this.#limiter.consume(`ip:${key}`, rule);
    if (verdict.allowed) return;
    if (!this.#noted.has(`${what} ${key}`)) {
      this.#noted.set(`${what} ${key}`, true);
      await this.#changes.run(origin, (change) =>
        change.audit({
          type: 'excess_rate_limit_exceeded',
          details: { what, limit: rule.limit, windowS: rule.windowS },
        }),
      );
    }
    throw rateLimited('Too many attempts from this address.', verdict.retryAfter);
  }

  /** Whether a mail may go to the account. Says nothing to whoever asked: that would tell that there is an account. */
  async mayWriteTo(email: string): Promise<boolean> {
    return (await this.#limiter.consume(`email:${email}`, MAILS_PER_ACCOUNT)).allowed;
  }
}
