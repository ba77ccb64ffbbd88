import { CodedError } from '#platform/base/errors/errors.ts';
import type { Json } from '#platform/base/json/json.ts';
import type { Logger } from '#platform/base/log/log.ts';
import type { Secrets } from '#platform/base/secrets/secrets.ts';
import type { JobHandler, Jobs } from '#platform/data/jobs/jobs.ts';
import type { Mail, Mailer } from '#platform/identity/mailer.ts';
import type { Prisma } from '#prisma/auth/client/client.ts';
import type { Tx } from '../change.ts';

/** A mail on its way. `to` is null where the address has no account: the job takes the same steps and goes nowhere. */
export type Letter = Omit<Mail, 'to'> & { readonly to: string | null };

interface Payload {
  /** Address, subject and text, sealed: the text holds a token. */
  readonly sealed: string;
  /** When the token ends, in ms since 1970: a later mail is of no use. */
  readonly expiresAt: number;
}

const SEND_MAIL = 'send-mail';
const PURPOSE = 'outgoing mail';
/** How long a mail is of use, in ms, where its writer does not say. */
const LIFE_MS = 3_600_000;
/** With the pauses of the job runner between them these take more than an hour. */
const ATTEMPTS = 12;
/** nodemailer's codes for a mail server that cannot be reached or does not take our credentials. */
const AWAY = /^(ECONNECTION|ECONNREFUSED|ETIMEDOUT|ESOCKET|EDNS|ETLS|EPROTOCOL|EAUTH|ENOAUTH|EOAUTH2)$/;

/**
 * The mails of accounts: written with the change that they tell of, sent after it as a job, and sent again later while
 * the mail server is away. They are sealed meanwhile, because they hold tokens.
 */
export class OutgoingMail {
  readonly #jobs: Jobs<Prisma.TransactionClient>;
  readonly #mailer: Mailer;
  readonly #secrets: Secrets;
  readonly #log: Logger;

  /** @param jobs a runner that sends one mail at a time: mail servers think ill of a client with many connections. */
  constructor(jobs: Jobs<Prisma.TransactionClient>, mailer: Mailer, secrets: Secrets, log: Logger) {
    this.#jobs = jobs;
    this.#mailer = mailer;
    this.#secrets = secrets;
    this.#log = log;
    jobs.handle(SEND_MAIL, this.#handler());
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

  /**
   * Records a mail in a running transaction: it is sent soon after the commit.
   *
   * @param lifeMs how long it is of use; a mail that could not be sent by then is given up.
   * @param userId who has it sent to another person: such mails take turns with those of accounts themselves.
   */
  async add(tx: Tx, letter: Letter, lifeMs = LIFE_MS, userId?: string): Promise<void> {
    const sealed = this.#secrets.seal(PURPOSE, JSON.stringify(letter));
    const payload = { sealed, expiresAt: Date.now() + lifeMs } satisfies Payload;
    await this.#jobs.enqueue(tx, SEND_MAIL, payload, { userId });
  }

  #handler(): JobHandler<Prisma.TransactionClient> {
    return {
      attempts: ATTEMPTS,
      run: async (payload: Json, { attempt }) => {
        const { sealed, expiresAt } = payload as unknown as Payload;
        const letter = this.#open(sealed);
        if (!letter?.to) return;
        if (expiresAt <= Date.now()) {
          this.#log.error({ attempts: attempt - 1 }, 'a mail could not be sent in time and is given up');
          return;
        }
        await this.#send({ ...letter, to: letter.to });
      },
    };
  }

  async #send(mail: Mail): Promise<void> {
    try {
      await this.#mailer.send(mail);
    } catch (error) {
      const { code, responseCode } = error as { code?: string; responseCode?: number };
      if (code !== undefined && AWAY.test(code)) {
        this.#log.warn({ code, responseCode }, 'the mail server is away or refuses our credentials; mails wait for it');
        throw new CodedError('SERVICE_UNAVAILABLE', 'The mail server does not take mails at the moment.');
      }
      if (responseCode === undefined || responseCode < 500) throw error;
      // An address that does not exist is what a stranger may type: nothing for an administrator to try again.
      this.#log.warn({ code, responseCode }, 'the mail server refuses a mail for good; it is given up');
    }
  }

  #open(sealed: string): Letter | undefined {
    try {
      return JSON.parse(this.#secrets.open(PURPOSE, sealed));
    } catch {
      this.#log.error('a mail was sealed with another JWT_SECRET and is given up');
      return undefined;
    }
  }
}
