import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ANONYMOUS } from '#platform/identity/identity.ts';
import { AuthWorld, bearer, PASSWORD, type SignedInUser } from '../testing/auth-world.ts';
import { CODE_LIFE_MS } from './authorization-codes.ts';

const CALLBACK = 'https://app.example/callback?from=sextant';
let world: AuthWorld;
let user: SignedInUser;
let resource: string;

const send = (method: string, path: string, init: { body?: BodyInit; headers?: Record<string, string> } = {}) => {
  const given: RequestInit = { method, ...(init.body !== undefined && { body: init.body }) };
  return world.subgraph.fetch(
    new Request(`http://localhost${path}`, {
      ...given,
      headers: { 'x-sextant-client': 'ip=192.0.2.7', ...init.headers },
    }),
    ANONYMOUS,
  );
};
const register = async (metadata: object = { client_name: 'Orbit', redirect_uris: [CALLBACK] }, ip = '192.0.2.7') => {
  const headers = { 'content-type': 'application/json', 'x-sextant-client': `ip=${ip}` };
  const answer = await send('POST', '/oauth/register', { body: JSON.stringify(metadata), headers });
  // biome-ignore lint/suspicious/noExplicitAny: a registration or an error
  return { status: answer.status, body: (await answer.json()) as any, headers: answer.headers };
};
/** Another id, however chance has made the first one end. */
const withLast = (id: string, last: string, instead: string): string =>
  id.slice(0, -1) + (id.endsWith(last) ? instead : last);

const verifier = randomBytes(32).toString('base64url');
const challenge = createHash('sha256').update(verifier).digest('base64url');
const asking = (clientId: string, change: Record<string, string> = {}) => ({
  response_type: 'code',
  client_id: clientId,
  redirect_uri: CALLBACK,
  code_challenge: challenge,
  code_challenge_method: 'S256',
  state: 'a state & more',
  scope: 'chat:read chat:write memory:read',
  resource,
  ...change,
});
const show = (values: Record<string, string>, headers: Record<string, string> = {}) =>
  send('GET', `/oauth/authorize?${new URLSearchParams(values)}`, { headers });
/** Sends the form of the page, as a browser would. */
const decide = (
  values: Record<string, string>,
  { grant = ['chat:read', 'chat:write', 'memory:read'], headers = {}, ...change }: Record<string, unknown> = {},
) => {
  const form = new URLSearchParams({ ...values, email: user.email, password: PASSWORD, decision: 'allow', ...change });
  for (const scope of grant as string[]) form.append('grant', scope);
  return send('POST', '/oauth/authorize', { body: form, headers: headers as Record<string, string> });
};
const locationOf = (answer: Response) => new URL(answer.headers.get('location') ?? 'nowhere:');
const codeOf = async (clientId: string, change: Record<string, string> = {}) =>
  locationOf(await decide(asking(clientId, change))).searchParams.get('code')!;
const token = async (values: Record<string, string>) => {
  const answer = await send('POST', '/oauth/token', { body: new URLSearchParams(values) });
  // biome-ignore lint/suspicious/noExplicitAny: tokens or an error
  return { status: answer.status, body: (await answer.json()) as any };
};
const redeem = (clientId: string, code: string, change: Record<string, string> = {}) =>
  token({
    grant_type: 'authorization_code',
    client_id: clientId,
    code,
    redirect_uri: CALLBACK,
    code_verifier: verifier,
    resource,
    ...change,
  });
const refresh = (clientId: string, refreshToken: string, change: Record<string, string> = {}) =>
  token({ grant_type: 'refresh_token', client_id: clientId, refresh_token: refreshToken, ...change });
const identityOf = (accessToken: string) => world.verifier.authenticate({ ...bearer(accessToken), resource });
const refused = expect.objectContaining({ code: 'UNAUTHENTICATED' });

let clientId: string;
beforeAll(async () => {
  world = await AuthWorld.open();
  resource = `${world.parts.config.publicUrl}/mcp`;
  user = await world.user();
  clientId = (await register()).body.client_id;
});
afterAll(() => world[Symbol.asyncDispose]());

