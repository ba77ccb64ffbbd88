import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { jobsEnded } from '#platform/data/testing/background-work.ts';
import { AuthWorld, bearer, ME, PASSWORD, REGISTER } from '../testing/auth-world.ts';

const lines: string[] = [];
let world: AuthWorld;
beforeAll(async () => {
  world = await AuthWorld.open({}, pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) }));
});
beforeEach(() => {
  lines.length = 0;
});
afterAll(() => world[Symbol.asyncDispose]());

const NEW = 'a wholly different set of words';
const refused = { extensions: { code: 'UNAUTHENTICATED' } };
const CHANGE =
  'mutation($input: ChangePasswordInput!) { changePassword(input: $input) { endedSessions revokedApiKeys } }';
const REQUEST = 'mutation($email: String!) { requestPasswordReset(input: { email: $email }) { message } }';
const RESET = 'mutation($input: ResetPasswordInput!) { resetPassword(input: $input) { endedSessions revokedApiKeys } }';
const MAKE_KEY = 'mutation { createApiKey(input: { name: "k", scopes: [ACCOUNT_READ] }) { secret } }';
const apiKeyOf = async (accessToken: string): Promise<string> =>
  (await world.ask<{ createApiKey: { secret: string } }>(MAKE_KEY, {}, bearer(accessToken))).data!.createApiKey.secret;

/** Mails that were written to the log for the administrator. */
async function mails(): Promise<{ to: string; text: string }[]> {
  await jobsEnded(world.parts.db);
  return lines.map((line) => JSON.parse(line)).flatMap(({ mail }) => (mail ? [mail] : []));
}
const tokenIn = (text: string): string => /[?&]token=([\w-]+)/.exec(text)![1]!;
const resetToken = async (email: string): Promise<string> => {
  await world.ask(REQUEST, { email });
  return tokenIn((await mails()).at(-1)!.text);
};

describe('a password is changed', () => {
  it('by its owner, which ends all other sessions', async () => {
    const user = await world.user();
    const elsewhere = await world.signIn(user.email);
    const input = { currentPassword: PASSWORD, newPassword: NEW };
    const answer = await world.ask<{ changePassword: object }>(CHANGE, { input }, bearer(user.accessToken));
    expect(answer.data?.changePassword).toEqual({ endedSessions: 1, revokedApiKeys: 0 });
    await expect(world.verifier.authenticate(bearer(elsewhere.accessToken))).rejects.toMatchObject(refused);
    expect((await world.ask(ME, {}, bearer(user.accessToken))).code).toBeUndefined();
    expect((await world.login(user.email, PASSWORD)).code).toBe('UNAUTHENTICATED');
    expect((await world.login(user.email, NEW)).code).toBeUndefined();
    expect(await world.audit(user.id)).toContain('authn_password_change');
  });

  it('not with a stolen session alone: the current one is needed, and guessing it locks', async () => {
    const user = await world.user();
    const guess = () =>
      world.ask(CHANGE, { input: { currentPassword: 'a guess', newPassword: NEW } }, bearer(user.accessToken));
    expect((await guess()).extensions).toMatchObject({ code: 'BAD_USER_INPUT', argument: 'input.currentPassword' });
    const codes = (await Promise.all(Array.from({ length: 30 }, guess))).map(({ code }) => code);
    expect(codes.filter((code) => code === 'ACCOUNT_LOCKED')).toHaveLength(21);
    expect(await world.audit(user.id)).toContain('authn_password_change_fail');
  });

  it('with the API keys or without them, as its owner asks', async () => {
    const user = await world.user();
    const apiKey = await apiKeyOf(user.accessToken);
    const change = (currentPassword: string, newPassword: string, revokeApiKeys?: boolean) =>
      world.ask(CHANGE, { input: { currentPassword, newPassword, revokeApiKeys } }, bearer(user.accessToken));
    expect((await change(PASSWORD, NEW)).data).toEqual({ changePassword: { endedSessions: 0, revokedApiKeys: 0 } });
    expect((await world.ask(ME, {}, { apiKey })).code).toBeUndefined();
    const both = await change(NEW, PASSWORD, true);
    expect(both.data).toEqual({ changePassword: { endedSessions: 0, revokedApiKeys: 1 } });
    for (const verifier of [world.verifier, world.newVerifier()])
      await expect(verifier.authenticate({ apiKey })).rejects.toMatchObject(refused);
  });

  it('not to a weak one, nor to the same', async () => {
    const user = await world.user();
    const change = (newPassword: string) =>
      world.ask(CHANGE, { input: { currentPassword: PASSWORD, newPassword } }, bearer(user.accessToken));
    for (const password of ['short', 'passwordpassword', PASSWORD]) {
      expect((await change(password)).extensions).toMatchObject({
        code: 'BAD_USER_INPUT',
        argument: 'input.newPassword',
      });
    }
  });
});

