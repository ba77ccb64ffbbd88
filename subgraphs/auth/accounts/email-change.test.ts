import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { jobsEnded } from '#platform/data/testing/background-work.ts';
import { AuthWorld, bearer, PASSWORD, type SignedInUser } from '../testing/auth-world.ts';

let world: AuthWorld;
const lines: string[] = [];
beforeAll(async () => {
  world = await AuthWorld.open({}, pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) }));
});
afterAll(() => world[Symbol.asyncDispose]());
beforeEach(() => {
  lines.length = 0;
});

const REQUEST = 'mutation($input: RequestEmailChangeInput!) { requestEmailChange(input: $input) { message } }';
const CONFIRM = 'mutation($input: ConfirmEmailChangeInput!) { confirmEmailChange(input: $input) { email } }';
async function mails(): Promise<{ to: string; text: string; subject: string }[]> {
  await jobsEnded(world.parts.db);
  return lines.map((line) => JSON.parse(line)).flatMap(({ mail }) => (mail ? [mail] : []));
}
let names = 0;
const fresh = () => `new-${names++}-${crypto.randomUUID()}@example.org`;
const ask = (who: SignedInUser, email: string, password = PASSWORD) =>
  world.ask(REQUEST, { input: { email, password } }, bearer(who.accessToken));
const tokenFor = async (email: string): Promise<string> => {
  const mail = (await mails()).findLast(({ to }) => to === email)!;
  return /[?&]token=([\w-]+)/.exec(mail.text)![1]!;
};
const confirm = (token: string) => world.ask<{ confirmEmailChange: { email: string } }>(CONFIRM, { input: { token } });

it('nothing changes before the new address is confirmed; then it signs in, and the old one does not', async () => {
  const user = await world.user();
  const elsewhere = await world.signIn(user.email);
  const email = fresh();
  expect((await ask(user, `  ${email.toUpperCase()} `)).code).toBeUndefined();
  expect((await mails()).map(({ to }) => to).sort()).toEqual([email, user.email].sort());
  expect((await world.login(user.email, PASSWORD)).code).toBeUndefined();
  const token = await tokenFor(email);
  expect((await confirm(token)).data).toEqual({ confirmEmailChange: { email } });
  expect((await world.login(user.email, PASSWORD)).code).toBe('UNAUTHENTICATED');
  expect((await world.login(email, PASSWORD)).code).toBeUndefined();
  // The session that asked goes on, the others have ended, and the old address is told.
  expect((await world.refresh(user.refreshToken)).code).toBeUndefined();
  expect((await world.refresh(elsewhere.refreshToken)).code).toBe('UNAUTHENTICATED');
  expect((await mails()).filter(({ to }) => to === user.email).map(({ subject }) => subject)).toEqual([
    'Another address was asked for',
    'The address of your account was changed',
  ]);
  expect((await confirm(token)).extensions).toMatchObject({ argument: 'input.token' });
  expect(await world.audit(user.id)).toContain('user_updated');
});

it('the answer is the same for an address that has an account; its owner alone is told, and loses nothing', async () => {
  const [user, other] = [await world.user(), await world.user()];
  const taken = await ask(user, other.email);
  const free = await ask(user, fresh());
  expect(taken).toEqual(free);
  const mail = (await mails()).find(({ to }) => to === other.email)!;
  expect(mail.subject).toBe('This address has an account');
  expect(mail.text).not.toContain('token=');
  expect((await world.login(other.email, PASSWORD)).code).toBeUndefined();
});

it('of two who want one address, the first to confirm has it; the other is told no more than a wrong token is', async () => {
  const [one, two] = [await world.user(), await world.user()];
  const email = fresh();
  await ask(one, email);
  const first = await tokenFor(email);
  await ask(two, email);
  const second = await tokenFor(email);
  const answers = await Promise.all([confirm(first), confirm(second), confirm(first)]);
  expect(answers.filter(({ code }) => code === undefined)).toHaveLength(1);
  const refused = answers.filter(({ code }) => code !== undefined);
  expect(new Set([...refused, await confirm('wrong')].map(({ message }) => message)).size).toBe(1);
});

it('a request ends with another one, with its session, and with a change of the password', async () => {
  const user = await world.user();
  const [email, other] = [fresh(), fresh()];
  await ask(user, email);
  const first = await tokenFor(email);
  await ask(user, other);
  expect((await confirm(first)).code).toBe('BAD_USER_INPUT');
  const second = await tokenFor(other);
  const CHANGE = 'mutation($input: ChangePasswordInput!) { changePassword(input: $input) { endedSessions } }';
  const newPassword = 'another horse battery staple';
  await world.ask(CHANGE, { input: { currentPassword: PASSWORD, newPassword } }, bearer(user.accessToken));
  expect((await confirm(second)).code).toBe('BAD_USER_INPUT');
  await ask(user, email, newPassword);
  const third = await tokenFor(email);
  await world.ask('mutation { logout { success } }', {}, bearer(user.accessToken));
  expect((await confirm(third)).code).toBe('BAD_USER_INPUT');
  expect((await world.login(user.email, newPassword)).code).toBeUndefined();
});

it('needs the password, a session and another address; links to the old address are good for nothing afterwards', async () => {
  const user = await world.user();
  expect((await ask(user, fresh(), 'wrong password here')).extensions).toMatchObject({ argument: 'input.password' });
  expect((await ask(user, user.email)).extensions).toMatchObject({ argument: 'input.email' });
  expect((await ask(user, 'no address')).extensions).toMatchObject({ argument: 'input.email' });
  const key = { kind: 'user', userId: user.id, roles: ['user'], scopes: ['account:write'], expiresAt: 9e9 } as const;
  expect((await world.ask(REQUEST, { input: { email: fresh(), password: PASSWORD } }, key)).code).toBe('FORBIDDEN');
  expect((await world.ask(REQUEST, { input: { email: fresh(), password: PASSWORD } })).code).toBe('UNAUTHENTICATED');
  const RESET = 'mutation($email: String!) { requestPasswordReset(input: { email: $email }) { message } }';
  await world.ask(RESET, { email: user.email });
  const reset = await tokenFor(user.email);
  const email = fresh();
  await ask(user, email);
  await confirm(await tokenFor(email));
  const SET = 'mutation($input: ResetPasswordInput!) { resetPassword(input: $input) { endedSessions } }';
  const answer = await world.ask(SET, { input: { token: reset, newPassword: 'another horse battery staple' } });
  expect(answer.extensions).toMatchObject({ argument: 'input.token' });
});