describe('an app is connected', () => {
  it('by registering, the person’s yes and a code, for what the person ticked', async () => {
    const page = await (await show(asking(clientId))).text();
    expect(page).toContain('Orbit wants to use your account here.');
    expect(page).toContain('app.example');
    expect(page).toContain('Read conversations and messages');
    const answer = await decide(asking(clientId), { grant: ['chat:read', 'memory:read', 'admin'] });
    const back = locationOf(answer);
    expect([answer.status, back.origin, back.pathname, back.searchParams.get('from')]).toEqual([
      303,
      'https://app.example',
      '/callback',
      'sextant',
    ]);
    expect([back.searchParams.get('state'), back.searchParams.get('iss')]).toEqual([
      'a state & more',
      world.parts.config.publicUrl,
    ]);
    const { status, body } = await redeem(clientId, back.searchParams.get('code')!);
    expect([status, body.token_type, body.scope]).toEqual([200, 'Bearer', 'chat:read memory:read']);
    expect(await identityOf(body.access_token)).toMatchObject({
      userId: user.id,
      appSessionId: expect.any(String),
      scopes: ['chat:read', 'memory:read'],
    });
    expect(await world.audit(user.id)).toEqual(expect.arrayContaining(['authn_token_created']));
  });

  it('is seen among the sessions, and ended there', async () => {
    const { body } = await redeem(clientId, await codeOf(clientId));
    const list = '{ sessions(first: 50) { nodes { id device app { clientId name scopes } } } }';
    const { data } = await world.ask<{ sessions: { nodes: { id: string; device: string; app: object | null }[] } }>(
      list,
      {},
      bearer(user.accessToken),
    );
    const [newest] = data!.sessions.nodes;
    expect(newest).toMatchObject({
      device: 'Orbit',
      app: { clientId, name: 'Orbit', scopes: ['CHAT_READ', 'CHAT_WRITE', 'MEMORY_READ'] },
    });
    expect(data!.sessions.nodes.find(({ id }) => id === user.sessionId)?.app).toBeNull();
    const end = 'mutation($input: RevokeSessionInput!) { revokeSession(input: $input) { deletedId } }';
    await world.ask(end, { input: { id: newest!.id } }, bearer(user.accessToken));
    await expect(identityOf(body.access_token)).rejects.toEqual(refused);
    expect(await refresh(clientId, body.refresh_token)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    });
  });

  it('in German where the browser wants that', async () => {
    const page = await show(asking(clientId), { 'accept-language': 'fr, de-CH;q=0.9, en;q=0.8' });
    const html = await page.text();
    expect(html).toContain('<html lang="de">');
    expect(html).toContain('möchte dein Konto hier benutzen');
    expect(html).toContain('Unterhaltungen und Nachrichten lesen');
  });

  it('not where the person refuses, ticks nothing or mistypes the password', async () => {
    const no = locationOf(await decide(asking(clientId), { decision: 'deny', password: '' }));
    expect([no.searchParams.get('error'), no.searchParams.get('code')]).toEqual(['access_denied', null]);
    const nothing = await decide(asking(clientId), { grant: [] });
    expect([nothing.status, await nothing.text()]).toEqual([400, expect.stringContaining('at least one thing')]);
    const wrong = await decide(asking(clientId), { password: 'not the password at all' });
    expect([wrong.status, wrong.headers.get('location')]).toEqual([400, null]);
    expect(await wrong.text()).toContain('The address or the password is wrong');
  });

  it('with a URI whose query comes back as it was, which need not be said again with the code', async () => {
    const odd = 'https://app.example/callback?to=a%20b&flag';
    const { client_id } = (await register({ client_name: 'Odd', redirect_uris: [odd] })).body;
    const back = (await decide(asking(client_id, { redirect_uri: odd }))).headers.get('location')!;
    expect(back.startsWith(`${odd}&code=`)).toBe(true);
    const code = new URL(back).searchParams.get('code')!;
    expect((await redeem(client_id, code, { redirect_uri: '' })).status).toBe(200);
  });

  it('again with a new registration where the old one has ended', async () => {
    const { body } = await redeem(clientId, await codeOf(clientId));
    const dead = withLast(clientId, 'A', 'B');
    expect(await refresh(dead, body.refresh_token)).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
    expect((await refresh(clientId, body.refresh_token)).status).toBe(200);
  });

  it('and stays so by refreshing, until it revokes its token', async () => {
    const first = (await redeem(clientId, await codeOf(clientId))).body;
    const second = (await refresh(clientId, first.refresh_token)).body;
    expect(second.refresh_token).not.toBe(first.refresh_token);
    const fewer = (await refresh(clientId, second.refresh_token, { scope: 'chat:read' })).body;
    expect(fewer.scope).toBe('chat:read');
    await send('POST', '/oauth/revoke', {
      body: new URLSearchParams({ client_id: 'https://other.example/app', token: fewer.refresh_token }),
    });
    await identityOf(fewer.access_token);
    const revoked = await send('POST', '/oauth/revoke', {
      body: new URLSearchParams({ client_id: clientId, token: fewer.access_token }),
    });
    expect(revoked.status).toBe(200);
    await expect(identityOf(fewer.access_token)).rejects.toEqual(refused);
    expect((await refresh(clientId, fewer.refresh_token)).body.error).toBe('invalid_grant');
  });
});