describe('a forgotten password', () => {
  it('is reset with a link that the administrator finds in the log when no mail server is configured', async () => {
    const user = await world.user();
    const token = await resetToken(user.email);
    expect((await mails()).at(-1)?.to).toBe(user.email);
    const answer = await world.ask<{ resetPassword: object }>(RESET, { input: { token, newPassword: NEW } });
    expect(answer.data?.resetPassword).toEqual({ endedSessions: 1, revokedApiKeys: 0 });
    await expect(world.verifier.authenticate(bearer(user.accessToken))).rejects.toMatchObject(refused);
    expect((await world.login(user.email, NEW)).code).toBeUndefined();
  });

  it('is reset once by a token, however many try at the same moment', async () => {
    const { email } = await world.user();
    const token = await resetToken(email);
    const tries = await Promise.all(
      Array.from({ length: 5 }, (_, index) => world.ask(RESET, { input: { token, newPassword: `${NEW} ${index}` } })),
    );
    expect(tries.filter(({ code }) => code === undefined)).toHaveLength(1);
    expect(tries.filter(({ code }) => code === 'BAD_USER_INPUT')).toHaveLength(4);
    expect((await world.ask(RESET, { input: { token, newPassword: NEW } })).extensions?.['argument']).toBe(
      'input.token',
    );
  });

  it('is reset within ten minutes', async () => {
    const { id, email } = await world.user();
    const token = await resetToken(email);
    const { expiresAt } = await world.parts.db.oneTimeToken.findFirstOrThrow({ where: { userId: id, usedAt: null } });
    expect(expiresAt.getTime() - Date.now()).toBeLessThanOrEqual(600_000);
    await world.parts.db.oneTimeToken.updateMany({
      where: { userId: id },
      data: { expiresAt: new Date(Date.now() - 1) },
    });
    expect((await world.ask(RESET, { input: { token, newPassword: NEW } })).code).toBe('BAD_USER_INPUT');
  });

  it('is reset by a link that stays good when a stranger asks for another, until one of them is used', async () => {
    const { email } = await world.user();
    const first = await resetToken(email);
    const second = await resetToken(email);
    const reset = (token: string) => world.ask(RESET, { input: { token, newPassword: NEW } });
    expect((await reset(first)).code).toBeUndefined();
    expect((await reset(first)).code).toBe('BAD_USER_INPUT');
    expect((await reset(second)).code).toBe('BAD_USER_INPUT');
    const both = [await resetToken(email), await resetToken(email)];
    const codes = await Promise.all(
      both.map((token, index) =>
        world.ask(RESET, { input: { token, newPassword: `${NEW} ${index}` } }).then(({ code }) => code),
      ),
    );
    expect(codes.filter((code) => code === undefined)).toHaveLength(1);
  });

  it('is reset by no link that was sent before the password was changed', async () => {
    const user = await world.user();
    const token = await resetToken(user.email);
    const input = { currentPassword: PASSWORD, newPassword: NEW };
    expect((await world.ask(CHANGE, { input }, bearer(user.accessToken))).code).toBeUndefined();
    expect((await world.ask(RESET, { input: { token, newPassword: PASSWORD } })).code).toBe('BAD_USER_INPUT');
  });

  it('ends the API keys with the sessions, because who had the account may have made one', async () => {
    const user = await world.user();
    const apiKey = await apiKeyOf(user.accessToken);
    await world.verifier.authenticate({ apiKey });
    const token = await resetToken(user.email);
    const answer = await world.ask(RESET, { input: { token, newPassword: NEW } });
    expect(answer.data).toEqual({ resetPassword: { endedSessions: 1, revokedApiKeys: 1 } });
    for (const verifier of [world.verifier, world.newVerifier()])
      await expect(verifier.authenticate({ apiKey })).rejects.toMatchObject(refused);
  });

  it('sends nothing to an address without an account, and a bounded number of mails to one with', async () => {
    await world.ask(REQUEST, { email: 'unknown@example.org' });
    expect(await mails()).toEqual([]);
    const { email } = await world.user();
    for (let index = 0; index < 12; index++) expect((await world.ask(REQUEST, { email })).code).toBeUndefined();
    // Five, and the one that always goes in five minutes.
    expect((await mails()).length).toBe(6);
  });

  it('sends the owner a link whatever a stranger has asked for, and floods no mailbox through its +tags', async () => {
    const { email } = await world.user();
    const from = (ipAddress: string, address = email) => world.ask(REQUEST, { email: address }, {}, { ipAddress });
    for (let index = 0; index < 10; index++) await from('203.0.113.66');
    const before = (await mails()).length;
    expect(before).toBe(6);
    await from('198.51.100.7');
    expect((await mails()).length).toBe(before + 1);
    for (let network = 0; network < 10; network++)
      for (let index = 0; index < 3; index++) await from(`203.0.113.${100 + network}`);
    expect((await mails()).length).toBeLessThanOrEqual(22);
    // Everything is used up: the links of the mails before are good.
    const token = tokenIn((await mails()).at(-1)!.text);
    expect((await world.ask(RESET, { input: { token, newPassword: NEW } })).code).toBeUndefined();
    lines.length = 0;
    const [local, domain] = email.split('@');
    for (let index = 0; index < 8; index++) {
      const tagged = `${local}+${index}@${domain}`;
      await world.ask(REGISTER, { input: { email: tagged, password: PASSWORD } });
      await from('203.0.113.66', tagged);
    }
    expect(await mails()).toEqual([]);
  });

  it('leaves no token in the database', async () => {
    const { email } = await world.user();
    const token = await resetToken(email);
    const rows = [await world.parts.db.oneTimeToken.findMany(), await world.parts.db.job.findMany()];
    expect(JSON.stringify(rows)).not.toContain(token);
  });

  it('can be reset on a page of our own that needs no script and keeps the token to itself', async () => {
    const { email } = await world.user();
    const token = await resetToken(email);
    const url = `http://auth/reset-password?token=${token}`;
    const page = await world.subgraph.fetch(new Request(url), { kind: 'anonymous' });
    expect(page.headers.get('referrer-policy')).toBe('no-referrer');
    expect(page.headers.get('cache-control')).toBe('no-store');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await page.text()).toContain(token);
    const post = (fields: Record<string, string>) =>
      world.subgraph.fetch(new Request(url, { method: 'POST', body: new URLSearchParams(fields) }), {
        kind: 'anonymous',
      });
    const weak = await post({ token, password: 'short' });
    expect(weak.status).toBe(400);
    expect(await weak.text()).toContain('at least 15');
    expect((await post({ token, password: NEW })).status).toBe(200);
    expect((await world.login(email, NEW)).code).toBeUndefined();
    const injected = await world.subgraph.fetch(new Request('http://auth/reset-password?token="><script>'), {
      kind: 'anonymous',
    });
    expect(await injected.text()).not.toContain('<script>');
  });
});

