import type { Transporter } from 'nodemailer';
import type { Config } from '../base/config/config.ts';
import type { Logger } from '../base/log/log.ts';

export interface Mail {
  readonly to: string;
  readonly subject: string;
  /** Plain text: every client shows it, and it hides no link. */
  readonly text: string;
}

export interface Mailer {
  /** Where a mail ends up: not in the log of production, which many read and which is kept, because it holds links. */
  readonly destination: 'people' | 'log' | 'nowhere';
  /** @throws when the mail server did not take it: try again later. */
  send(mail: Mail): Promise<void>;
}

/** Longest wait for each step of the conversation with the mail server, in ms. */
const STEP_TIMEOUT_MS = 10_000;

/** Mails through SMTP_URL; without it, into the log of a development machine, and nowhere in production. */
export function createMailer(config: Pick<Config, 'SMTP_URL' | 'MAIL_FROM' | 'production'>, log: Logger): Mailer {
  if (config.SMTP_URL === undefined && config.production) {
    return {
      destination: 'nowhere',
      async send({ subject }) {
        log.warn({ subject }, 'a mail was not sent: mail is not configured (SMTP_URL)');
      },
    };
  }
  if (config.SMTP_URL === undefined) {
    return {
      destination: 'log',
      async send(mail) {
        log.warn({ mail }, `no mail server is configured (SMTP_URL): pass this mail to ${mail.to}`);
      },
    };
  }
  const options = {
    url: config.SMTP_URL,
    connectionTimeout: STEP_TIMEOUT_MS,
    greetingTimeout: STEP_TIMEOUT_MS,
    socketTimeout: STEP_TIMEOUT_MS,
  };
  let transport: Promise<Transporter> | undefined;
  return {
    destination: 'people',
    async send({ to, subject, text }) {
      // An address object is never parsed, so an address cannot smuggle in a second recipient or a header.
      transport ??= import('nodemailer').then(({ createTransport }) => createTransport(options));
      await (await transport).sendMail({ from: config.MAIL_FROM, to: { name: '', address: to }, subject, text });
    },
  };
}
