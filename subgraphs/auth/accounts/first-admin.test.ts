import { describe, expect, it, vi } from 'vitest';
import { ConfigError } from '#platform/base/config/config-error.ts';
import { AuthWorld, bearer, ME, PASSWORD } from '../testing/auth-world.ts';
import { ensureConfiguredAdmin } from './first-admin.ts';

const CREATE = `mutation($input: CreateFirstAdminInput!) {
  createFirstAdmin(input: $input) { user { id roles } tokens { accessToken } } }`;

async function link(world: AuthWorld): Promise<string | null> {
  const request = new Request('http://auth/first-admin-link', { method: 'POST' });
  const answer = await world.subgraph.fetch(request, { kind: 'service', service: 'cli' });
  return ((await answer.json()) as { url: string | null }).url;
}
const tokenOf = (url: string | null) => new URL(url!).searchParams.get('token')!;
const input = (token: string, name = 'root') => ({ token, email: `${name}@example.org`, password: PASSWORD });

describe('the first administrator', () => {
  it('is made with the link of the first start, by one of all who try at once, and then there is no link', async () => {
    await using world = await AuthWorld.open();
    const outdated = tokenOf(await link(world));
    const url = await link(world);
    expect(url).toMatch(/^http:\/\/localhost:4000\/_\/auth\/first-admin\?token=[\w-]{43}$/);
    const hashed = vi.spyOn(world.parts.hasher, 'hash');
    expect((await world.ask(CREATE, { input: input(outdated) })).code).toBe('BAD_USER_INPUT');
    expect(hashed).not.toHaveBeenCalled();
    const tries = await Promise.all(
      ['a1', 'b2', 'c3'].map((name) =>
        world.ask<{ createFirstAdmin: Made }>(CREATE, { input: input(tokenOf(url), name) }),
      ),
    );
    const made = tries.filter(({ code }) => code === undefined);
    expect(made).toHaveLength(1);
    const { tokens, user } = made[0]!.data!.createFirstAdmin;
    const me = await world.ask<{ me: object }>(ME, {}, bearer(tokens.accessToken));
    expect(me.data?.me).toMatchObject({ id: user.id, roles: ['USER', 'ADMIN'] });
    expect(await link(world)).toBeNull();
    expect((await world.ask(CREATE, { input: input(tokenOf(url)) })).code).toBe('BAD_USER_INPUT');
    expect(await world.parts.db.user.count()).toBe(1);
  });

  it('is made on the page that the link opens', async () => {
    await using world = await AuthWorld.open();
    const url = (await link(world))!;
    const page = await world.subgraph.fetch(new Request(url.replace('/_/auth', '')), { kind: 'anonymous' });
    expect(await page.text()).toContain(tokenOf(url));
    const body = new URLSearchParams(input(tokenOf(url)));
    const done = await world.subgraph.fetch(new Request('http://auth/first-admin', { method: 'POST', body }), {
      kind: 'anonymous',
    });
    expect(done.status).toBe(200);
    expect((await world.login('root@example.org', PASSWORD)).code).toBeUndefined();
  });

  it('is not kept waiting by a form without end: it is read no further than a form may be long', async () => {
    await using world = await AuthWorld.open();
    let sent = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 1;
        controller.enqueue(new Uint8Array(8_192).fill(97));
      },
    });
    const init = { method: 'POST', body: endless, duplex: 'half' } as RequestInit;
    const answer = await world.subgraph.fetch(new Request('http://auth/first-admin', init), { kind: 'anonymous' });
    expect(answer.status).toBe(413);
    expect(sent).toBeLessThan(10);
  });

  it('gets no link from a client that merely asks, and no token of another purpose makes one', async () => {
    await using world = await AuthWorld.open();
    const request = new Request('http://auth/first-admin-link', { method: 'POST' });
    expect((await world.subgraph.fetch(request, { kind: 'anonymous' })).status).toBe(401);
    const user = await world.user();
    const { issueToken } = await import('./one-time-tokens.ts');
    const token = await world.parts.db.$transaction((tx) => issueToken(tx, 'PASSWORD_RESET', user.id));
    expect((await world.ask(CREATE, { input: input(token) })).code).toBe('BAD_USER_INPUT');
  });

  it('is the one of ADMIN_EMAIL instead, once however often it starts, and no default is left open', async () => {
    await using world = await AuthWorld.open({ ADMIN_EMAIL: 'Boss@example.org', ADMIN_PASSWORD: PASSWORD });
    expect(await link(world)).toBeNull();
    await Promise.all([ensureConfiguredAdmin(world.parts), ensureConfiguredAdmin(world.parts)]);
    await ensureConfiguredAdmin(world.parts);
    const boss = await world.signIn('boss@example.org');
    const me = await world.ask<{ me: object }>(ME, {}, bearer(boss.accessToken));
    expect(me.data?.me).toMatchObject({ roles: ['USER', 'ADMIN'] });
    expect(await world.parts.db.user.count()).toBe(1);
  });
});

