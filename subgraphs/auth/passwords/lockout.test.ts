import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuthWorld, bearer, PASSWORD } from '../testing/auth-world.ts';
import { FIRST_LOCK_S, FREE_ATTEMPTS, FREE_ATTEMPTS_ACCOUNT, MAX_LOCK_S } from './lockout.ts';

let world: AuthWorld;
beforeAll(async () => {
  world = await AuthWorld.open();
});
afterAll(() => world[Symbol.asyncDispose]());

/** Where AuthWorld signs in from by default: the owner's network. */
const HOME = '192.0.2.1';
const LOGIN = `mutation($input: LoginInput!) { login(input: $input) { deviceToken } }`;
interface Login {
  login: { deviceToken: string };
}
const login = (email: string, password: string, ipAddress = HOME, deviceToken?: string) =>
  world.ask<Login>(LOGIN, { input: { email, password, deviceToken } }, {}, { ipAddress });

const attempts = (email: string, count: number, ipAddress = HOME, deviceToken?: string) =>
  Promise.all(Array.from({ length: count }, () => login(email, 'not the password at all', ipAddress, deviceToken)));
const tally = (answers: { code: string | undefined }[]) => {
  const counts: Record<string, number> = {};
  for (const { code } of answers) counts[code ?? 'ok'] = (counts[code ?? 'ok'] ?? 0) + 1;
  return counts;
};
const unlock = (email: string) =>
  world.parts.db.loginAttempts.update({
    where: { subject: subjectAt(email, HOME) },
    data: { lockedUntil: new Date(0) },
  });
const subjectAt = (email: string, network: string) => world.parts.lockout.subjectOf(email, { network, known: false });
/** As if that many attempts had come from many networks: the last one of them locks. */
const useUpAccount = (email: string) =>
  world.parts.db.loginAttempts.upsert({
    where: { subject: world.parts.lockout.subjectOf(email) },
    create: {
      subject: world.parts.lockout.subjectOf(email),
      attempts: FREE_ATTEMPTS_ACCOUNT,
      lastAt: new Date(),
      lockedUntil: new Date(Date.now() + MAX_LOCK_S * 1000),
    },
    update: { attempts: FREE_ATTEMPTS_ACCOUNT, lockedUntil: new Date(Date.now() + MAX_LOCK_S * 1000) },
  });

describe('a lock of an account for one network', () => {
  it('holds against a hundred wrong passwords at once: only the free attempts are looked at', async () => {
    const user = await world.user();
    expect(tally(await attempts(user.email, 100))).toEqual({
      UNAUTHENTICATED: FREE_ATTEMPTS,
      ACCOUNT_LOCKED: 100 - FREE_ATTEMPTS,
    });
    const right = await login(user.email, PASSWORD);
    expect(right.code).toBe('ACCOUNT_LOCKED');
    expect(right.extensions?.['retryAfter']).toSatisfy((seconds: number) => seconds >= 1 && seconds <= FIRST_LOCK_S);
    expect(await world.audit(user.id)).toContain('authn_login_lock');
  });

  it('lasts twice as long each time, up to a quarter of an hour', async () => {
    const { email } = await world.user();
    await attempts(email, FREE_ATTEMPTS);
    for (const seconds of [60, 120, 240, 480, MAX_LOCK_S, MAX_LOCK_S]) {
      await unlock(email);
      await login(email, 'still not the password');
      const retryAfter = (await login(email, PASSWORD)).extensions?.['retryAfter'];
      expect(retryAfter).toSatisfy((given: number) => given > seconds - 20 && given <= seconds);
    }
  });

  it('is over with its time, and forgotten with the right password', async () => {
    const { email } = await world.user();
    await attempts(email, FREE_ATTEMPTS);
    await unlock(email);
    expect((await login(email, PASSWORD)).code).toBeUndefined();
    expect(tally(await attempts(email, FREE_ATTEMPTS - 1))).toEqual({ UNAUTHENTICATED: FREE_ATTEMPTS - 1 });
  });

  it('reads the same for an address that has no account, also where all networks together have tried too often', async () => {
    const stranger = `absent-${randomUUID()}@example.org`;
    const unknown = await attempts(stranger, 30);
    const { email } = await world.user();
    const known = await attempts(email, 30);
    expect(tally(unknown)).toEqual(tally(known));
    const shapes = (answers: { code: string | undefined; message: string | undefined }[]) =>
      [...new Set(answers.map(({ code, message }) => `${code}: ${message?.replace(/\d+ s/, '… s')}`))].sort();
    expect(shapes(unknown)).toEqual(shapes(known));
    for (const address of [stranger, email]) {
      await useUpAccount(address);
      expect((await login(address, 'a guess', '203.0.113.9')).code).toBe('ACCOUNT_LOCKED');
    }
  });

  it('does not hold up a reset, which lifts it', async () => {
    const user = await world.user();
    await attempts(user.email, FREE_ATTEMPTS + 5);
    await useUpAccount(user.email);
    await attempts(user.email, FREE_ATTEMPTS + 5, '203.0.113.5');
    const { issueToken } = await import('../accounts/one-time-tokens.ts');
    const token = await world.parts.db.$transaction((tx) => issueToken(tx, 'PASSWORD_RESET', user.id));
    const RESET = 'mutation($input: ResetPasswordInput!) { resetPassword(input: $input) { endedSessions } }';
    const newPassword = 'a wholly different set of words';
    expect((await world.ask(RESET, { input: { token, newPassword } })).code).toBeUndefined();
    for (const network of [HOME, '203.0.113.5', '203.0.113.6'])
      expect((await login(user.email, newPassword, network)).code).toBeUndefined();
  });

  it('keeps no list of who was tried', async () => {
    await attempts('secretive@example.org', 1);
    const rows = await world.parts.db.loginAttempts.findMany();
    expect(JSON.stringify(rows)).not.toContain('secretive');
  });
});

