import { SignJWT } from 'jose';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { secretsOf } from '../base/secrets/secrets.ts';
import { createAssertions } from './assertions.ts';
import { ANONYMOUS, type UserIdentity } from './identity.ts';

const secrets = secretsOf('the secret of this installation, long enough');
const user: UserIdentity = {
  kind: 'user',
  userId: 'u1',
  sessionId: 's1',
  roles: ['user'],
  scopes: ['chat:read'],
  expiresAt: 2_000_000_000,
};
const refused = { extensions: { code: 'UNAUTHENTICATED' } };

afterEach(() => {
  vi.useRealTimers();
});

describe('identity assertions between processes', () => {
  it('carry each kind of identity, whole', async () => {
    const [sender, receiver] = [createAssertions(secrets), createAssertions(secrets)];
    for (const identity of [user, ANONYMOUS, { kind: 'service', service: 'chat' } as const]) {
      expect(await receiver.verify(await sender.sign(identity, 'memory/routes'), 'memory/routes')).toEqual(identity);
    }
  });

  it('refuse a request without one', async () => {
    await expect(createAssertions(secrets).verify(undefined, 'chat/graphql')).rejects.toMatchObject(refused);
    await expect(createAssertions(secrets).verify('', 'chat/graphql')).rejects.toMatchObject(refused);
  });

  it('refuse one that is meant for another subgraph, however often it was seen', async () => {
    const assertions = createAssertions(secrets);
    const token = await assertions.sign(user, 'chat/graphql');
    await assertions.verify(token, 'chat/graphql');
    await expect(assertions.verify(token, 'memory/graphql')).rejects.toMatchObject(refused);
  });

  it('refuse one for plain routes where operations are answered, and the other way round', async () => {
    const assertions = createAssertions(secrets);
    for (const [given, wanted] of [
      ['chat/routes', 'chat/graphql'],
      ['chat/graphql', 'chat/routes'],
    ] as const) {
      await expect(assertions.verify(await assertions.sign(user, given), wanted)).rejects.toMatchObject(refused);
    }
  });

  it('refuse one signed with another secret, with no algorithm, or of another type', async () => {
    const assertions = createAssertions(secrets);
    const foreign = await createAssertions(secretsOf('x'.repeat(40))).sign(user, 'chat/graphql');
    await expect(assertions.verify(foreign, 'chat/graphql')).rejects.toMatchObject(refused);
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const claims = {
      id: user,
      iss: 'sextant',
      aud: 'chat/graphql',
      iat: Date.now() / 1000,
      exp: Date.now() / 1000 + 60,
    };
    const none = `${part({ alg: 'none', typ: 'sextant-identity+jwt' })}.${part(claims)}.`;
    await expect(assertions.verify(none, 'chat/graphql')).rejects.toMatchObject(refused);
    const other = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt' })
      .sign(secrets.derive('identity assertions'));
    await expect(assertions.verify(other, 'chat/graphql')).rejects.toMatchObject(refused);
  });

  it('refuse a stale one, also when it is remembered as good', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const assertions = createAssertions(secrets);
    const token = await assertions.sign(user, 'chat/graphql');
    await assertions.verify(token, 'chat/graphql');
    vi.setSystemTime(Date.now() + 95_000);
    await expect(assertions.verify(token, 'chat/graphql')).rejects.toMatchObject(refused);
  });

  it('say that the clocks of two machines differ, and by how much', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_800_000_000_000 });
    const [sender, receiver] = [createAssertions(secrets), createAssertions(secrets)];
    const token = await sender.sign(user, 'chat/graphql');
    vi.setSystemTime(1_800_000_600_000);
    await expect(receiver.verify(token, 'chat/graphql')).rejects.toThrow(/is 600 s behind the clock here/);
    vi.setSystemTime(1_799_999_400_000);
    await expect(receiver.verify(token, 'chat/graphql')).rejects.toThrow(/is 600 s ahead of the clock here/);
  });

  it('sign once while fresh and again after', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const assertions = createAssertions(secrets);
    const first = await assertions.sign(user, 'chat/graphql');
    expect(await assertions.sign(user, 'chat/graphql')).toBe(first);
    expect(await assertions.sign(user, 'memory/graphql')).not.toBe(first);
    vi.setSystemTime(Date.now() + 25_000);
    expect(await assertions.sign(user, 'chat/graphql')).not.toBe(first);
  });
});
