import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FRESH_MS } from './accounts/password-proof.ts';
import { MAX_KEYS } from './api-keys.ts';
import { AuthWorld, bearer, ME, PASSWORD, type SignedInUser } from './testing/auth-world.ts';

let world: AuthWorld;
beforeAll(async () => {
  world = await AuthWorld.open();
});
afterAll(() => world[Symbol.asyncDispose]());

const refused = { extensions: { code: 'UNAUTHENTICATED' } };
const CREATE = `mutation($input: CreateApiKeyInput!) {
  createApiKey(input: $input) { secret apiKey { id prefix last4 scopes expiresAt lastUsedAt } } }`;
const ROTATE = `mutation($input: RotateApiKeyInput!) {
  rotateApiKey(input: $input) { secret apiKey { id name scopes } replaced { id expiresAt replacedById } } }`;
const REVOKE = 'mutation($id: ID!) { revokeApiKey(input: { id: $id }) { apiKey { revokedAt } } }';
const LIST = '{ apiKeys { nodes { id name prefix last4 lastUsedAt revokedAt } } }';

interface Made {
  secret: string;
  apiKey: { id: string; prefix: string; last4: string; scopes: string[]; expiresAt: string };
}
async function make(user: SignedInUser, scopes = ['ACCOUNT_READ'], more: object = {}): Promise<Made> {
  const input = { name: 'ci', scopes, ...more };
  const answer = await world.ask<{ createApiKey: Made }>(CREATE, { input }, bearer(user.accessToken));
  if (answer.data?.createApiKey == null) throw new Error(answer.message);
  return answer.data.createApiKey;
}

