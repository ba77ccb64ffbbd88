import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { SMTPServer } from 'smtp-server';
import { afterEach, describe, expect, it } from 'vitest';
import { createMailer } from './mailer.ts';

const silent = pino({ level: 'silent' });
const from = 'Sextant <no-reply@sextant.example>';
const servers: SMTPServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise<void>((done) => server.close(done))));
});

interface Received {
  readonly recipients: string[];
  readonly text: string;
}

async function mailServer(refuse = false): Promise<{ url: string; received: Received[] }> {
  const received: Received[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onRcptTo: (_address, _session, next) => next(refuse ? new Error('550 no such mailbox') : undefined),
    onData(stream, session, next) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const recipients = session.envelope.rcptTo.map(({ address }) => address);
        received.push({ recipients, text: Buffer.concat(chunks).toString('utf8') });
        next();
      });
    },
  });
  servers.push(server);
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  return { url: `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`, received };
}

describe('mail', () => {
  it('goes through the configured server', async () => {
    const { url, received } = await mailServer();
    const mailer = createMailer({ SMTP_URL: url, MAIL_FROM: from, production: true }, silent);
    await mailer.send({ to: 'ada@example.org', subject: 'Hello', text: 'A link' });
    expect(mailer.destination).toBe('people');
    expect(received).toHaveLength(1);
    expect(received[0]!.recipients).toEqual(['ada@example.org']);
    expect(received[0]!.text).toContain('A link');
  });

  it('cannot be sent to a second address or given a header through the address', async () => {
    const { url, received } = await mailServer();
    const mailer = createMailer({ SMTP_URL: url, MAIL_FROM: from, production: true }, silent);
    await mailer
      .send({ to: 'a@example.org, b@example.org\r\nBcc: c@example.org', subject: 'x', text: 'y' })
      .catch(() => undefined);
    for (const { recipients } of received) {
      expect(recipients).toHaveLength(1);
      expect(recipients).not.toContain('b@example.org');
      expect(recipients).not.toContain('c@example.org');
    }
  });

  it('fails loudly when the server refuses or is away, so that it is tried again', async () => {
    const { url } = await mailServer(true);
    const mail = { to: 'reader@example.org', subject: 'x', text: 'y' };
    await expect(
      createMailer({ SMTP_URL: url, MAIL_FROM: from, production: true }, silent).send(mail),
    ).rejects.toThrow();
    await expect(
      createMailer({ SMTP_URL: 'smtp://127.0.0.1:1', MAIL_FROM: from, production: true }, silent).send(mail),
    ).rejects.toThrow();
  });

  it('leaves no link and no address in the log of production: it says that mail is not configured', async () => {
    const lines: string[] = [];
    const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
    const mailer = createMailer({ SMTP_URL: undefined, MAIL_FROM: from, production: true }, log);
    await mailer.send({ to: 'ada@example.org', subject: 'Reset', text: 'https://x.example/reset?token=abc' });
    expect(mailer.destination).toBe('nowhere');
    expect(lines.join()).toContain('mail is not configured (SMTP_URL)');
    expect(lines.join()).not.toMatch(/token|ada@|x\.example/);
  });

  it('is written to the log for the administrator when no server is configured in development', async () => {
    const lines: string[] = [];
    const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
    const mailer = createMailer({ SMTP_URL: undefined, MAIL_FROM: from, production: false }, log);
    await mailer.send({ to: 'ada@example.org', subject: 'Reset', text: 'https://x.example/reset' });
    expect(mailer.destination).toBe('log');
    expect(lines.join()).toContain('https://x.example/reset');
    expect(lines.join()).toContain('SMTP_URL');
  });
});