describe('the administrator of ADMIN_EMAIL', () => {
  const boss = { ADMIN_EMAIL: 'Boss@example.org', ADMIN_PASSWORD: 'what the operator has chosen' };
  const MAKE_KEY = 'mutation { createApiKey(input: { name: "k", scopes: [ACCOUNT_READ] }) { secret } }';

  it('is not who registered the address before: their password, sessions, API keys and links have ended', async () => {
    await using world = await AuthWorld.open(boss);
    const squatter = await world.user('boss');
    const made = await world.ask<{ createApiKey: { secret: string } }>(MAKE_KEY, {}, bearer(squatter.accessToken));
    const apiKey = made.data!.createApiKey.secret;
    const { issueToken } = await import('./one-time-tokens.ts');
    const token = await world.parts.db.$transaction((tx) => issueToken(tx, 'PASSWORD_RESET', squatter.id));
    await world.verifier.authenticate({ apiKey });
    await Promise.all([ensureConfiguredAdmin(world.parts), ensureConfiguredAdmin(world.parts)]);

    expect((await world.login('boss@example.org', PASSWORD)).code).toBe('UNAUTHENTICATED');
    for (const credentials of [bearer(squatter.accessToken), { apiKey }]) {
      for (const verifier of [world.verifier, world.newVerifier()])
        await expect(verifier.authenticate(credentials)).rejects.toMatchObject({
          extensions: { code: 'UNAUTHENTICATED' },
        });
    }
    expect((await world.refresh(squatter.refreshToken)).code).toBe('UNAUTHENTICATED');
    const RESET = 'mutation($input: ResetPasswordInput!) { resetPassword(input: $input) { endedSessions } }';
    expect((await world.ask(RESET, { input: { token, newPassword: PASSWORD } })).code).toBe('BAD_USER_INPUT');
    const admin = await world.signIn('boss@example.org', boss.ADMIN_PASSWORD);
    const me = await world.ask<{ me: object }>(ME, {}, bearer(admin.accessToken));
    expect(me.data?.me).toMatchObject({ id: squatter.id, roles: ['USER', 'ADMIN'] });
    expect(await world.audit(squatter.id)).toContain('privilege_permissions_changed');
  });

  it('is the first one only: what administrators decide later is not undone by a restart', async () => {
    await using world = await AuthWorld.open(boss);
    await ensureConfiguredAdmin(world.parts);
    const other = await world.admin();
    const { id } = await world.parts.db.user.findUniqueOrThrow({ where: { email: 'boss@example.org' } });
    await world.ask(
      `mutation { setUserRoles(input: { id: "${id}", roles: [USER] }) { user { id } } }`,
      {},
      bearer(other.accessToken),
    );
    await world.ask(`mutation { disableUser(input: { id: "${id}" }) { user { id } } }`, {}, bearer(other.accessToken));
    await ensureConfiguredAdmin(world.parts);
    const left = await world.parts.db.user.findUniqueOrThrow({ where: { id } });
    expect(left.roles).toEqual(['user']);
    expect(left.disabledAt).not.toBeNull();
  });

  it.each(['passwordpassword', 'abcdefghijklmnopq', 'boss@example.org', '111111111111111'])(
    'has no password that is easy to guess in production: %s stops the start with one line',
    async (ADMIN_PASSWORD) => {
      await using world = await AuthWorld.open({ ...boss, ADMIN_PASSWORD, NODE_ENV: 'production' });
      const start = ensureConfiguredAdmin(world.parts);
      await expect(start).rejects.toBeInstanceOf(ConfigError);
      await expect(start).rejects.toThrow(/^ADMIN_PASSWORD is easy to guess[^\n]*$/);
      expect(await world.parts.db.user.count()).toBe(0);
    },
  );
});

interface Made {
  user: { id: string };
  tokens: { accessToken: string };
}
