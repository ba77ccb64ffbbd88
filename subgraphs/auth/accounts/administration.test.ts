import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Identity } from '#platform/identity/identity.ts';
import { AuthWorld, bearer, ME, PASSWORD, REGISTER, type SignedInUser } from '../testing/auth-world.ts';

let world: AuthWorld;
let admin: SignedInUser;
beforeAll(async () => {
  world = await AuthWorld.open();
  admin = await world.admin();
});
afterAll(() => world[Symbol.asyncDispose]());

const refused = { extensions: { code: 'UNAUTHENTICATED' } };
/** What the host of a subgraph says of a variable that no database keeps. */
const refusalOf = (argument: string) => ({ data: null, code: 'BAD_USER_INPUT', extensions: { argument } });
const asAdmin = <Data>(query: string, variables: Record<string, unknown> = {}) =>
  world.ask<Data>(query, variables, bearer(admin.accessToken));
const DISABLE = 'mutation($id: ID!) { disableUser(input: { id: $id, reason: "left" }) { user { disabledAt } } }';
const ENABLE = 'mutation($id: ID!) { enableUser(input: { id: $id }) { user { disabledAt } } }';
const ROLES =
  'mutation($id: ID!, $roles: [Role!]!) { setUserRoles(input: { id: $id, roles: $roles }) { user { roles } } }';
const USERS = `query($filter: UserFilter, $first: Int, $after: String) {
  users(filter: $filter, first: $first, after: $after) { totalCount nodes { id email } pageInfo { hasNextPage endCursor } } }`;
interface Users {
  users: {
    totalCount: number;
    nodes: { id: string; email: string }[];
    pageInfo: { hasNextPage: boolean; endCursor: string };
  };
}

