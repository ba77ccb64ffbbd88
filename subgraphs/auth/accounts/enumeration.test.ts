import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, AuthWorld, PASSWORD, REGISTER } from '../testing/auth-world.ts';

let world: AuthWorld;
beforeAll(async () => {
  world = await AuthWorld.open();
});
afterAll(() => world[Symbol.asyncDispose]());

const REQUEST_RESET = 'mutation($email: String!) { requestPasswordReset(input: { email: $email }) { message } }';
const REQUEST_VERIFICATION =
  'mutation($email: String!) { requestEmailVerification(input: { email: $email }) { message } }';

type Ask = (email: string) => Promise<Answer<unknown>>;
const WAYS: readonly [string, Ask, number][] = [
  ['signing in', (email) => world.login(email, 'some wrong password here'), 60],
  ['registering', (email) => world.ask(REGISTER, { input: { email, password: PASSWORD } }), 12],
  ['asking for a reset', (email) => world.ask(REQUEST_RESET, { email }), 12],
  ['asking for a confirmation', (email) => world.ask(REQUEST_VERIFICATION, { email }), 12],
];

const stranger = () => `stranger-${randomUUID()}@example.org`;
/** What an answer says, less the address that was asked about. */
const said = ({ data, code, message }: Answer<unknown>, email: string) =>
  JSON.stringify({ data, code, message }).replaceAll(email, '…');
const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

describe('an address with an account and one without cannot be told apart', () => {
  it.each(WAYS)('by the answer to %s', async (_what, ask) => {
    const [known, unknown] = [(await world.user()).email, stranger()];
    expect(said(await ask(known), known)).toBe(said(await ask(unknown), unknown));
  });

  it.each(WAYS)('by the median time of %s', async (_what, ask, samples) => {
    const known: number[] = [];
    const unknown: number[] = [];
    const time = async (into: number[], email: string) => {
      const started = performance.now();
      await ask(email);
      into.push(performance.now() - started);
    };
    await ask(stranger());
    // Interleaved, in alternating order and never twice the same account, so that neither the machine's moods nor the
    // lock of an account count for one side.
    for (let index = 0; index < samples; index++) {
      const { email } = await createKnown();
      const turns = [() => time(known, email), () => time(unknown, stranger())];
      for (const turn of index % 2 === 0 ? turns : turns.toReversed()) await turn();
    }
    // A machine that others use needs a bound with room; a way that skips the hash differs by a whole hash, about 10 ms
    // on a quiet machine and as much more as everything else on a busy one.
    const difference = Math.abs(median(known) - median(unknown));
    expect(difference).toBeLessThan(Math.max(5, median(unknown) * 0.25));
  });

  it('by the answer when the account is shut or has no password', async () => {
    const [shut, bare] = [await world.user(), await world.user()];
    await world.core.db.user.update({ where: { id: shut.id }, data: { disabledAt: new Date() } });
    await world.core.db.user.update({ where: { id: bare.id }, data: { passwordHash: null } });
    const unknown = await world.login(stranger(), PASSWORD);
    expect(unknown.code).toBe('UNAUTHENTICATED');
    for (const { email } of [shut, bare])
      expect(said(await world.login(email, PASSWORD), email)).toBe(said(unknown, email));
  });
});

/** Straight into the database: what is measured is not how the account was made. */
async function createKnown(): Promise<{ email: string }> {
  const email = `known-${randomUUID()}@example.org`;
  template ??= await world.core.hasher.hash(PASSWORD);
  return world.core.db.user.create({ data: { email, displayName: 'Known', roles: ['user'], passwordHash: template } });
}
let template: string | undefined;
