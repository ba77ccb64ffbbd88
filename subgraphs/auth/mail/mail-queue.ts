import { CodedError } from '#platform/base/errors/errors.ts';
import { guarded } from '#platform/base/faults/guarded.ts';
import type { Logger } from '#platform/base/log/log.ts';
import type { Secrets } from '#platform/base/secrets/secrets.ts';
import type { Mail, Mailer } from '#platform/identity/mail/mailer.ts';
import type { PrismaClient } from '#prisma/auth/client/client.ts';
import type { Tx } from '../change.ts';

const PURPOSE = 'outgoing mail';
/** How long one attempt may take before another process may try, and how often the queue is looked at, in ms. */
const CLAIM_MS = 60_000;
const LOOK_EVERY_MS = 15_000;
/** A mail whose token has ended is of no use to anybody. */
const LIFE_MS = 3_600_000;
const MAX_PAUSE_MS = 300_000;

/**
 * The mails on their way: written with the change they tell of, sent after it, tried again while the mail server is
 * away. Sealed meanwhile, because they hold tokens.
 */
export class MailQueue implements AsyncDisposable {
  readonly #db: PrismaClient;
  readonly #mailer: Mailer;
  readonly #secrets: Secrets;
  readonly #log: Logger;
  readonly #timer: NodeJS.Timeout;
  #running: Promise<void> | undefined;
  #again = false;
  #closed = false;

  constructor(db: PrismaClient, mailer: Mailer, secrets: Secrets, log: Logger) {
    this.#db = db;
    this.#mailer = mailer;
    this.#secrets = secrets;
    this.#log = log;
    this.#timer = setInterval(
      guarded({ where: 'mail queue', log }, () => this.wake()),
      LOOK_EVERY_MS,
    ).unref();
  }

  /** Whether mail reaches people. */
  get configured(): boolean {
    return this.#mailer.destination === 'people';
  }

  /** @throws {CodedError} NOT_CONFIGURED where no mail gets anywhere. */
  requireDestination(instead: string): void {
    if (this.#mailer.destination !== 'nowhere') return;
    throw new CodedError(
      'NOT_CONFIGURED',
      `Mail is not configured here (SMTP_URL), so no link can be sent: ${instead}`,
    );
  }

  /** @param mail `to` is null where the address has no account: the row takes the same steps and goes nowhere. */
  async add(tx: Tx, mail: Omit<Mail, 'to'> & { readonly to: string | null }, lifeMs = LIFE_MS): Promise<void> {
    const sealed = this.#secrets.seal(PURPOSE, JSON.stringify(mail));
    await tx.outgoingMail.create({ data: { sealed, expiresAt: new Date(Date.now() + lifeMs) } });
  }

  /** Sends what is due, soon, without making anybody wait. */
  wake(): void {
    if (this.#closed) return;
    if (this.#running) {
      this.#again = true;
      return;
    }
    this.#running = this.#drain()
      .catch((error) => this.#log.warn({ err: error }, 'mails could not be sent'))
      .finally(() => {
        this.#running = undefined;
        if (!this.#again) return;
        this.#again = false;
        this.wake();
      });
  }

  /** Resolves when nothing is being sent. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    await this.idle();
  }

  async #drain(): Promise<void> {
    while (!this.#closed && (await this.#sendOne())) {
      // one after the other: a mail server thinks ill of a client that opens many connections
    }
  }

  /** @returns whether there was one. */
  async #sendOne(): Promise<boolean> {
    const now = new Date();
    const due = await this.#db.outgoingMail.findFirst({
      where: { nextTryAt: { lte: now } },
      orderBy: { nextTryAt: 'asc' },
    });
    if (due === null) return false;
    // The process that moves the time on has it; if that process dies, the mail is due again.
    const claimed = await this.#db.outgoingMail.updateMany({
      where: { id: due.id, nextTryAt: due.nextTryAt },
      data: { nextTryAt: new Date(now.getTime() + CLAIM_MS), attempts: { increment: 1 } },
    });
    if (claimed.count === 0) return true;
    const mail = this.#open(due.sealed);
    if (mail?.to && due.expiresAt > now) {
      try {
        await this.#mailer.send({ ...mail, to: mail.to });
      } catch (error) {
        const pause = Math.min(5_000 * 2 ** due.attempts, MAX_PAUSE_MS);
        this.#log.warn(
          { err: error, attempts: due.attempts + 1, pause },
          'a mail could not be sent; it is tried again',
        );
        await this.#db.outgoingMail.updateMany({
          where: { id: due.id },
          data: { nextTryAt: new Date(Date.now() + pause) },
        });
        return true;
      }
    } else if (mail?.to) {
      this.#log.error({ attempts: due.attempts }, 'a mail could not be sent in time and is given up');
    }
    await this.#db.outgoingMail.deleteMany({ where: { id: due.id } });
    return true;
  }

  #open(sealed: string): { to: string | null; subject: string; text: string } | undefined {
    try {
      return JSON.parse(this.#secrets.open(PURPOSE, sealed));
    } catch {
      this.#log.error('a mail was sealed with another JWT_SECRET and is given up');
      return undefined;
    }
  }
}