describe('administrators', () => {
  it('shut an account at once, keys and refresh tokens included, and open it again without its old sessions', async () => {
    const user = await world.user();
    await world.verifier.authenticate(bearer(user.accessToken));
    expect((await asAdmin(DISABLE, { id: user.id })).code).toBeUndefined();
    await expect(world.verifier.authenticate(bearer(user.accessToken))).rejects.toMatchObject(refused);
    expect((await world.refresh(user.refreshToken)).code).toBe('UNAUTHENTICATED');
    expect((await world.login(user.email, PASSWORD)).code).toBe('UNAUTHENTICATED');
    expect((await asAdmin(ENABLE, { id: user.id })).code).toBeUndefined();
    await expect(world.verifier.authenticate(bearer(user.accessToken))).rejects.toMatchObject(refused);
    const again = await world.signIn(user.email);
    expect((await world.ask(ME, {}, bearer(again.accessToken))).code).toBeUndefined();
    expect(await world.audit(user.id)).toEqual(expect.arrayContaining(['user_archived', 'user_updated']));
  });

  it('set roles, and access tokens with the old ones end at once while the session goes on', async () => {
    const other = await world.admin();
    await world.verifier.authenticate(bearer(other.accessToken));
    expect((await asAdmin(ROLES, { id: other.id, roles: ['USER'] })).data).toEqual({
      setUserRoles: { user: { roles: ['USER'] } },
    });
    await expect(world.verifier.authenticate(bearer(other.accessToken))).rejects.toMatchObject(refused);
    const { data } = await world.refresh(other.refreshToken);
    expect((await world.ask(USERS, {}, bearer(data!.refresh.tokens.accessToken))).code).toBe('FORBIDDEN');
    expect((await asAdmin(ROLES, { id: other.id, roles: [] })).code).toBe('BAD_USER_INPUT');
    expect((await asAdmin(ROLES, { id: 'unknown', roles: ['USER'] })).code).toBe('NOT_FOUND');
  });

  it('shut an account for good as far as its API keys and links go: opening it again brings none back', async () => {
    const user = await world.user();
    const MAKE = 'mutation { createApiKey(input: { name: "k", scopes: [ACCOUNT_READ] }) { secret } }';
    const made = await world.ask<{ createApiKey: { secret: string } }>(MAKE, {}, bearer(user.accessToken));
    const apiKey = made.data!.createApiKey.secret;
    const { issueToken } = await import('./one-time-tokens.ts');
    const token = await world.parts.db.$transaction((tx) => issueToken(tx, 'PASSWORD_RESET', user.id));
    await asAdmin(DISABLE, { id: user.id });
    await asAdmin(ENABLE, { id: user.id });
    for (const verifier of [world.verifier, world.newVerifier()])
      await expect(verifier.authenticate({ apiKey })).rejects.toMatchObject(refused);
    const RESET = 'mutation($input: ResetPasswordInput!) { resetPassword(input: $input) { endedSessions } }';
    const input = { token, newPassword: 'a wholly different set of words' };
    expect((await world.ask(RESET, { input })).code).toBe('BAD_USER_INPUT');
  });

  it('make no administrator of a user who has not confirmed the address, where mail can confirm it', async () => {
    await using mailing = await AuthWorld.open({ SMTP_URL: 'smtp://127.0.0.1:1' });
    const email = 'boss@example.org';
    await mailing.ask(REGISTER, { input: { email, password: PASSWORD } });
    const { id } = await mailing.parts.db.user.findUniqueOrThrow({ where: { email } });
    const identity = { kind: 'user', userId: id, roles: [], scopes: ['admin'], expiresAt: 4e9 } as const;
    const promote = () => mailing.ask(ROLES, { id, roles: ['USER', 'ADMIN'] }, identity);
    expect((await promote()).code).toBe('CONFLICT');
    await mailing.parts.db.user.update({ where: { id }, data: { emailVerifiedAt: new Date() } });
    expect((await promote()).code).toBeUndefined();
  });

  it('are told of characters that a database refuses: in a reason, and in the types of a filter', async () => {
    const user = await world.user();
    const SHUT =
      'mutation($id: ID!, $reason: String) { disableUser(input: { id: $id, reason: $reason }) { user { id } } }';
    for (const reason of ['left\0', 'left \ud800'])
      expect(await asAdmin(SHUT, { id: user.id, reason })).toMatchObject(refusalOf('reason'));
    expect((await asAdmin(SHUT, { id: user.id, reason: 'left \u{1f600}' })).code).toBeUndefined();
    const EVENTS = 'query($types: [AuditEventType!]) { auditEvents(filter: { types: $types }) { nodes { type } } }';
    for (const [type, types] of [
      ['types.0', ['\0']],
      ['types.1', ['USER_ARCHIVED', '\ud800']],
    ] as const)
      expect(await asAdmin(EVENTS, { types })).toMatchObject(refusalOf(type));
    const events = await asAdmin<{ auditEvents: { nodes: { type: string }[] } }>(EVENTS, {
      types: ['USER_ARCHIVED'],
    });
    expect(new Set(events.data?.auditEvents.nodes.map(({ type }) => type))).toEqual(new Set(['USER_ARCHIVED']));
  });

  it('invite with a link that a stranger cannot spoil by asking for another', async () => {
    const CREATE = 'mutation($input: CreateUserInput!) { createUser(input: $input) { user { id } } }';
    const email = `invited-${Date.now()}@example.org`;
    const made = await asAdmin<{ createUser: { user: { id: string } } }>(CREATE, { input: { email } });
    const invited = { userId: made.data!.createUser.user.id, usedAt: null };
    const invitation = await world.parts.db.oneTimeToken.findFirstOrThrow({ where: invited });
    await world.ask('mutation($email: String!) { requestPasswordReset(input: { email: $email }) { message } }', {
      email,
    });
    const left = await world.parts.db.oneTimeToken.findMany({ where: invited });
    expect(left.map(({ id }) => id)).toContain(invitation.id);
    expect(left).toHaveLength(2);
  });

  it('cannot all go: not by shutting, not by demoting, not by deleting, not two at the same moment', async () => {
    await using small = await AuthWorld.open();
    const [one, two] = [await small.admin(), await small.admin()];
    const identities = new Map<string, Identity>();
    for (const { id, accessToken } of [one, two])
      identities.set(id, await small.verifier.authenticate(bearer(accessToken)));
    const demote = (who: SignedInUser, whom: SignedInUser) =>
      small.ask(ROLES, { id: whom.id, roles: ['USER'] }, identities.get(who.id) ?? bearer(who.accessToken));
    const codes = (await Promise.all([demote(one, two), demote(two, one)])).map(({ code }) => code);
    identities.clear();
    expect(codes.filter((code) => code === undefined)).toHaveLength(1);
    const [last] = await small.parts.db.user.findMany({ where: { roles: { has: 'admin' } } });
    const lastAdmin = await small.signIn(last!.email);
    expect((await demote(lastAdmin, lastAdmin)).code).toBe('CONFLICT');
    expect((await small.ask(DISABLE, { id: lastAdmin.id }, bearer(lastAdmin.accessToken))).code).toBe('CONFLICT');
    const DELETE = `mutation { deleteAccount(input: { password: "${PASSWORD}" }) { deletedId } }`;
    expect((await small.ask(DELETE, {}, bearer(lastAdmin.accessToken))).code).toBe('CONFLICT');
    expect(await small.parts.db.user.count({ where: { roles: { has: 'admin' } } })).toBe(1);
  });

  it('make accounts while sign-up is closed, with a password or with a link for one', async () => {
    await using closed = await AuthWorld.open({
      SIGNUP: 'closed',
      ADMIN_EMAIL: 'boss@example.org',
      ADMIN_PASSWORD: PASSWORD,
    });
    const { ensureConfiguredAdmin } = await import('./first-admin.ts');
    await ensureConfiguredAdmin(closed.parts);
    const boss = await closed.signIn('boss@example.org');
    const CREATE = 'mutation($input: CreateUserInput!) { createUser(input: $input) { user { id email roles } } }';
    const create = (input: object) =>
      closed.ask<{ createUser: { user: object } }>(CREATE, { input }, bearer(boss.accessToken));
    const made = await create({ email: 'Staff@example.org', password: PASSWORD });
    expect(made.data?.createUser.user).toMatchObject({ email: 'staff@example.org', roles: ['USER'] });
    expect((await closed.login('staff@example.org', PASSWORD)).code).toBeUndefined();
    expect((await create({ email: 'staff@example.org', password: PASSWORD })).code).toBe('CONFLICT');
    expect((await create({ email: 'invited@example.org' })).code).toBeUndefined();
    const invitation = await closed.parts.db.oneTimeToken.findFirstOrThrow({
      where: { user: { email: 'invited@example.org' } },
    });
    expect(invitation.purpose).toBe('PASSWORD_RESET');
    expect((await closed.login('invited@example.org', '')).code).toBe('UNAUTHENTICATED');
  });

  it('find users by address and name, taking wildcards at their word, page by page', async () => {
    const tag = `find${Date.now()}`;
    for (const name of ['a', 'b_b', 'c']) await world.user(`${tag}-${name}`);
    const find = async (search: string) => (await asAdmin<Users>(USERS, { filter: { search } })).data!.users;
    expect((await find(tag.toUpperCase())).totalCount).toBe(3);
    expect((await find(`${tag}-_`)).totalCount).toBe(0);
    expect((await find(`${tag}-b_b`)).totalCount).toBe(1);
    expect((await find('%')).totalCount).toBe(0);
    const seen: string[] = [];
    let after: string | undefined;
    do {
      const { data } = await asAdmin<Users>(USERS, { filter: { search: tag }, first: 2, after });
      seen.push(...data!.users.nodes.map(({ email }) => email));
      after = data!.users.pageInfo.hasNextPage ? data!.users.pageInfo.endCursor : undefined;
    } while (after);
    expect(seen.map((email) => email.split(/[-@]/)[1])).toEqual(['a', 'b_b', 'c']);
    expect(await asAdmin(USERS, { filter: { search: `${tag}\0` } })).toMatchObject(refusalOf('filter.search'));
    const admins = await asAdmin<Users>(USERS, { filter: { role: 'ADMIN', disabled: false } });
    expect(admins.data!.users.nodes.map(({ id }) => id)).toContain(admin.id);
  });

  it('alone do any of this', async () => {
    const user = await world.user();
    const attempts = [
      [USERS, {}],
      [DISABLE, { id: admin.id }],
      [ENABLE, { id: admin.id }],
      [ROLES, { id: user.id, roles: ['ADMIN'] }],
      ['mutation($id: ID!) { revokeUserSessions(input: { id: $id }) { ended } }', { id: admin.id }],
      ['mutation { createUser(input: { email: "x@example.org", roles: [ADMIN] }) { user { id } } }', {}],
      ['mutation { rotateSigningKey { keyId } }', {}],
    ] as const;
    for (const [query, variables] of attempts) {
      expect((await world.ask(query, variables, bearer(user.accessToken))).code).toBe('FORBIDDEN');
      expect((await world.ask(query, variables)).code).toBe('UNAUTHENTICATED');
    }
    expect((await world.parts.db.user.findUniqueOrThrow({ where: { id: user.id } })).roles).toEqual(['user']);
  });
});

