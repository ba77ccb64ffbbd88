import { CodedError } from '#platform/base/errors/errors.ts';
import type { PrismaClient } from '#prisma/auth/client/client.ts';
import type { EmailPseudonym } from '../email.ts';

/**
 * Attempts of one source that cost nothing; the last of them locks, and each one after it for twice as long, up to the
 * longest.
 */
export const FREE_ATTEMPTS = 10;
/** The same for an account from all sources together: far more than one network can use up. */
export const FREE_ATTEMPTS_ACCOUNT = 1_000;
export const FIRST_LOCK_S = 30;
export const MAX_LOCK_S = 900;
/** After so many hours without an attempt the count begins again. */
const FORGET_AFTER_H = 24;

/**
 * The source of an attempt at a password: from a network, on a device that was signed in before, or inside a session.
 */
export type AttemptSource =
  | {
      readonly network: string;
      /** Whether the account was signed in from this network before. */
      readonly known: boolean;
    }
  | { readonly device: string }
  | { readonly session: string };

export interface Attempt {
  /** Which attempt from this source since the last success it is. */
  readonly number: number;
  /** Whether it is the last one before a lock. */
  readonly locks: boolean;
}

/**
 * The limit of password attempts per account and source, whether or not the address has an account, so that the
 * attempts of one client lock no other client out. Attempts from many networks together meet a far higher limit of the
 * account, which does not hold for networks and devices that were signed in before. An attempt is counted before the
 * password is looked at, in one statement, so a hundred at once are counted as surely as one after the other (Zitadel's
 * GHSA-7h8m-vrxx-vr4m is what happens otherwise). A lock holds passwords up only: a reset lifts it.
 */
export class Lockout {
  readonly #db: PrismaClient;
  readonly #pseudonym: EmailPseudonym;

  constructor(db: PrismaClient, pseudonym: EmailPseudonym) {
    this.#db = db;
    this.#pseudonym = pseudonym;
  }

  /** @throws {CodedError} ACCOUNT_LOCKED with `retryAfter`. */
  async count(email: string, source: AttemptSource): Promise<Attempt> {
    const attempt = await this.#count(this.subjectOf(email, source), FREE_ATTEMPTS);
    if (typeof attempt === 'number') throw locked(attempt);
    if ('network' in source) {
      const overall = await this.#count(this.subjectOf(email), FREE_ATTEMPTS_ACCOUNT);
      if (typeof overall === 'number' && !source.known) throw locked(overall);
    }
    return attempt;
  }

  /** Forgets the attempts of a source, where the password was right. */
  async clear(email: string, source: AttemptSource, db: Pick<PrismaClient, 'loginAttempts'> = this.#db): Promise<void> {
    const subjects = [this.subjectOf(email, source), ...('network' in source ? [this.subjectOf(email)] : [])];
    await db.loginAttempts.deleteMany({ where: { subject: { in: subjects } } });
  }

  /** Forgets all attempts at an account: its password was set again. Prisma takes _ for a wildcard. */
  async clearAll(email: string, db: Pick<PrismaClient, 'loginAttempts'> = this.#db): Promise<void> {
    await db.loginAttempts.deleteMany({
      where: { subject: { startsWith: this.subjectOf(email).replaceAll('_', '\\_') } },
    });
  }

  /** @param source absent: the account, from all sources together. */
  subjectOf(email: string, source?: AttemptSource): string {
    const account = this.#pseudonym(email);
    if (source === undefined) return account;
    if ('network' in source) return `${account} network ${this.#pseudonym(source.network)}`;
    return 'device' in source ? `${account} device ${source.device}` : `${account} session ${source.session}`;
  }

  /** @returns the attempt, or for how many seconds the subject is still locked. */
  async #count(subject: string, free: number): Promise<Attempt | number> {
    const rows = await this.#db.$queryRaw<{ attempts: number; locked: boolean }[]>`
      INSERT INTO login_attempts AS a (subject, attempts, last_at, locked_until)
      VALUES (${subject}, 1, clock_timestamp(), 'epoch')
      ON CONFLICT (subject) DO UPDATE SET
        attempts = CASE WHEN a.last_at < clock_timestamp() - make_interval(hours => ${FORGET_AFTER_H}::int) THEN 1 ELSE a.attempts + 1 END,
        last_at = clock_timestamp(),
        locked_until = CASE
          WHEN a.last_at < clock_timestamp() - make_interval(hours => ${FORGET_AFTER_H}::int) OR a.attempts + 1 < ${free}::int THEN 'epoch'
          ELSE clock_timestamp() + make_interval(secs => least(${FIRST_LOCK_S}::int * power(2, least(a.attempts + 1 - ${free}::int, 20)), ${MAX_LOCK_S}::int))
        END
      WHERE a.locked_until <= clock_timestamp()
      RETURNING attempts, locked_until > clock_timestamp() AS locked`;
    const counted = rows[0];
    if (counted) return { number: counted.attempts, locks: counted.locked };
    const row = await this.#db.loginAttempts.findUnique({ where: { subject } });
    return Math.max(1, Math.ceil(((row?.lockedUntil.getTime() ?? 0) - Date.now()) / 1000));
  }
}

const locked = (retryAfter: number) =>
  new CodedError(
    'ACCOUNT_LOCKED',
    `Too many failed attempts. Try again in ${retryAfter} s, or set a new password by requestPasswordReset.`,
    { retryAfter },
  );
