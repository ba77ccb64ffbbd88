import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuthWorld, bearer, LOGIN, ME, PASSWORD, REGISTER } from '../testing/auth-world.ts';

let world: AuthWorld;
beforeAll(async () => {
  world = await AuthWorld.open();
});
afterAll(() => world[Symbol.asyncDispose]());

describe('register and sign in', () => {
  it('makes an account that can sign in and be asked who it is', async () => {
    const registered = await world.ask<{ register: { email: string } }>(REGISTER, {
      input: { email: ' Ada@Example.org ', password: PASSWORD, displayName: 'Ada' },
    });
    expect(registered.data?.register.email).toBe('ada@example.org');
    const ada = await world.signIn('ADA@example.org');
    const me = await world.ask<{ me: object }>(ME, {}, bearer(ada.accessToken));
    expect(me.data?.me).toEqual({ id: ada.id, email: 'ada@example.org', roles: ['USER'], displayName: 'Ada' });
    expect(await world.audit(ada.id)).toEqual(['user_created', 'authn_login_success']);
  });

  it('signs in at once where the client asks for it, and in no account that was there before', async () => {
    const register = (password: string, signIn?: boolean) =>
      world.ask<{ register: { signedIn: { user: { id: string }; tokens: { accessToken: string } } | null } }>(
        `mutation($input: RegisterInput!) {
          register(input: $input) { signedIn { user { id } session { id } deviceToken tokens { accessToken } } } }`,
        { input: { email: 'at-once@example.org', password, ...(signIn !== undefined && { signIn }) } },
      );
    const signedIn = (await register(PASSWORD, true)).data!.register.signedIn!;
    const me = await world.ask<{ me: { id: string } }>(ME, {}, bearer(signedIn.tokens.accessToken));
    expect(me.data?.me.id).toBe(signedIn.user.id);
    expect(await world.audit(signedIn.user.id)).toEqual(['user_created', 'authn_login_success']);
    expect((await register('another password by far', true)).data!.register.signedIn).toBeNull();
    expect((await register(PASSWORD)).data!.register.signedIn).toBeNull();
    expect(await world.audit(signedIn.user.id)).toContain('authn_login_fail');
  });

  it('tells the other subgraphs of a new user, in the transaction that makes it', async () => {
    const { id } = await world.user();
    const facts = await world.parts.db.outboxEvent.findMany({ where: { aggregate: `user:${id}` } });
    expect(facts.map(({ type }) => type)).toEqual(['user.registered']);
  });

  it('makes one account of two registrations at the same moment', async () => {
    const input = { email: 'twice@example.org', password: PASSWORD };
    const both = await Promise.all([world.ask(REGISTER, { input }), world.ask(REGISTER, { input })]);
    expect(both.map(({ code }) => code)).toEqual([undefined, undefined]);
    expect(await world.parts.db.user.count({ where: { email: 'twice@example.org' } })).toBe(1);
  });

  it.each([
    ['an address that is none', { email: 'ada', password: PASSWORD }, 'input.email'],
    ['a header in the address', { email: 'a@example.org\r\nBcc: b@example.org', password: PASSWORD }, 'input.email'],
    ['a short password', { email: 'x@example.org', password: 'fourteen chars' }, 'input.password'],
    ['an endless password', { email: 'x@example.org', password: 'ab1'.repeat(50) }, 'input.password'],
    ['one piece over and over', { email: 'x@example.org', password: 'passwordpassword' }, 'input.password'],
    ['a row of digits', { email: 'x@example.org', password: '1234567890123456' }, 'input.password'],
    [
      'the address itself',
      { email: 'someone.long@example.org', password: 'someone.long@example.org' },
      'input.password',
    ],
    ['an empty name', { email: 'x@example.org', password: PASSWORD, displayName: ' \u202e ' }, 'input.displayName'],
  ])('refuses %s and names the argument', async (_what, input, argument) => {
    const answer = await world.ask(REGISTER, { input });
    expect(answer.code).toBe('BAD_USER_INPUT');
    expect(answer.extensions?.['argument']).toBe(argument);
  });

  it('accepts any characters in a password, composed in any way', async () => {
    const composed = 'pässwörter sind schön 🗝';
    await world.ask(REGISTER, { input: { email: 'unicode@example.org', password: composed.normalize('NFC') } });
    expect((await world.login('unicode@example.org', composed.normalize('NFD'))).code).toBeUndefined();
  });

  it('keeps no password: what is stored is argon2id at the strength OWASP asks for', async () => {
    const { id } = await world.user();
    const { passwordHash } = await world.parts.db.user.findUniqueOrThrow({ where: { id } });
    expect(passwordHash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  });

  it('makes the hash again at the next sign-in when its parameters are outdated', async () => {
    const { hash } = await import('@node-rs/argon2');
    const { id, email } = await world.user();
    const weak = await hash(PASSWORD, { memoryCost: 8_192, timeCost: 1, parallelism: 1 });
    await world.parts.db.user.update({ where: { id }, data: { passwordHash: weak } });
    await world.signIn(email);
    const { passwordHash } = await world.parts.db.user.findUniqueOrThrow({ where: { id } });
    expect(passwordHash).toContain('m=19456,t=2');
    expect((await world.login(email, PASSWORD)).code).toBeUndefined();
  });

  it('refuses two sign-ins in one document, and neither runs', async () => {
    const { id, email } = await world.user();
    const before = await world.parts.db.session.count({ where: { userId: id } });
    const good = `login(input: { email: "${email}", password: "${PASSWORD}" }) { user { id } }`;
    const documents = [
      `mutation { a: ${good} b: ${good} }`,
      `mutation { a: ${good} ...More } fragment More on Mutation { b: ${good} }`,
      `mutation { ... { a: ${good} ... on Mutation { b: ${good} } } }`,
      `mutation { a: ${good} b: register(input: { email: "z@example.org", password: "${PASSWORD}" }) { email } }`,
      `mutation { a: ${good} b: confirmEmailChange(input: { token: "x" }) { __typename } }`,
    ];
    for (const document of documents) {
      const answer = await world.ask(document);
      expect(answer.code).toBe('BAD_USER_INPUT');
      expect(answer.message).toContain('one at a time');
    }
    expect(await world.parts.db.session.count({ where: { userId: id } })).toBe(before);
  });

  it('turns a network address away that tries too often, before any password is looked at', async () => {
    await using strict = await AuthWorld.open({ LOGINS_PER_MINUTE: '5' });
    const attempt = (ipAddress: string, email: string) =>
      strict.ask(LOGIN, { input: { email, password: 'wrong' } }, {}, { ipAddress });
    const codes = [];
    for (let index = 0; index < 7; index++) codes.push((await attempt('192.0.2.9', `n${index}@example.org`)).code);
    expect(codes).toEqual([...Array(5).fill('UNAUTHENTICATED'), 'RATE_LIMITED', 'RATE_LIMITED']);
    expect((await attempt('192.0.2.10', 'other@example.org')).code).toBe('UNAUTHENTICATED');
    // One IPv6 subscriber has a whole /64.
    for (let index = 0; index < 5; index++) await attempt(`2001:db8:0:1::${index}`, `v6-${index}@example.org`);
    expect((await attempt('2001:db8:0:1:ffff::1', 'v6@example.org')).code).toBe('RATE_LIMITED');
    const noted = await strict.parts.db.auditEvent.count({ where: { type: 'excess_rate_limit_exceeded' } });
    expect(noted).toBe(2);
  });

  it.each(['x'.repeat(100_000), `${'x'.repeat(253)}\u{1f600}`, ''])(
    'says of an address that can be none what it says of any other: %j',
    async (email) => {
      const unknown = await world.login('unknown@example.org', PASSWORD);
      const answer = await world.login(email, PASSWORD);
      expect([answer.code, answer.message]).toEqual([unknown.code, unknown.message]);
      expect(answer.code).toBe('UNAUTHENTICATED');
    },
  );

  it('makes no accounts for strangers when sign-up is closed', async () => {
    await using closed = await AuthWorld.open({ SIGNUP: 'closed' });
    const answer = await closed.ask(REGISTER, { input: { email: 'x@example.org', password: PASSWORD } });
    expect(answer.code).toBe('FORBIDDEN');
  });
});
