import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { secretsOf } from '#platform/base/secrets/secrets.ts';
import type { Mail, Mailer } from '#platform/identity/mail/mailer.ts';
import { AuthWorld } from '../testing/auth-world.ts';
import { MailQueue } from './mail-queue.ts';

let world: AuthWorld;
beforeAll(async () => {
  world = await AuthWorld.open();
});
afterAll(() => world[Symbol.asyncDispose]());

const secrets = secretsOf('the secret of the mail queue in this test');
const letter = (to: string | null, text = 'hello') => ({ to, subject: 's', text });

/** A mail server that fails as often as it is told to; the real one is in platform/identity/mail/mailer.test.ts. */
function mailerOf(failures = 0) {
  const sent: Mail[] = [];
  let left = failures;
  const mailer: Mailer = {
    destination: 'people',
    async send(mail) {
      if (left-- > 0) throw new Error('421 try later');
      sent.push(mail);
    },
  };
  return { sent, mailer };
}

async function queueOf(mailer: Mailer, given = secrets) {
  await world.parts.db.outgoingMail.deleteMany();
  const queue = new MailQueue(world.parts.db, mailer, given, pino({ level: 'silent' }));
  return queue;
}
const add = (queue: MailQueue, mail: ReturnType<typeof letter>, lifeMs?: number) =>
  world.parts.db.$transaction((tx) => queue.add(tx, mail, lifeMs));
const makeDue = () => world.parts.db.outgoingMail.updateMany({ data: { nextTryAt: new Date(0) } });
const drain = async (queue: MailQueue) => {
  queue.wake();
  await queue.idle();
};

describe('mails on their way', () => {
  it('are sent once after the transaction, whichever of many processes sends them', async () => {
    const { sent, mailer } = mailerOf();
    await using one = await queueOf(mailer);
    await using two = new MailQueue(world.parts.db, mailer, secrets, pino({ level: 'silent' }));
    for (let index = 0; index < 20; index++) await add(one, letter(`u${index}@example.org`));
    await Promise.all([drain(one), drain(two)]);
    await drain(one);
    expect(sent.map(({ to }) => to).sort()).toEqual(
      Array.from({ length: 20 }, (_, index) => `u${index}@example.org`).sort(),
    );
    expect(await world.parts.db.outgoingMail.count()).toBe(0);
  });

  it('are not lost while the mail server is away', async () => {
    const { sent, mailer } = mailerOf(2);
    await using queue = await queueOf(mailer);
    await add(queue, letter('late@example.org'));
    for (let round = 0; round < 3; round++) {
      await drain(queue);
      await makeDue();
    }
    expect(sent).toHaveLength(1);
  });

  it('are given up when what they say is not true any more', async () => {
    const { sent, mailer } = mailerOf();
    await using queue = await queueOf(mailer);
    await add(queue, letter('old@example.org'), -1);
    await drain(queue);
    expect(sent).toEqual([]);
    expect(await world.parts.db.outgoingMail.count()).toBe(0);
  });

  it('lie sealed meanwhile, and those without an address go nowhere', async () => {
    const { sent, mailer } = mailerOf();
    await using queue = await queueOf(mailer);
    await add(queue, letter('ada@example.org', 'the token'));
    await add(queue, letter(null, 'a decoy'));
    const rows = await world.parts.db.outgoingMail.findMany();
    expect(rows).toHaveLength(2);
    expect(JSON.stringify(rows)).not.toMatch(/ada|the token/);
    await drain(queue);
    expect(sent.map(({ to }) => to)).toEqual(['ada@example.org']);
  });
});
