import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuthWorld, bearer, ME } from '../testing/auth-world.ts';

let world: AuthWorld;
beforeAll(async () => {
  world = await AuthWorld.open();
});
afterAll(() => world[Symbol.asyncDispose]());

const meCode = async (accessToken: string) => {
  try {
    return (await world.ask(ME, {}, bearer(accessToken))).code;
  } catch (error) {
    return (error as { extensions: { code: string } }).extensions.code;
  }
};
const next = async (refreshToken: string) => {
  const answer = await world.refresh(refreshToken);
  if (answer.data?.refresh == null) throw new Error(answer.message);
  return answer.data.refresh.tokens;
};
/** As if so many seconds had passed since the last refresh. */
const age = (sessionId: string, seconds: number) =>
  world.parts.db.session.update({
    where: { id: sessionId },
    data: { refreshedAt: new Date(Date.now() - seconds * 1000) },
  });

describe('refresh tokens rotate', () => {
  it('each gives the next one, and new access tokens that work', async () => {
    const user = await world.user();
    const second = await next(user.refreshToken);
    const third = await next(second.refreshToken);
    expect(new Set([user.refreshToken, second.refreshToken, third.refreshToken]).size).toBe(3);
    expect(await meCode(third.accessToken)).toBeUndefined();
  });

  it('a reused one kills the whole family within a second, access tokens included, and is written down', async () => {
    const user = await world.user();
    const second = await next(user.refreshToken);
    const third = await next(second.refreshToken);
    const reused = await world.refresh(user.refreshToken);
    expect(reused.code).toBe('UNAUTHENTICATED');
    for (const token of [user.accessToken, second.accessToken, third.accessToken]) {
      expect(await meCode(token)).toBe('UNAUTHENTICATED');
    }
    for (const token of [third.refreshToken, second.refreshToken]) {
      expect((await world.refresh(token)).code).toBe('UNAUTHENTICATED');
    }
    const events = await world.parts.db.auditEvent.findMany({ where: { userId: user.id, type: 'authn_token_reuse' } });
    expect(events).toHaveLength(1);
    expect(events[0]!.details).toMatchObject({ sessionId: user.sessionId, behind: 2 });
    expect(events[0]!.ipAddress).toBe('192.0.2.1');
  });

  it('a reused one spares the other sessions of the user', async () => {
    const user = await world.user();
    const elsewhere = await world.signIn(user.email);
    const second = await next(user.refreshToken);
    await next(second.refreshToken);
    await world.refresh(user.refreshToken);
    expect(await meCode(elsewhere.accessToken)).toBeUndefined();
    expect((await world.refresh(elsewhere.refreshToken)).code).toBeUndefined();
  });

  it('the one before the latest is answered again while the answer may have got lost, and means a thief afterwards', async () => {
    const user = await world.user();
    const second = await next(user.refreshToken);
    expect((await next(user.refreshToken)).refreshToken).toBe(second.refreshToken);
    await age(user.sessionId, 31);
    expect((await world.refresh(user.refreshToken)).code).toBe('UNAUTHENTICATED');
    expect((await world.refresh(second.refreshToken)).code).toBe('UNAUTHENTICATED');
    expect(await world.audit(user.id)).toContain('authn_token_reuse');
  });

  it('used twenty times at once it has one successor', async () => {
    const user = await world.user();
    const answers = await Promise.all(Array.from({ length: 20 }, () => world.refresh(user.refreshToken)));
    expect(answers.map(({ code }) => code)).toEqual(Array(20).fill(undefined));
    expect(new Set(answers.map(({ data }) => data!.refresh.tokens.refreshToken)).size).toBe(1);
    const session = await world.parts.db.session.findUniqueOrThrow({ where: { id: user.sessionId } });
    expect(session.refreshCounter).toBe(1);
  });

  it('forged, foreign and foolish ones are refused alike', async () => {
    const user = await world.user();
    await using elsewhere = await AuthWorld.open();
    const foreign = await elsewhere.user();
    const bytes = Buffer.from(user.refreshToken.slice(4), 'base64url');
    bytes[19]! += 1;
    const forged = `sxr_${bytes.toString('base64url')}`;
    const answers = await Promise.all(
      [forged, foreign.refreshToken, user.accessToken, '', 'sxr_', user.refreshToken.slice(0, -2)].map((token) =>
        world.refresh(token),
      ),
    );
    expect(new Set(answers.map(({ code, message }) => `${code} ${message}`)).size).toBe(1);
    expect(answers[0]!.code).toBe('UNAUTHENTICATED');
    expect((await world.refresh(user.refreshToken)).code).toBeUndefined();
  });

  it('are not access tokens, and access tokens are not refresh tokens', async () => {
    const user = await world.user();
    expect(await meCode(user.refreshToken)).toBe('UNAUTHENTICATED');
    expect((await world.refresh(user.accessToken)).code).toBe('UNAUTHENTICATED');
  });

  it('stop with the session: unused, and at its age', async () => {
    const unused = await world.user();
    await world.parts.db.session.update({
      where: { id: unused.sessionId },
      data: { expiresAt: new Date(Date.now() - 1) },
    });
    expect((await world.refresh(unused.refreshToken)).code).toBe('UNAUTHENTICATED');
    const old = await world.user();
    const endsAt = new Date(Date.now() + 60_000);
    await world.parts.db.session.update({ where: { id: old.sessionId }, data: { endsAt } });
    await next(old.refreshToken);
    const session = await world.parts.db.session.findUniqueOrThrow({ where: { id: old.sessionId } });
    expect(session.expiresAt).toEqual(endsAt);
  });

  it('cannot be made from a copy of the database', async () => {
    const user = await world.user();
    const dump = JSON.stringify(await world.parts.db.session.findMany({ where: { userId: user.id } }));
    expect(dump).not.toContain(user.refreshToken.slice(4, 40));
  });
});
