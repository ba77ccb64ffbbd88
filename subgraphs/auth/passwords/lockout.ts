import { createHmac } from 'node:crypto';
import { CodedError } from '#platform/errors/errors.ts';
import type { Secrets } from '#platform/secrets/secrets.ts';
import type { PrismaClient } from '#prisma/auth/client/client.ts';

/** Attempts that cost nothing; the last of them locks, and each one after it for twice as long, up to the longest. */
export const FREE_ATTEMPTS = 10;
export const FIRST_LOCK_S = 30;
export const LONGEST_LOCK_S = 900;
/** After so many hours without an attempt the count begins anew. */
const FORGET_AFTER_H = 24;

export interface Attempt {
  /** Which attempt since the last success it is. */
  readonly number: number;
  /** Whether it is the last one before a lock. */
  readonly locks: boolean;
}

/**
 * Limits password attempts per address, whether or not it has an account. An attempt is counted before the password is
 * looked at, in one statement, so a hundred at once are counted as surely as one after the other (Zitadel's
 * GHSA-7h8m-vrxx-vr4m is what happens otherwise). A lock holds passwords up only: a reset lifts it.
 */
export class Lockout {
  readonly #db: PrismaClient;
  readonly #key: Buffer;

  constructor(db: PrismaClient, secrets: Secrets) {
    this.#db = db;
    this.#key = secrets.derive('login attempts');
  }

  /** @throws {CodedError} ACCOUNT_LOCKED with `retryAfter`. */
  async count(email: string): Promise<Attempt> {
    const subject = this.subjectOf(email);
    const rows = await this.#db.$queryRaw<{ attempts: number; locked: boolean }[]>`
      INSERT INTO login_attempts AS a (subject, attempts, last_at, locked_until)
      VALUES (${subject}, 1, clock_timestamp(), 'epoch')
      ON CONFLICT (subject) DO UPDATE SET
        attempts = CASE WHEN a.last_at < clock_timestamp() - make_interval(hours => ${FORGET_AFTER_H}::int) THEN 1 ELSE a.attempts + 1 END,
        last_at = clock_timestamp(),
        locked_until = CASE
          WHEN a.last_at < clock_timestamp() - make_interval(hours => ${FORGET_AFTER_H}::int) OR a.attempts + 1 < ${FREE_ATTEMPTS}::int THEN 'epoch'
          ELSE clock_timestamp() + make_interval(secs => least(${FIRST_LOCK_S}::int * power(2, least(a.attempts + 1 - ${FREE_ATTEMPTS}::int, 20)), ${LONGEST_LOCK_S}::int))
        END
      WHERE a.locked_until <= clock_timestamp()
      RETURNING attempts, locked_until > clock_timestamp() AS locked`;
    const counted = rows[0];
    if (counted) return { number: counted.attempts, locks: counted.locked };
    throw locked(await this.#remaining(subject));
  }

  /** The password was right, or was set anew. */
  async clear(email: string, db: Pick<PrismaClient, 'loginAttempts'> = this.#db): Promise<void> {
    await db.loginAttempts.deleteMany({ where: { subject: this.subjectOf(email) } });
  }

  /** Keyed, so that the table does not tell who was tried. */
  subjectOf(email: string): string {
    return createHmac('sha256', this.#key).update(email).digest('base64url');
  }

  async #remaining(subject: string): Promise<number> {
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
