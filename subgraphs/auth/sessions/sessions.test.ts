import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuthWorld, bearer, LOGIN, ME, PASSWORD } from '../testing/auth-world.ts';

let world: AuthWorld;
beforeAll(async () => {
  world = await AuthWorld.open();
});
afterAll(() => world[Symbol.asyncDispose]());

const refused = { extensions: { code: 'UNAUTHENTICATED' } };
const LOGOUT = 'mutation($input: LogoutInput) { logout(input: $input) { success } }';
const SESSIONS =
  '{ sessions { nodes { id current device ipAddress userAgent lastUsedAt expiresAt } pageInfo { hasNextPage } } }';
interface Listed {
  sessions: { nodes: { id: string; current: boolean; device: string; ipAddress: string }[] };
}

describe('sessions', () => {
  it('sign out ends the access token on every replica at once, and after a restart of the gateway', async () => {
    const user = await world.user();
    const replica = world.newVerifier();
    const identity = await replica.authenticate(bearer(user.accessToken));
    expect(replica.known(bearer(user.accessToken))).toBe(identity);
    const answer = await world.ask<{ logout: object }>(LOGOUT, {}, bearer(user.accessToken));
    expect(answer.data?.logout).toEqual({ success: true });
    await expect(world.verifier.authenticate(bearer(user.accessToken))).rejects.toMatchObject(refused);
    await expect(replica.authenticate(bearer(user.accessToken))).rejects.toMatchObject(refused);
    expect(replica.known(bearer(user.accessToken))).toBeUndefined();
    await expect(world.newVerifier().authenticate(bearer(user.accessToken))).rejects.toMatchObject(refused);
    expect((await world.refresh(user.refreshToken)).code).toBe('UNAUTHENTICATED');
  });

  it('can be signed out by the refresh token alone, when the access token has expired', async () => {
    const user = await world.user();
    const input = { refreshToken: user.refreshToken };
    expect((await world.ask<{ logout: object }>(LOGOUT, { input })).data?.logout).toEqual({ success: true });
    expect((await world.ask<{ logout: object }>(LOGOUT, { input })).data?.logout).toEqual({ success: false });
    await expect(world.verifier.authenticate(bearer(user.accessToken))).rejects.toMatchObject(refused);
    expect((await world.ask(LOGOUT, {})).code).toBe('UNAUTHENTICATED');
  });

  it('are listed with device, address and which one is asking', async () => {
    const user = await world.user();
    const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
    await world.ask(
      LOGIN,
      { input: { email: user.email, password: PASSWORD } },
      {},
      { ipAddress: '198.51.100.7', userAgent: firefox },
    );
    const { data } = await world.ask<Listed>(SESSIONS, {}, bearer(user.accessToken));
    expect(data?.sessions.nodes.map(({ current, device, ipAddress }) => ({ current, device, ipAddress }))).toEqual([
      { current: false, device: 'Firefox on Linux', ipAddress: '198.51.100.7' },
      { current: true, device: 'vitest', ipAddress: '192.0.2.1' },
    ]);
  });

  it('can be ended one by one by their owner, and by no other user', async () => {
    const [user, stranger] = [await world.user(), await world.user()];
    const elsewhere = await world.signIn(user.email);
    const REVOKE = 'mutation($id: ID!) { revokeSession(input: { id: $id }) { deletedId } }';
    const theft = await world.ask(REVOKE, { id: elsewhere.sessionId }, bearer(stranger.accessToken));
    expect(theft.code).toBe('NOT_FOUND');
    expect((await world.ask(REVOKE, { id: 'x' }, bearer(user.accessToken))).code).toBe('NOT_FOUND');
    expect((await world.ask(REVOKE, { id: elsewhere.sessionId }, bearer(user.accessToken))).code).toBeUndefined();
    await expect(world.verifier.authenticate(bearer(elsewhere.accessToken))).rejects.toMatchObject(refused);
    expect((await world.ask<Listed>(SESSIONS, {}, bearer(user.accessToken))).data?.sessions.nodes).toHaveLength(1);
  });

  it('cannot be listed for another user', async () => {
    const [user, stranger, admin] = [await world.user(), await world.user(), await world.admin()];
    const query = `{ sessions(userId: "${user.id}") { nodes { id } } }`;
    expect((await world.ask(query, {}, bearer(stranger.accessToken))).code).toBe('FORBIDDEN');
    expect((await world.ask(query)).code).toBe('UNAUTHENTICATED');
    expect((await world.ask<Listed>(query, {}, bearer(admin.accessToken))).data?.sessions.nodes).toHaveLength(1);
  });

  it('end all at once, the asking one spared on request', async () => {
    const user = await world.user();
    const others = [await world.signIn(user.email), await world.signIn(user.email)];
    const ALL = 'mutation($except: Boolean) { logoutAll(input: { exceptCurrent: $except }) { ended } }';
    const spared = await world.ask<{ logoutAll: object }>(ALL, { except: true }, bearer(user.accessToken));
    expect(spared.data?.logoutAll).toEqual({ ended: 2 });
    for (const { accessToken } of others)
      await expect(world.verifier.authenticate(bearer(accessToken))).rejects.toMatchObject(refused);
    expect((await world.ask(ME, {}, bearer(user.accessToken))).code).toBeUndefined();
    await world.ask(ALL, { except: false }, bearer(user.accessToken));
    await expect(world.verifier.authenticate(bearer(user.accessToken))).rejects.toMatchObject(refused);
  });

  it('pages through many with a cursor, and refuses one that is none', async () => {
    const user = await world.user();
    for (let index = 0; index < 4; index++) await world.signIn(user.email);
    const PAGE =
      'query($after: String) { sessions(first: 2, after: $after) { nodes { id } pageInfo { endCursor hasNextPage } } }';
    interface Page {
      sessions: { nodes: { id: string }[]; pageInfo: { endCursor: string; hasNextPage: boolean } };
    }
    const seen = new Set<string>();
    let after: string | undefined;
    do {
      const { data } = await world.ask<Page>(PAGE, { after }, bearer(user.accessToken));
      for (const { id } of data!.sessions.nodes) seen.add(id);
      after = data!.sessions.pageInfo.hasNextPage ? data!.sessions.pageInfo.endCursor : undefined;
    } while (after);
    expect(seen.size).toBe(5);
    expect((await world.ask(PAGE, { after: 'nonsense' }, bearer(user.accessToken))).code).toBe('BAD_USER_INPUT');
    const tooMany = await world.ask('{ sessions(first: 101) { nodes { id } } }', {}, bearer(user.accessToken));
    expect(tooMany.extensions).toMatchObject({ code: 'BAD_USER_INPUT', argument: 'first' });
  });
});
