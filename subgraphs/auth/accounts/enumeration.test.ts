import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, type MockInstance, vi } from 'vitest';
import type { PasswordHasher } from '../passwords/password-hasher.ts';
import { type Answer, AuthWorld, PASSWORD, REGISTER } from '../testing/auth-world.ts';

let world: AuthWorld;
let hashed: MockInstance<PasswordHasher['hash']>;
let compared: MockInstance<PasswordHasher['verify']>;
beforeAll(async () => {
  world = await AuthWorld.open();
  // They count, and hash as they do.
  hashed = vi.spyOn(world.parts.hasher, 'hash');
  compared = vi.spyOn(world.parts.hasher, 'verify');
});
afterAll(() => world[Symbol.asyncDispose]());

const REQUEST_RESET = 'mutation($email: String!) { requestPasswordReset(input: { email: $email }) { message } }';
const REQUEST_VERIFICATION =
  'mutation($email: String!) { requestEmailVerification(input: { email: $email }) { message } }';

type Ask = (email: string) => Promise<Answer<unknown>>;
const WAYS: readonly [string, Ask][] = [
  ['signing in', (email) => world.login(email, 'some wrong password here')],
  ['registering', (email) => world.ask(REGISTER, { input: { email, password: PASSWORD } })],
  ['asking for a reset', (email) => world.ask(REQUEST_RESET, { email })],
  ['asking for a confirmation', (email) => world.ask(REQUEST_VERIFICATION, { email })],
];

const SPOILT: readonly ((email: string) => string)[] = [
  () => '\0',
  (email) => `${email}\0`,
  (email) => `a\0${email}`,
  (email) => `\ud800${email}`,
  (email) => `${email}\udc00`,
];

const stranger = () => `stranger-${randomUUID()}@example.org`;
/** What an answer says, less the address that was asked about. */
const said = ({ data, code, message }: Answer<unknown>, email: string) =>
  JSON.stringify({ data, code, message }).replaceAll(email, '…');

/** What the steps of an answer leave behind: passwords that were hashed or compared, and rows that were written. */
async function traces(): Promise<Record<string, number>> {
  const { db } = world.parts;
  return {
    hashes: hashed.mock.calls.length + compared.mock.calls.length,
    attempts: await db.loginAttempts.aggregate({ _sum: { attempts: true } }).then(({ _sum }) => _sum.attempts ?? 0),
    audited: await db.auditEvent.count(),
    tokens: await db.oneTimeToken.count(),
  };
}

/** Counts the steps of one request. */
async function stepsOf(ask: () => Promise<unknown>): Promise<Record<string, number>> {
  const before = await traces();
  await ask();
  const after = await traces();
  return Object.fromEntries(Object.entries(after).map(([what, count]) => [what, count - (before[what] ?? 0)]));
}

describe('an address with an account and one without cannot be told apart', () => {
  it.each(WAYS)('by the answer to %s', async (_what, ask) => {
    const [known, unknown] = [(await world.user()).email, stranger()];
    expect(said(await ask(known), known)).toBe(said(await ask(unknown), unknown));
  });

  it.each(WAYS)(
    'by what is done for %s: the hashes, the attempts that count, what is written down',
    async (what, ask) => {
      const [known, unknown] = [(await createKnown()).email, stranger()];
      const steps = await stepsOf(() => ask(unknown));
      expect(await stepsOf(() => ask(known))).toEqual(steps);
      // Again, when there is an attempt already.
      expect(await stepsOf(() => ask(known))).toEqual(await stepsOf(() => ask(unknown)));
      expect(steps['hashes']).toBe(what === 'signing in' || what === 'registering' ? 1 : 0);
      expect(steps['audited']).toBeGreaterThan(0);
    },
  );

  it.each(WAYS)('by what a database refuses, in %s: it is refused before anything is looked up', async (_what, ask) => {
    const [known, unknown] = [(await createKnown()).email, stranger()];
    for (const spoil of SPOILT) {
      const asked = { known: spoil(known), unknown: spoil(unknown) };
      const steps = await stepsOf(async () => {
        const answer = await ask(asked.known);
        expect(answer).toMatchObject({ data: null, code: 'BAD_USER_INPUT' });
        expect(answer.extensions?.['argument']).toMatch(/^(input\.)?email$/);
        expect(await ask(asked.unknown)).toEqual(answer);
      });
      expect(Object.values(steps)).toEqual([0, 0, 0, 0]);
    }
  });

  it.each([
    ['shut', { disabledAt: new Date() }],
    ['without a password', { passwordHash: null }],
  ])('by what is done when the account is %s', async (_what, data) => {
    const { email } = await createKnown();
    await world.parts.db.user.update({ where: { email }, data });
    const steps = await stepsOf(() => world.login(stranger(), PASSWORD));
    expect(await stepsOf(() => world.login(email, PASSWORD))).toEqual(steps);
    expect(steps['hashes']).toBe(1);
  });

  it('by the answer when the account is shut or has no password', async () => {
    const [shut, bare] = [await world.user(), await world.user()];
    await world.parts.db.user.update({ where: { id: shut.id }, data: { disabledAt: new Date() } });
    await world.parts.db.user.update({ where: { id: bare.id }, data: { passwordHash: null } });
    const unknown = await world.login(stranger(), PASSWORD);
    expect(unknown.code).toBe('UNAUTHENTICATED');
    for (const { email } of [shut, bare])
      expect(said(await world.login(email, PASSWORD), email)).toBe(said(unknown, email));
  });
});

/** Straight into the database: what is measured is not how the account was made. */
async function createKnown(): Promise<{ email: string }> {
  const email = `known-${randomUUID()}@example.org`;
  template ??= await world.parts.hasher.hash(PASSWORD);
  return world.parts.db.user.create({ data: { email, displayName: 'Known', roles: ['user'], passwordHash: template } });
}
let template: string | undefined;
