import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { secretsOf } from '#platform/base/secrets/secrets.ts';
import { JobRunner } from '#platform/data/jobs/job-runner.ts';
import { jobsEnded } from '#platform/data/testing/background-work.ts';
import type { Mail, Mailer } from '#platform/identity/mailer.ts';
import type { Prisma } from '#prisma/auth/client/client.ts';
import { AuthWorld } from '../testing/auth-world.ts';
import { type Letter, OutgoingMail } from './outgoing-mail.ts';

let world: AuthWorld;
beforeAll(async () => {
  world = await AuthWorld.open();
  // The mails of this file are sent by runners of its own.
  await world.parts.jobs[Symbol.asyncDispose]();
});
beforeEach(() => world.parts.db.job.deleteMany());
afterAll(() => world[Symbol.asyncDispose]());

const log = pino({ level: 'silent' });
const secrets = secretsOf('the secret of the mails in this test');
const letter = (to: string | null, text = 'hello'): Letter => ({ to, subject: 's', text });

/** A mail server that fails as it is told to; the real one is in platform/identity/mailer.test.ts. */
function mailerOf(...failures: Error[]) {
  const sent: Mail[] = [];
  const mailer: Mailer = {
    destination: 'people',
    async send(mail) {
      const failure = failures.shift();
      if (failure) throw failure;
      sent.push(mail);
    },
  };
  return { sent, mailer };
}

/** One process that sends mails, as subgraph.ts puts it together. */
function processOf(mailer: Mailer) {
  const jobs = new JobRunner<Prisma.TransactionClient>(world.parts.db, {
    owner: 'auth',
    log,
    metrics: new Registry(),
    concurrency: 1,
    backoffMs: 1,
    awayMs: 1,
  });
  const mail = new OutgoingMail(jobs, mailer, secrets, log);
  return {
    jobs,
    add: (written: Letter, lifeMs?: number) => world.parts.db.$transaction((tx) => mail.add(tx, written, lifeMs)),
    [Symbol.asyncDispose]: () => jobs[Symbol.asyncDispose](),
  };
}
const states = async () => (await world.parts.db.job.findMany()).map(({ state }) => state);
const settled = () =>
  expect
    .poll(states, { timeout: 15_000 })
    .not.toEqual(expect.arrayContaining([expect.stringMatching(/^(WAITING|RUNNING)$/)]));
const smtpError = (code: string, responseCode?: number) => Object.assign(new Error('no'), { code, responseCode });

describe('mails on their way', () => {
  it('are sent once after the transaction, by one of many processes', async () => {
    const { sent, mailer } = mailerOf();
    await using one = processOf(mailer);
    await using two = processOf(mailer);
    for (let index = 0; index < 20; index++) await one.add(letter(`u${index}@example.org`));
    one.jobs.start();
    two.jobs.start();
    await jobsEnded(world.parts.db);
    expect(sent.map(({ to }) => to).sort()).toEqual(
      Array.from({ length: 20 }, (_, index) => `u${index}@example.org`).sort(),
    );
  });

  it('wait while the mail server is away or does not know us, without using up their attempts', async () => {
    const away = [smtpError('ECONNECTION'), smtpError('EAUTH', 535), smtpError('EDNS'), smtpError('ETIMEDOUT')];
    const { sent, mailer } = mailerOf(...away);
    await using process = processOf(mailer);
    process.jobs.start();
    await process.add(letter('late@example.org'));
    await expect.poll(() => sent.length, { timeout: 15_000 }).toBe(1);
    expect((await world.parts.db.job.findFirstOrThrow()).attempts).toBe(1);
  });

  it('are tried again when the server wants them later', async () => {
    const { sent, mailer } = mailerOf(smtpError('EENVELOPE', 450), smtpError('EENVELOPE', 451));
    await using process = processOf(mailer);
    process.jobs.start();
    await process.add(letter('grey@example.org'));
    await settled();
    expect(sent.map(({ to }) => to)).toEqual(['grey@example.org']);
  });

  it('to an address that the server refuses for good are given up, and hold up no other and no administrator', async () => {
    const { sent, mailer } = mailerOf(smtpError('EENVELOPE', 550));
    await using process = processOf(mailer);
    process.jobs.start();
    await process.add(letter('gone@example.org'));
    await process.add(letter('there@example.org'));
    await settled();
    expect(sent.map(({ to }) => to)).toEqual(['there@example.org']);
    expect(await world.parts.parked.count()).toBe(0);
  });

  it('are given up when what they say is not true any more', async () => {
    const { sent, mailer } = mailerOf();
    await using process = processOf(mailer);
    process.jobs.start();
    await process.add(letter('old@example.org'), -1);
    await settled();
    expect(sent).toEqual([]);
  });

  it('lie sealed meanwhile, leave nothing behind, and go nowhere without an address', async () => {
    const { sent, mailer } = mailerOf();
    await using process = processOf(mailer);
    await process.add(letter('ada@example.org', 'the token'));
    await process.add(letter(null, 'a decoy'));
    const rows = await world.parts.db.job.findMany();
    expect(rows).toHaveLength(2);
    expect(JSON.stringify(rows)).not.toMatch(/ada|the token/);
    process.jobs.start();
    await settled();
    expect(sent.map(({ to }) => to)).toEqual(['ada@example.org']);
    expect((await world.parts.db.job.findMany()).map(({ payload }) => payload)).toEqual([null, null]);
  });
});