describe('the audit log', () => {
  const AUDIT =
    'query($filter: AuditEventFilter) { auditEvents(first: 100, filter: $filter) { nodes { type userId actorId ipAddress details } } }';
  interface Audit {
    auditEvents: { nodes: { type: string; userId: string; actorId: string; details: object }[] };
  }

  it('shows users what happened to their own account, and nothing of others', async () => {
    const [user, other] = [await world.user(), await world.user()];
    await world.login(user.email, 'not the password at all');
    const own = await world.ask<Audit>(AUDIT, {}, bearer(user.accessToken));
    expect(own.data!.auditEvents.nodes.map(({ type }) => type)).toEqual([
      'AUTHN_LOGIN_FAIL',
      'AUTHN_LOGIN_SUCCESS',
      'USER_CREATED',
    ]);
    expect(new Set(own.data!.auditEvents.nodes.map(({ userId }) => userId))).toEqual(new Set([user.id]));
    expect((await world.ask(AUDIT, { filter: { userId: other.id } }, bearer(user.accessToken))).code).toBe('FORBIDDEN');
  });

  it('shows administrators all accounts, filtered, and who did what', async () => {
    const user = await world.user();
    await asAdmin(DISABLE, { id: user.id });
    const { data } = await asAdmin<Audit>(AUDIT, { filter: { userId: user.id, types: ['USER_ARCHIVED'] } });
    expect(data!.auditEvents.nodes).toMatchObject([
      { type: 'USER_ARCHIVED', userId: user.id, actorId: admin.id, details: { reason: 'left' } },
    ]);
    const future = await asAdmin<Audit>(AUDIT, { filter: { since: new Date(Date.now() + 60_000).toISOString() } });
    expect(future.data!.auditEvents.nodes).toEqual([]);
  });

  it('is written with the change or not at all', async () => {
    const user = await world.user();
    const before = await world.parts.db.auditEvent.count();
    const failing = world.parts.changes.run({ identity: { kind: 'anonymous' } }, async (change) => {
      await change.audit({ type: 'user_updated', userId: user.id });
      await change.endSessions({ userId: user.id }, 'test');
      throw new Error('the change fails');
    });
    await expect(failing).rejects.toThrow('the change fails');
    expect(await world.parts.db.auditEvent.count()).toBe(before);
    expect((await world.ask(ME, {}, bearer(user.accessToken))).code).toBeUndefined();
  });
});