describe('in production without a mail server', () => {
  it('no link is made or logged for who asks; the answer says that mail is not configured, for any address', async () => {
    const logged: string[] = [];
    const log = pino({ level: 'trace' }, { write: (line: string) => void logged.push(line) });
    await using production = await AuthWorld.open({ NODE_ENV: 'production' }, log);
    const { email, id } = await production.user();
    const answers = [
      await production.ask(REQUEST, { email }),
      await production.ask(REQUEST, { email: 'x@example.org' }),
    ];
    for (const answer of answers)
      expect(answer).toMatchObject({ code: 'NOT_CONFIGURED', data: { requestPasswordReset: null } });
    expect(answers[0]!.message).toBe(answers[1]!.message);
    expect(answers[0]!.message).toContain('SMTP_URL');
    await jobsEnded(production.parts.db);
    expect(await production.parts.db.oneTimeToken.count({ where: { userId: id } })).toBe(0);
    expect(logged.join()).not.toMatch(/token=/);
  });

  it('an administrator makes a link to pass on, soon after signing in, and it works once', async () => {
    await using production = await AuthWorld.open({ NODE_ENV: 'production' });
    const [user, admin] = [await production.user(), await production.admin()];
    const LINK = 'mutation($id: ID!) { createPasswordLink(input: { id: $id }) { url expiresAt } }';
    const CREATE = 'mutation { createUser(input: { email: "new@example.org" }) { user { id } } }';
    expect((await production.ask(CREATE, {}, bearer(admin.accessToken))).code).toBe('NOT_CONFIGURED');
    expect((await production.ask(LINK, { id: user.id }, bearer(user.accessToken))).code).toBe('FORBIDDEN');
    const made = await production.ask<{ createPasswordLink: { url: string } }>(
      LINK,
      { id: user.id },
      bearer(admin.accessToken),
    );
    const input = { token: tokenIn(made.data!.createPasswordLink.url), newPassword: NEW };
    expect((await production.ask(RESET, { input })).code).toBeUndefined();
    expect((await production.ask(RESET, { input })).code).toBe('BAD_USER_INPUT');
    expect((await production.login(user.email, NEW)).code).toBeUndefined();
    expect(await production.audit(user.id)).toContain('authn_token_created');
    const createdAt = new Date(Date.now() - 3_600_000);
    await production.parts.db.session.update({ where: { id: admin.sessionId }, data: { createdAt } });
    const later = await production.ask(LINK, { id: user.id }, bearer(admin.accessToken));
    expect(later.extensions).toMatchObject({ code: 'BAD_USER_INPUT', argument: 'input.password' });
  });
});