describe('API keys', () => {
  it('work as a bearer and as X-Api-Key, with the scopes they were given and no others', async () => {
    const user = await world.user();
    const { secret } = await make(user, ['ACCOUNT_READ']);
    for (const credentials of [bearer(secret), { apiKey: secret }]) {
      const { data } = await world.ask<{ me: object }>(ME, {}, credentials);
      expect(data?.me).toMatchObject({ id: user.id, email: user.email });
    }
    const write = await world.ask(
      'mutation { updateProfile(input: { displayName: "x" }) { user { id } } }',
      {},
      { apiKey: secret },
    );
    expect(write.code).toBe('FORBIDDEN');
    expect((await world.ask('{ users { nodes { id } } }', {}, { apiKey: secret })).code).toBe('FORBIDDEN');
    const { secret: narrow } = await make(user, ['CHAT_READ']);
    const me = await world.ask<{ me: object }>(ME, {}, { apiKey: narrow });
    expect(me.data?.me).toEqual({ id: user.id, displayName: expect.any(String), email: null, roles: null });
  });

  it('are shown once and kept as a hash', async () => {
    const user = await world.user();
    const { secret, apiKey } = await make(user);
    expect(secret.startsWith(apiKey.prefix)).toBe(true);
    expect(secret.endsWith(apiKey.last4)).toBe(true);
    const rows = [await world.parts.db.apiKey.findMany(), await world.parts.db.auditEvent.findMany()];
    expect(JSON.stringify(rows)).not.toContain(secret.slice(12, -4));
    expect(JSON.stringify(await world.ask(LIST, {}, bearer(user.accessToken)))).not.toContain(secret.slice(12, -4));
  });

  it.each([
    ['a scope that the user lacks', { scopes: ['ADMIN'] }, 'input.scopes'],
    ['no scope', { scopes: [] }, 'input.scopes'],
    ['no end', { expiresInDays: 0 }, 'input.expiresInDays'],
    ['an end too far', { expiresInDays: 367 }, 'input.expiresInDays'],
    ['no name', { name: '  ' }, 'input.name'],
  ])('are not made with %s', async (_what, wrong, argument) => {
    const user = await world.user();
    const input = { name: 'ci', scopes: ['CHAT_READ'], ...wrong };
    const answer = await world.ask(CREATE, { input }, bearer(user.accessToken));
    expect(answer.extensions).toMatchObject({ code: 'BAD_USER_INPUT', argument });
  });

  it('make no keys, revoke no keys and end no sessions: that needs a person', async () => {
    const user = await world.user();
    const { secret, apiKey } = await make(user, ['ACCOUNT_READ', 'ACCOUNT_WRITE']);
    const asked = [
      world.ask(CREATE, { input: { name: 'more', scopes: ['CHAT_READ'] } }, { apiKey: secret }),
      world.ask(ROTATE, { input: { id: apiKey.id } }, { apiKey: secret }),
      world.ask(REVOKE, { id: apiKey.id }, { apiKey: secret }),
      world.ask('mutation { logoutAll { ended } }', {}, { apiKey: secret }),
      world.ask(`mutation { revokeSession(input: { id: "${user.sessionId}" }) { deletedId } }`, {}, { apiKey: secret }),
      world.ask(`mutation { deleteAccount(input: { password: "${PASSWORD}" }) { deletedId } }`, {}, { apiKey: secret }),
    ];
    for (const answer of await Promise.all(asked)) expect(answer.code).toBe('FORBIDDEN');
  });

  it('end at once when revoked, on every replica, and stay ended after a restart', async () => {
    const user = await world.user();
    const { secret, apiKey } = await make(user);
    const replica = world.newVerifier();
    await replica.authenticate({ apiKey: secret });
    expect((await world.ask(REVOKE, { id: apiKey.id }, bearer(user.accessToken))).code).toBeUndefined();
    for (const verifier of [world.verifier, replica, world.newVerifier()]) {
      await expect(verifier.authenticate({ apiKey: secret })).rejects.toMatchObject(refused);
    }
  });

  it('of others cannot be revoked, rotated or listed', async () => {
    const [user, stranger] = [await world.user(), await world.user()];
    const { apiKey } = await make(user);
    expect((await world.ask(REVOKE, { id: apiKey.id }, bearer(stranger.accessToken))).code).toBe('NOT_FOUND');
    expect((await world.ask(ROTATE, { input: { id: apiKey.id } }, bearer(stranger.accessToken))).code).toBe(
      'NOT_FOUND',
    );
    const list = await world.ask(
      `{ apiKeys(userId: "${user.id}") { nodes { id } } }`,
      {},
      bearer(stranger.accessToken),
    );
    expect(list.code).toBe('FORBIDDEN');
  });

  it('rotate with a grace in which both work', async () => {
    const user = await world.user();
    const old = await make(user, ['ACCOUNT_READ', 'CHAT_READ']);
    const input = { id: old.apiKey.id, graceSeconds: 2 };
    const { data } = await world.ask<{ rotateApiKey: Made & { replaced: { replacedById: string } } }>(
      ROTATE,
      { input },
      bearer(user.accessToken),
    );
    const rotated = data!.rotateApiKey;
    expect(rotated.apiKey).toMatchObject({ name: 'ci', scopes: ['ACCOUNT_READ', 'CHAT_READ'] });
    expect(rotated.replaced.replacedById).toBe(rotated.apiKey.id);
    for (const secret of [old.secret, rotated.secret])
      expect((await world.ask(ME, {}, { apiKey: secret })).code).toBeUndefined();
    const again = await world.ask(ROTATE, { input }, bearer(user.accessToken));
    expect(again.code).toBe('CONFLICT');
    await new Promise((resolve) => setTimeout(resolve, 2_100));
    await expect(world.verifier.authenticate({ apiKey: old.secret })).rejects.toMatchObject(refused);
    expect((await world.ask(ME, {}, { apiKey: rotated.secret })).code).toBeUndefined();
  });

  it('lose at once what their owner loses', async () => {
    const admin = await world.admin();
    const { secret } = await make(admin, ['ADMIN', 'ACCOUNT_READ']);
    expect((await world.ask('{ users { nodes { id } } }', {}, { apiKey: secret })).code).toBeUndefined();
    const other = await world.admin();
    const DEMOTE = `mutation { setUserRoles(input: { id: "${admin.id}", roles: [USER] }) { user { roles } } }`;
    expect((await world.ask(DEMOTE, {}, bearer(other.accessToken))).code).toBeUndefined();
    expect((await world.ask('{ users { nodes { id } } }', {}, { apiKey: secret })).code).toBe('FORBIDDEN');
    await world.ask(
      `mutation { disableUser(input: { id: "${admin.id}" }) { user { id } } }`,
      {},
      bearer(other.accessToken),
    );
    await expect(world.verifier.authenticate({ apiKey: secret })).rejects.toMatchObject(refused);
  });

  it('note when they were used', async () => {
    const user = await world.user();
    const { secret } = await make(user);
    await world.ask(ME, {}, { apiKey: secret });
    const { data } = await world.ask<{ apiKeys: { nodes: { lastUsedAt: string }[] } }>(
      LIST,
      {},
      bearer(user.accessToken),
    );
    expect(Date.now() - Date.parse(data!.apiKeys.nodes[0]!.lastUsedAt)).toBeLessThan(10_000);
  });

  it('are limited in number, those in the grace of a rotation included, however many are made at once', async () => {
    const user = await world.user();
    const { apiKey } = await make(user);
    const { id: _id, ...row } = await world.parts.db.apiKey.findFirstOrThrow({ where: { userId: user.id } });
    const data = Array.from({ length: MAX_KEYS - 3 }, (_, index) => ({ ...row, secretHash: `${user.id} ${index}` }));
    await world.parts.db.apiKey.createMany({ data });
    const keys = await world.parts.db.apiKey.findMany({ where: { userId: user.id }, select: { id: true } });
    const working = () =>
      world.parts.db.apiKey.count({ where: { userId: user.id, revokedAt: null, expiresAt: { gt: new Date() } } });
    const credentials = bearer(user.accessToken);
    const asked = await Promise.all([
      ...keys.slice(0, 12).map(({ id }) => world.ask(ROTATE, { input: { id, graceSeconds: 604_800 } }, credentials)),
      ...Array.from({ length: 4 }, () =>
        world.ask(CREATE, { input: { name: 'k', scopes: ['CHAT_READ'] } }, credentials),
      ),
    ]);
    expect(asked.filter(({ code }) => code === undefined)).toHaveLength(2);
    expect(asked.filter(({ code }) => code === 'CONFLICT')).toHaveLength(14);
    expect(await working()).toBe(MAX_KEYS);
    // One that takes the place of another at once makes no more.
    const last = await world.parts.db.apiKey.findFirstOrThrow({ where: { userId: user.id, replacedById: null } });
    const swapped = await world.ask(ROTATE, { input: { id: last.id, graceSeconds: 0 } }, credentials);
    expect(swapped.code).toBeUndefined();
    expect(await working()).toBe(MAX_KEYS);
    expect(apiKey.id).toBeDefined();
  });

  it('are made soon after signing in, or with the password: a stolen session makes none that outlives it', async () => {
    const user = await world.user();
    const { apiKey } = await make(user);
    const createdAt = new Date(Date.now() - FRESH_MS - 1_000);
    await world.parts.db.session.update({ where: { id: user.sessionId }, data: { createdAt } });
    const refreshed = await world.refresh(user.refreshToken);
    const credentials = bearer(refreshed.data!.refresh.tokens.accessToken);
    const create = (password?: string) =>
      world.ask(CREATE, { input: { name: 'k', scopes: ['CHAT_READ'], expiresInDays: 366, password } }, credentials);
    const rotate = (password?: string) => world.ask(ROTATE, { input: { id: apiKey.id, password } }, credentials);
    for (const answer of [await create(), await rotate(), await create('a guess'), await rotate('a guess')]) {
      expect(answer.extensions).toMatchObject({ code: 'BAD_USER_INPUT', argument: 'input.password' });
    }
    expect((await create(PASSWORD)).code).toBeUndefined();
    expect((await rotate(PASSWORD)).code).toBeUndefined();
    const guesses = await Promise.all(Array.from({ length: 30 }, () => create('a guess')));
    expect(guesses.filter(({ code }) => code === 'ACCOUNT_LOCKED').length).toBeGreaterThanOrEqual(20);
  });

  it('are made one an operation, because the password may be tried with it', async () => {
    const user = await world.user();
    const one = (alias: string) => `${alias}: createApiKey(input: { name: "k", scopes: [CHAT_READ] }) { secret }`;
    const answer = await world.ask(`mutation { ${one('a')} ${one('b')} }`, {}, bearer(user.accessToken));
    expect(answer.code).toBe('BAD_USER_INPUT');
    expect(await world.parts.db.apiKey.count({ where: { userId: user.id } })).toBe(0);
  });

  it('are introspected for services only', async () => {
    const request = () => new Request('http://auth/api-keys/introspect', { method: 'POST', body: '{"hash":"x"}' });
    expect((await world.subgraph.fetch(request(), { kind: 'anonymous' })).status).toBe(401);
    expect((await world.subgraph.fetch(request(), { kind: 'service', service: 'gateway' })).status).toBe(400);
  });
});