describe('a stranger who tries passwords locks out', () => {
  it('their own network, and no other one', async () => {
    const { email } = await world.user();
    expect(tally(await attempts(email, 50, '203.0.113.66'))).toEqual({
      UNAUTHENTICATED: FREE_ATTEMPTS,
      ACCOUNT_LOCKED: 50 - FREE_ATTEMPTS,
    });
    expect((await login(email, PASSWORD, '203.0.113.66')).code).toBe('ACCOUNT_LOCKED');
    expect((await login(email, PASSWORD, '198.51.100.7')).code).toBeUndefined();
    // The owner's success gives the stranger no further attempts.
    expect((await login(email, PASSWORD, '203.0.113.66')).code).toBe('ACCOUNT_LOCKED');
  });

  it('all of their IPv6 network, which is theirs', async () => {
    const { email } = await world.user();
    await attempts(email, FREE_ATTEMPTS, '2001:db8:0:1::1');
    expect((await login(email, 'a guess', '2001:db8:0:1:ffff::2')).code).toBe('ACCOUNT_LOCKED');
    expect((await login(email, PASSWORD, '2001:db8:0:2::1')).code).toBeUndefined();
  });

  it('no device that was signed in before, though it is on the same network', async () => {
    const { email } = await world.user();
    const device = (await login(email, PASSWORD)).data!.login.deviceToken;
    await attempts(email, 30);
    expect((await login(email, PASSWORD)).code).toBe('ACCOUNT_LOCKED');
    const again = await login(email, PASSWORD, HOME, device);
    expect(again.code).toBeUndefined();
    expect(again.data!.login.deviceToken).toBe(device);
  });

  it('no device that has no token to show, but a user agent that was signed in on this network before', async () => {
    const { email } = await world.user();
    const from = (userAgent: string, password: string) =>
      world.ask(LOGIN, { input: { email, password } }, {}, { ipAddress: HOME, userAgent });
    expect((await from('Firefox of the owner', PASSWORD)).code).toBeUndefined();
    for (let index = 0; index < FREE_ATTEMPTS + 1; index++) await from('curl', 'a guess');
    expect((await from('curl', PASSWORD)).code).toBe('ACCOUNT_LOCKED');
    expect((await from('Firefox of the owner', PASSWORD)).code).toBeUndefined();
    for (let index = 0; index < FREE_ATTEMPTS; index++) await from('Firefox of the owner', 'a guess');
    expect((await from('Firefox of the owner', PASSWORD)).code).toBe('ACCOUNT_LOCKED');
  });

  it('no network that was signed in from before, and no such device, though the attempts come from everywhere', async () => {
    const user = await world.user();
    const device = (await login(user.email, PASSWORD, '198.51.100.8')).data!.login.deviceToken;
    await useUpAccount(user.email);
    expect((await login(user.email, PASSWORD, '198.51.100.99')).code).toBe('ACCOUNT_LOCKED');
    expect((await login(user.email, PASSWORD, '198.51.100.98', device)).code).toBeUndefined();
    await useUpAccount(user.email);
    expect((await login(user.email, PASSWORD, '198.51.100.8')).code).toBeUndefined();
  });

  it('no owner from the proof of the password inside a session, which has a counter of its own', async () => {
    const user = await world.user();
    await attempts(user.email, 30);
    await useUpAccount(user.email);
    const CHANGE = 'mutation($input: ChangePasswordInput!) { changePassword(input: $input) { endedSessions } }';
    const change = (currentPassword: string, token = user.accessToken) =>
      world.ask(CHANGE, { input: { currentPassword, newPassword: 'a wholly different set of words' } }, bearer(token));
    expect((await change('a guess')).code).toBe('BAD_USER_INPUT');
    expect((await change(PASSWORD)).code).toBeUndefined();
  });

  it('one session by guesses in it: neither another one nor a sign-in', async () => {
    const user = await world.user();
    const other = await world.signIn(user.email);
    const DELETE = 'mutation($password: String!) { deleteAccount(input: { password: $password }) { deletedId } }';
    const guesses = await Promise.all(
      Array.from({ length: 20 }, () => world.ask(DELETE, { password: 'a guess' }, bearer(user.accessToken))),
    );
    expect(tally(guesses)).toEqual({ BAD_USER_INPUT: FREE_ATTEMPTS, ACCOUNT_LOCKED: 20 - FREE_ATTEMPTS });
    expect((await login(user.email, PASSWORD)).code).toBeUndefined();
    expect((await world.ask(DELETE, { password: PASSWORD }, bearer(user.accessToken))).code).toBe('ACCOUNT_LOCKED');
    expect((await world.ask(DELETE, { password: PASSWORD }, bearer(other.accessToken))).code).toBeUndefined();
  });
});