describe('with a mail server', () => {
  it('an address must be confirmed before it can sign in, and registering it again tells its owner', async () => {
    await using mailing = await AuthWorld.open({ SMTP_URL: 'smtp://127.0.0.1:1' });
    const email = 'new@example.org';
    const first = await mailing.ask<{ register: object }>(REGISTER, { input: { email, password: PASSWORD } });
    const again = await mailing.ask<{ register: object }>(REGISTER, { input: { email, password: NEW } });
    expect(first).toEqual(again);
    expect(first.data?.register).toMatchObject({ emailVerificationRequired: true });
    const wrong = await mailing.login(email, 'not the password at all');
    expect(await mailing.login(email, PASSWORD)).toEqual(wrong);
    // The server is away: both mails wait, sealed, and are tried again.
    const waiting = () => mailing.parts.db.job.count({ where: { state: 'WAITING' } });
    const problem = () => mailing.parts.db.job.count({ where: { problem: { not: null } } });
    await expect.poll(problem).toBeGreaterThan(0);
    await expect.poll(waiting).toBe(2);
    const { id } = await mailing.parts.db.user.findUniqueOrThrow({ where: { email } });
    const { issueToken } = await import('./one-time-tokens.ts');
    const token = await mailing.parts.db.$transaction((tx) => issueToken(tx, 'EMAIL_VERIFICATION', id));
    const VERIFY = 'mutation($token: String!) { verifyEmail(input: { token: $token }) { email } }';
    expect((await mailing.ask<{ verifyEmail: object }>(VERIFY, { token })).data?.verifyEmail).toEqual({ email });
    expect((await mailing.ask(VERIFY, { token })).code).toBe('BAD_USER_INPUT');
    expect((await mailing.login(email, PASSWORD)).code).toBeUndefined();
  });
});
