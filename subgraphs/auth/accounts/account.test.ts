import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { handedOver } from '#platform/data/testing/background-work.ts';
import { AuthWorld, bearer, PASSWORD } from '../testing/auth-world.ts';

let world: AuthWorld;
beforeAll(async () => {
  world = await AuthWorld.open();
});
afterAll(() => world[Symbol.asyncDispose]());

const DELETE = 'mutation($password: String!) { deleteAccount(input: { password: $password }) { deletedId } }';
const PROFILE =
  'mutation($input: UpdateProfileInput!) { updateProfile(input: $input) { user { displayName avatarUrl } } }';

describe('deleting an account', () => {
  it('ends everything of it at once and tells the other subgraphs, in one transaction', async () => {
    const user = await world.user();
    const CREATE = 'mutation { createApiKey(input: { name: "k", scopes: [CHAT_READ] }) { secret } }';
    const made = await world.ask<{ createApiKey: { secret: string } }>(CREATE, {}, bearer(user.accessToken));
    const secret = made.data!.createApiKey.secret;
    await world.verifier.authenticate({ apiKey: secret });
    const answer = await world.ask<{ deleteAccount: object }>(DELETE, { password: PASSWORD }, bearer(user.accessToken));
    expect(answer.data?.deleteAccount).toEqual({ deletedId: user.id });
    for (const credentials of [bearer(user.accessToken), { apiKey: secret }]) {
      for (const verifier of [world.verifier, world.newVerifier()]) {
        await expect(verifier.authenticate(credentials)).rejects.toMatchObject({
          extensions: { code: 'UNAUTHENTICATED' },
        });
      }
    }
    expect((await world.refresh(user.refreshToken)).code).toBe('UNAUTHENTICATED');
    expect((await world.login(user.email, PASSWORD)).code).toBe('UNAUTHENTICATED');
    const facts = await world.parts.db.outboxEvent.findMany({
      where: { aggregate: `user:${user.id}` },
      orderBy: { position: 'asc' },
    });
    expect(facts.map(({ type }) => type)).toEqual(['user.registered', 'user.deleted']);
    expect(await world.parts.db.session.count({ where: { userId: user.id } })).toBe(0);
    expect(await world.audit(user.id)).toContain('user_deleted');
  });

  it('reaches those who listen for it', async () => {
    const user = await world.user();
    const heard: string[] = [];
    await using _listener = await world.platform.events.join({
      name: 'listener',
      types: ['user.deleted'],
      async deliver(batch) {
        for (const { event } of batch)
          heard.push(`${event.owner} ${event.type} ${(event.payload as { userId: string }).userId}`);
        return [];
      },
    });
    await world.ask(DELETE, { password: PASSWORD }, bearer(user.accessToken));
    await handedOver(world.parts.db);
    expect(heard).toContain(`auth user.deleted ${user.id}`);
  });

  it('needs the password: a stolen session is not enough', async () => {
    const user = await world.user();
    const answer = await world.ask(DELETE, { password: 'a guess' }, bearer(user.accessToken));
    expect(answer.extensions).toMatchObject({ code: 'BAD_USER_INPUT', argument: 'input.password' });
    expect((await world.ask(DELETE, { password: PASSWORD })).code).toBe('UNAUTHENTICATED');
    expect(await world.parts.db.user.count({ where: { id: user.id } })).toBe(1);
  });

  it('frees the address for a new user, who is another user', async () => {
    const user = await world.user('phoenix');
    await world.ask(DELETE, { password: PASSWORD }, bearer(user.accessToken));
    const again = await world.user('phoenix');
    expect(again.id).not.toBe(user.id);
  });
});

describe('the profile', () => {
  it('changes what is given and leaves what is not', async () => {
    const user = await world.user();
    const change = (input: object) =>
      world.ask<{ updateProfile: { user: object } }>(PROFILE, { input }, bearer(user.accessToken));
    await change({ avatarUrl: 'https://pictures.example/a.png' });
    const { data } = await change({ displayName: '  Ada\n Lovelace ' });
    expect(data?.updateProfile.user).toEqual({
      displayName: 'Ada Lovelace',
      avatarUrl: 'https://pictures.example/a.png',
    });
    expect((await change({ avatarUrl: null })).data?.updateProfile.user).toMatchObject({ avatarUrl: null });
  });

  it.each([
    'javascript:alert(1)',
    'data:text/html,x',
    'https://user:pass@example.org/a.png',
    `https://x.example/${'a'.repeat(2_000)}`,
  ])('takes no picture at %.30s', async (avatarUrl) => {
    const user = await world.user();
    const answer = await world.ask(PROFILE, { input: { avatarUrl } }, bearer(user.accessToken));
    expect(answer.code).toBe('BAD_USER_INPUT');
  });
});