describe('an attacker', () => {
  it('gets no code sent to a place that is not the app’s own, and no redirect for anything wrong', async () => {
    const places = [
      'https://app.example/callback',
      'https://app.example/callback?from=sextant&more',
      'https://app.example.evil.example/callback?from=sextant',
      'https://app.example@evil.example/callback?from=sextant',
      'javascript:alert(1)',
      'http://app.example/callback?from=sextant',
    ];
    for (const place of places) {
      for (const answer of [
        await show(asking(clientId, { redirect_uri: place })),
        await decide(asking(clientId, { redirect_uri: place })),
      ]) {
        expect([place, answer.status, answer.headers.get('location')]).toEqual([place, 400, null]);
        expect(await answer.text()).not.toContain('evil.example');
      }
    }
    const wrong: Record<string, string>[] = [
      { response_type: 'token' },
      { resource: 'https://elsewhere.example/mcp' },
      { resource: world.parts.config.publicUrl },
      { scope: 'chat:read admin' },
      { scope: 'account:write' },
      { scope: 'unheard:of' },
    ];
    for (const change of wrong) {
      const answer = await show(asking(clientId, change));
      expect([change, answer.status, answer.headers.get('location')]).toEqual([change, 400, null]);
      expect((await decide(asking(clientId, change))).headers.get('location')).toBeNull();
    }
  });

  it('cannot do without PKCE, nor with less of it', async () => {
    const less: Record<string, string>[] = [
      { code_challenge_method: 'plain' },
      { code_challenge: '' },
      { code_challenge: 'short' },
    ];
    for (const change of less) {
      expect((await decide(asking(clientId, change))).status).toBe(400);
    }
    const code = await codeOf(clientId);
    for (const wrong of ['', 'x'.repeat(43), challenge]) {
      expect((await redeem(clientId, code, { code_verifier: wrong })).body.error).toBe('invalid_grant');
    }
    expect((await redeem(clientId, code)).status).toBe(200);
  });

  it('can do nothing with a code of another app, for another URI, or that is old', async () => {
    const other = (await register({ client_name: 'Evil', redirect_uris: [CALLBACK] })).body.client_id;
    const code = await codeOf(clientId);
    expect((await redeem(other, code)).body.error).toBe('invalid_grant');
    expect((await redeem(clientId, code, { redirect_uri: 'https://app.example/callback' })).body.error).toBe(
      'invalid_grant',
    );
    expect((await redeem(clientId, code, { resource: 'https://elsewhere.example' })).body.error).toBe('invalid_target');
    const atOnce = await codeOf(clientId);
    const { id } = user;
    const everywhere = 'mutation { logoutAll(input: { exceptCurrent: true }) { ended } }';
    expect((await world.ask(everywhere, {}, bearer(user.accessToken))).code).toBeUndefined();
    expect((await redeem(clientId, atOnce)).body.error).toBe('invalid_grant');
    await world.parts.db.user.update({ where: { id }, data: { disabledAt: new Date() } });
    expect((await redeem(clientId, code)).body.error).toBe('invalid_grant');
    await world.parts.db.user.update({ where: { id }, data: { disabledAt: null } });
    await world.parts.db.authorizationCode.updateMany({ data: { expiresAt: new Date(Date.now() - CODE_LIFE_MS) } });
    expect((await redeem(clientId, code)).body.error).toBe('invalid_grant');
  });

  it('is named by the scheme that takes the answer, whatever follows it', async () => {
    const evil = 'web+evil://claude.ai/callback';
    const { client_id } = (await register({ client_name: 'Evil', redirect_uris: [evil] })).body;
    const page = await (await show(asking(client_id, { redirect_uri: evil }))).text();
    expect(page).toContain('takes links with web+evil:');
    expect(page.replaceAll(/<input type="hidden"[^>]*>/g, '')).not.toContain('claude.ai');
  });

  it('cannot have this server ask hosts of strangers without end', async () => {
    const headers = { 'x-sextant-client': 'ip=192.0.2.99' };
    const pages = [];
    for (let i = 0; i < 32; i++)
      pages.push(await (await show(asking(`https://127.0.0.1/app-${i}.json`), headers)).text());
    expect(pages[0]).toContain('not one of the public internet');
    expect(pages.at(-1)).toContain('Too many apps were asked for');
  });

  it('gets a page for what cannot be stored, and no other parameters into the answer', async () => {
    expect((await decide(asking(clientId), { email: 'a\0@example.org' })).status).toBe(400);
    for (const uri of ['https://app.example/cb?code=mine', 'https://app.example/cb\0', 'https://app.example/?iss=x'])
      expect([uri, (await register({ client_name: 'Evil', redirect_uris: [uri] })).status]).toEqual([uri, 400]);
  });

  it('who is an administrator’s app has not the role', async () => {
    const { id } = user;
    const { roles } = await world.parts.db.user.findUniqueOrThrow({ where: { id } });
    await world.parts.db.user.update({ where: { id }, data: { roles: [...roles, 'admin'] } });
    const { body } = await redeem(clientId, await codeOf(clientId));
    expect(
      (await identityOf(body.access_token)).kind === 'user' && (await identityOf(body.access_token)),
    ).toMatchObject({
      roles,
    });
    await world.parts.db.user.update({ where: { id }, data: { roles } });
  });

  it('who shows a code again ends what it opened', async () => {
    const code = await codeOf(clientId);
    const { body } = await redeem(clientId, code);
    await identityOf(body.access_token);
    expect((await redeem(clientId, code)).body.error).toBe('invalid_grant');
    await expect(identityOf(body.access_token)).rejects.toEqual(refused);
    expect((await refresh(clientId, body.refresh_token)).body.error).toBe('invalid_grant');
    const many = await codeOf(clientId);
    const answers = await Promise.all(Array.from({ length: 5 }, () => redeem(clientId, many)));
    expect(answers.filter(({ status }) => status === 200).length).toBe(1);
  });

  it('who shows a refresh token again ends its session', async () => {
    const first = (await redeem(clientId, await codeOf(clientId))).body;
    const second = (await refresh(clientId, first.refresh_token)).body;
    const third = (await refresh(clientId, second.refresh_token)).body;
    expect((await refresh(clientId, first.refresh_token)).body.error).toBe('invalid_grant');
    await expect(identityOf(third.access_token)).rejects.toEqual(refused);
    expect((await refresh(clientId, third.refresh_token)).body.error).toBe('invalid_grant');
  });

  it('gets no wider scope by refreshing, and nothing for another app', async () => {
    const { body } = await redeem(clientId, await codeOf(clientId, { scope: 'chat:read' }));
    expect((await refresh(clientId, body.refresh_token, { scope: 'chat:read chat:write' })).body.error).toBe(
      'invalid_scope',
    );
    const other = (await register({ client_name: 'Evil', redirect_uris: [CALLBACK] })).body.client_id;
    expect((await refresh(other, body.refresh_token)).body.error).toBe('invalid_grant');
    expect((await refresh(clientId, user.refreshToken)).body.error).toBe('invalid_grant');
    expect((await world.refresh(body.refresh_token)).code).toBe('UNAUTHENTICATED');
    expect((await refresh(clientId, body.refresh_token)).status).toBe(200);
  });

  it('cannot use a token where it was not made for', async () => {
    const { body } = await redeem(clientId, await codeOf(clientId));
    const at = (token: string, place: string | undefined) => {
      const verifier = world.newVerifier();
      return verifier.authenticate({ ...bearer(token), ...(place && { resource: place }) });
    };
    await expect(at(body.access_token, undefined)).rejects.toEqual(refused);
    await expect(at(user.accessToken, resource)).rejects.toEqual(refused);
    await expect(at(body.access_token, 'https://elsewhere.example/mcp')).rejects.toEqual(refused);
    // What was found good at one place is not so at the other.
    await identityOf(body.access_token);
    await expect(world.verifier.authenticate(bearer(body.access_token))).rejects.toEqual(refused);
    expect(world.verifier.known(bearer(body.access_token))).toBeUndefined();
  });

  it('does nothing with an app’s token that needs the person', async () => {
    const scope = 'account:read chat:read';
    const answer = await decide(asking(clientId, { scope }), { grant: scope.split(' ') });
    const { body } = await redeem(clientId, locationOf(answer).searchParams.get('code')!);
    const identity = await identityOf(body.access_token);
    const key = 'mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret } }';
    const made = await world.ask(key, { input: { name: 'x', scopes: ['CHAT_READ'] } }, identity);
    expect(made.code).toBe('FORBIDDEN');
    expect((await world.ask('mutation { logoutAll { ended } }', {}, identity)).code).toBe('FORBIDDEN');
  });

  it('frames no page, and sends no form from elsewhere', async () => {
    const page = await show(asking(clientId));
    expect(page.headers.get('content-security-policy')).toBe(
      `default-src 'none'; style-src ${/'nonce-[^']+'/.exec(page.headers.get('content-security-policy')!)![0]}; ` +
        "frame-ancestors 'none'; base-uri 'none'",
    );
    // A browser that says where the form comes from can do so.
    expect(page.headers.get('referrer-policy')).toBe('same-origin');
    expect(page.headers.get('x-frame-options')).toBe('DENY');
    expect(page.headers.get('cache-control')).toBe('no-store');
    expect(page.headers.get('set-cookie')).toBeNull();
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.example' },
      { origin: 'null' },
    ]) {
      const answer = await decide(asking(clientId), { headers });
      expect([headers, answer.status, answer.headers.get('location')]).toEqual([headers, 400, null]);
    }
    expect(
      (await decide(asking(clientId), { headers: { 'sec-fetch-site': 'same-origin', origin: 'null' } })).status,
    ).toBe(303);
  });

  it('writes nothing into the page, whatever it calls itself or sends', async () => {
    const name = '<script>alert(1)</script>\u202e"\'&';
    const { body } = await register({ client_name: name, redirect_uris: [CALLBACK] });
    const state = '"><script>alert(2)</script>';
    const html = await (await show(asking(body.client_id, { state }))).text();
    expect(html).not.toContain('<script');
    expect(html).not.toContain('\u202e');
    const again = await decide(asking(body.client_id, { state }), {
      email: '"><script>',
      password: 'wrong wrong wrong',
    });
    expect(await again.text()).not.toContain('<script');
    const twice = await send('GET', `/oauth/authorize?${new URLSearchParams(asking(clientId))}&client_id=x`);
    expect(twice.status).toBe(400);
  });

  it('registers what is an app, and no flood of them', async () => {
    const wrong = [
      {},
      { redirect_uris: [] },
      { redirect_uris: ['http://app.example/'] },
      { redirect_uris: ['javascript:alert(1)'] },
      { redirect_uris: ['data:text/html,x'] },
      { redirect_uris: ['https://app.example/#fragment'] },
      { redirect_uris: ['https://a;script-src *;/'] },
      { redirect_uris: Array(11).fill(CALLBACK) },
      { redirect_uris: [CALLBACK], grant_types: ['client_credentials'] },
    ];
    for (const [index, metadata] of wrong.entries()) {
      const { status, body } = await register(metadata, '192.0.2.80');
      expect([index, status, body.error]).toEqual([index, 400, expect.stringMatching(/^invalid_/)]);
    }
    const rows = await world.parts.db.authorizationCode.count();
    const flood = await Promise.all(Array.from({ length: 40 }, () => register(undefined, '192.0.2.81')));
    expect(flood.filter(({ status }) => status === 201).length).toBe(30);
    expect(flood.find(({ status }) => status === 429)?.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(await world.parts.db.authorizationCode.count()).toBe(rows);
    expect((await register(undefined, '192.0.2.82')).status).toBe(201);
    const near = ['A', 'B', 'g', 'w'].map((last) => withLast(clientId, last, 'Q'));
    for (const id of ['sxc_', 'sxc_e30.AAAA', `${clientId}x`, ...near, 'someone']) {
      expect([id, (await show(asking(id))).status]).toEqual([id, 400]);
      expect([id, (await redeem(id, 'x')).body.error]).toEqual([id, expect.stringMatching(/invalid_(client|grant)/)]);
    }
  });
});

it('a program on the person’s device takes any port, and is told from a place of the web', async () => {
  const uris = ['http://127.0.0.1:1234/done', 'orbit://done'];
  const { body } = await register({ client_name: 'Desk', redirect_uris: uris });
  const html = await (await show(asking(body.client_id, { redirect_uri: 'http://127.0.0.1:54321/done' }))).text();
  expect(html).toContain('a program on this device');
  for (const other of ['http://127.0.0.1:54321/other', 'http://localhost:1234/done', 'https://127.0.0.1:1234/done']) {
    expect([other, (await show(asking(body.client_id, { redirect_uri: other }))).status]).toEqual([other, 400]);
  }
  const answer = await decide(asking(body.client_id, { redirect_uri: 'orbit://done' }));
  expect(answer.headers.get('location')).toMatch(/^orbit:\/\/done\?code=/);
});
