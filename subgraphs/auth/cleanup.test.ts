import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { issueToken } from './accounts/one-time-tokens.ts';
import { cleanup } from './cleanup.ts';
import { AuthWorld, bearer, ME } from './testing/auth-world.ts';

let world: AuthWorld;
beforeAll(async () => {
  world = await AuthWorld.open();
});
afterAll(() => world[Symbol.asyncDispose]());

const DAY_MS = 86_400_000;

describe('cleaning up', () => {
  it('removes what has no meaning any more', async () => {
    const { db } = world.parts;
    const user = await world.user();
    const elsewhere = await world.signIn(user.email);
    await world.parts.changes.run({ identity: { kind: 'anonymous' } }, (change) =>
      change.endSessions({ id: elsewhere.sessionId }, 'test'),
    );
    await db.$transaction((tx) => issueToken(tx, 'PASSWORD_RESET', user.id));
    await world.login('absent@example.org', 'some wrong password');
    const longAgo = new Date(Date.now() - 40 * DAY_MS);
    await db.session.updateMany({ where: { id: elsewhere.sessionId }, data: { revokedAt: longAgo } });
    await db.revocation.updateMany({ data: { expiresAt: longAgo } });
    await db.oneTimeToken.updateMany({ data: { expiresAt: longAgo } });
    await db.loginAttempts.updateMany({ data: { lastAt: longAgo, lockedUntil: longAgo } });
    await cleanup(db);
    const left = [db.revocation.count(), db.oneTimeToken.count(), db.loginAttempts.count(), db.session.count()];
    expect(await Promise.all(left)).toEqual([0, 0, 0, 1]);
  });

  it('spares what still counts: open sessions, locks, revocations, keys, the audit log', async () => {
    const { db } = world.parts;
    const user = await world.user();
    const gone = await world.signIn(user.email);
    await world.ask('mutation { logout { success } }', {}, bearer(gone.accessToken));
    await world.login('stranger@example.org', 'some wrong password');
    const counts = () =>
      Promise.all([
        db.session.count(),
        db.loginAttempts.count(),
        db.revocation.count(),
        db.signingKey.count(),
        db.auditEvent.count(),
      ]);
    const before = await counts();
    await cleanup(db);
    expect(await counts()).toEqual(before);
    expect((await world.ask(ME, {}, bearer(user.accessToken))).code).toBeUndefined();
    await expect(world.newVerifier().authenticate(bearer(gone.accessToken))).rejects.toThrow();
  });
});
