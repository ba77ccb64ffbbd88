import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuthWorld, PASSWORD } from '../testing/auth-world.ts';
import { FIRST_LOCK_S, FREE_ATTEMPTS, LONGEST_LOCK_S } from './lockout.ts';

let world: AuthWorld;
beforeAll(async () => {
  world = await AuthWorld.open();
});
afterAll(() => world[Symbol.asyncDispose]());

const attempts = (email: string, count: number) =>
  Promise.all(Array.from({ length: count }, () => world.login(email, 'not the password at all')));
const tally = (answers: { code: string | undefined }[]) => {
  const counts: Record<string, number> = {};
  for (const { code } of answers) counts[code ?? 'ok'] = (counts[code ?? 'ok'] ?? 0) + 1;
  return counts;
};
const unlock = (email: string) =>
  world.core.db.loginAttempts.update({
    where: { subject: world.core.lockout.subjectOf(email) },
    data: { lockedUntil: new Date(0) },
  });

describe('a lock of the account', () => {
  it('holds against a hundred wrong passwords at once: only the free attempts are looked at', async () => {
    const user = await world.user();
    expect(tally(await attempts(user.email, 100))).toEqual({
      UNAUTHENTICATED: FREE_ATTEMPTS,
      ACCOUNT_LOCKED: 100 - FREE_ATTEMPTS,
    });
    const right = await world.login(user.email, PASSWORD);
    expect(right.code).toBe('ACCOUNT_LOCKED');
    expect(right.extensions?.['retryAfter']).toSatisfy((seconds: number) => seconds >= 1 && seconds <= FIRST_LOCK_S);
    expect(await world.audit(user.id)).toContain('authn_login_lock');
  });

  it('lasts twice as long each time, up to a quarter of an hour', async () => {
    const { email } = await world.user();
    await attempts(email, FREE_ATTEMPTS);
    for (const seconds of [60, 120, 240, 480, LONGEST_LOCK_S, LONGEST_LOCK_S]) {
      await unlock(email);
      await world.login(email, 'still not the password');
      const retryAfter = (await world.login(email, PASSWORD)).extensions?.['retryAfter'];
      expect(retryAfter).toSatisfy((given: number) => given > seconds - 20 && given <= seconds);
    }
  });

  it('is over with its time, and forgotten with the right password', async () => {
    const { email } = await world.user();
    await attempts(email, FREE_ATTEMPTS);
    await unlock(email);
    expect((await world.login(email, PASSWORD)).code).toBeUndefined();
    expect(tally(await attempts(email, FREE_ATTEMPTS - 1))).toEqual({ UNAUTHENTICATED: FREE_ATTEMPTS - 1 });
  });

  it('reads the same for an address that has no account', async () => {
    const unknown = await attempts('nobody-at-all@example.org', 30);
    const { email } = await world.user();
    const known = await attempts(email, 30);
    expect(tally(unknown)).toEqual(tally(known));
    const shapes = (answers: { code: string | undefined; message: string | undefined }[]) =>
      [...new Set(answers.map(({ code, message }) => `${code}: ${message?.replace(/\d+ s/, '… s')}`))].sort();
    expect(shapes(unknown)).toEqual(shapes(known));
  });

  it('does not hold up a reset, which lifts it', async () => {
    const user = await world.user();
    await attempts(user.email, FREE_ATTEMPTS + 5);
    const { issueToken } = await import('../one-time-tokens.ts');
    const token = await world.core.db.$transaction((tx) => issueToken(tx, 'PASSWORD_RESET', user.id));
    const RESET = 'mutation($input: ResetPasswordInput!) { resetPassword(input: $input) { endedSessions } }';
    const newPassword = 'a wholly different set of words';
    expect((await world.ask(RESET, { input: { token, newPassword } })).code).toBeUndefined();
    expect((await world.login(user.email, newPassword)).code).toBeUndefined();
  });

  it('keeps no list of who was tried', async () => {
    await attempts('secretive@example.org', 1);
    const rows = await world.core.db.loginAttempts.findMany();
    expect(JSON.stringify(rows)).not.toContain('secretive');
  });
});