describe('a token of a device', () => {
  it('gives its holder ten attempts, not one more for each network', async () => {
    const { email } = await world.user();
    const device = (await login(email, PASSWORD)).data!.login.deviceToken;
    await attempts(email, FREE_ATTEMPTS, '203.0.113.1', device);
    expect((await login(email, PASSWORD, '203.0.113.2', device)).code).toBe('ACCOUNT_LOCKED');
  });

  it('is of no use for another account, when it was changed, or made up', async () => {
    const [user, other] = [await world.user(), await world.user()];
    const device = (await login(other.email, PASSWORD)).data!.login.deviceToken;
    const changed = device.slice(0, -1) + (device.endsWith('A') ? 'B' : 'A');
    await attempts(user.email, FREE_ATTEMPTS);
    for (const token of [device, changed, `sxd_${'A'.repeat(64)}`, '', 'x'.repeat(10_000)]) {
      expect((await login(user.email, PASSWORD, HOME, token)).code).toBe('ACCOUNT_LOCKED');
    }
  });

  it('holds against the allowance of its network, which others may have used up', async () => {
    await using strict = await AuthWorld.open({ LOGINS_PER_MINUTE: '3' });
    const { email } = await strict.user();
    const input = { email, password: PASSWORD };
    const signedIn = await strict.ask<Login>(LOGIN, { input });
    for (let index = 0; index < 3; index++) await strict.login(`x${index}@example.org`, 'a guess');
    expect((await strict.ask(LOGIN, { input })).code).toBe('RATE_LIMITED');
    const { deviceToken } = signedIn.data!.login;
    expect((await strict.ask(LOGIN, { input: { ...input, deviceToken } })).code).toBeUndefined();
  });

  it('opens nothing without the password', async () => {
    const { email } = await world.user();
    const device = (await login(email, PASSWORD)).data!.login.deviceToken;
    expect((await login(email, 'a guess', HOME, device)).code).toBe('UNAUTHENTICATED');
    await expect(world.verifier.authenticate(bearer(device))).rejects.toMatchObject({
      extensions: { code: 'UNAUTHENTICATED' },
    });
  });
});
