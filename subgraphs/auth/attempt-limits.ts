import { LRUCache } from 'lru-cache';
import type { Config } from '#platform/base/config/config.ts';
import { rateLimited } from '#platform/base/errors/errors.ts';
import { networkOf } from '#platform/identity/client-info.ts';
import type { RateLimiter, RateRule } from '#platform/identity/limits/rate-limiter.ts';
import type { Actor } from './actor.ts';
import type { Changes } from './change.ts';
import { type EmailPseudonym, mailboxOf } from './email.ts';

type LimitConfig = Pick<Config, 'LOGINS_PER_MINUTE' | 'SIGNUPS_PER_HOUR' | 'ACCOUNT_MAILS_PER_HOUR'>;

/** Mails of one kind to one mailbox in an hour: that one network asks for, and that all ask for together. */
const MAILS_PER_NETWORK = { name: 'auth-mail-network', limit: 5, windowS: 3600 } as const;
const MAILS_PER_MAILBOX = { name: 'auth-mail-mailbox', limit: 20, windowS: 3600 } as const;
/**
 * Beyond that, one mail in this time, for all askers together. So no stranger can use up what the owner needs: the link
 * of the last mail is still good while no further one is sent.
 */
const MAIL_AT_LEAST = { name: 'auth-mail-at-least', limit: 1, windowS: 300 } as const;
/** An excess is written down once in this time per network, so that a flood does not fill the audit log. */
const NOTE_EVERY_MS = 60_000;

/** The number of times that one network may ask without being signed in. Accounts have the lockout besides. */
export class AttemptLimits {
  readonly #limiter: RateLimiter;
  readonly #changes: Changes;
  readonly #pseudonym: EmailPseudonym;
  readonly #rules: Readonly<Record<'login' | 'register' | 'mail', RateRule>>;
  readonly #noted = new LRUCache<string, true>({ max: 1_000, ttl: NOTE_EVERY_MS });

  constructor(limiter: RateLimiter, changes: Changes, pseudonym: EmailPseudonym, config: LimitConfig) {
    this.#limiter = limiter;
    this.#changes = changes;
    this.#pseudonym = pseudonym;
    this.#rules = {
      login: { name: 'auth-login', limit: config.LOGINS_PER_MINUTE, windowS: 60 },
      register: { name: 'auth-register', limit: config.SIGNUPS_PER_HOUR, windowS: 3600 },
      mail: { name: 'auth-mail', limit: config.ACCOUNT_MAILS_PER_HOUR, windowS: 3600 },
    };
  }

  /**
   * @param device a device that was signed in before: it has an allowance of its own.
   * @throws {CodedError} RATE_LIMITED with `retryAfter`.
   */
  async spend(what: 'login' | 'register' | 'mail', actor: Actor, device?: string): Promise<void> {
    const key = device === undefined ? `ip:${networkOf(actor.client)}` : `device:${device}`;
    const rule = this.#rules[what];
    const verdict = await this.#limiter.consume(key, rule);
    if (verdict.allowed) return;
    if (!this.#noted.has(`${what} ${key}`)) {
      this.#noted.set(`${what} ${key}`, true);
      await this.#changes.run(actor, (change) =>
        change.audit({
          type: 'excess_rate_limit_exceeded',
          details: { what, limit: rule.limit, windowS: rule.windowS },
        }),
      );
    }
    throw rateLimited('Too many attempts from this address.', verdict.retryAfter);
  }

  /**
   * Whether a mail of this kind may go to the address. Says nothing to who asked: that would tell that there is an
   * account. Addresses that differ by a +tag are one mailbox.
   */
  async mayWriteTo(
    email: string,
    kind: 'reset' | 'confirmation' | 'registration' | 'change' | 'invitation',
    actor: Actor,
  ): Promise<boolean> {
    const mailbox = `${kind}:${this.#pseudonym(mailboxOf(email))}`;
    const own = await this.#limiter.consume(`${mailbox}:${networkOf(actor.client)}`, MAILS_PER_NETWORK);
    if (own.allowed && (await this.#limiter.consume(mailbox, MAILS_PER_MAILBOX)).allowed) return true;
    return (await this.#limiter.consume(mailbox, MAIL_AT_LEAST)).allowed;
  }
}
