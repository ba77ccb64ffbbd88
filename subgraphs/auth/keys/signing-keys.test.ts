import { decodeProtectedHeader } from 'jose';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { secretsOf } from '#platform/base/secrets/secrets.ts';
import { ANONYMOUS } from '#platform/identity/identity.ts';
import { AuthWorld, bearer, ME } from '../testing/auth-world.ts';
import { ANNOUNCED_FOR_MS, NOTICE_MS, SIGNS_FOR_MS, SigningKeys } from './signing-keys.ts';

let world: AuthWorld;
beforeAll(async () => {
  world = await AuthWorld.open();
});
afterAll(() => world[Symbol.asyncDispose]());

const kidOf = (token: string) => decodeProtectedHeader(token).kid;
const jwks = async () => {
  const answer = await world.subgraph.fetch(new Request('http://auth/.well-known/jwks.json'), { kind: 'anonymous' });
  return ((await answer.json()) as { keys: Record<string, string>[] }).keys;
};
/** Another process on the same database. */
const replica = (secret?: string, previous?: string) => {
  const { db, changes, config } = world.parts;
  const secrets =
    secret === undefined ? world.platform.of('auth', new AsyncDisposableStack()).secrets : secretsOf(secret, previous);
  return new SigningKeys(db, changes, secrets, config, pino({ level: 'silent' }));
};
const shift = async (ms: number) => {
  for (const key of await world.parts.db.signingKey.findMany()) {
    const activeFrom = new Date(key.activeFrom.getTime() - ms);
    await world.parts.db.signingKey.update({ where: { id: key.id }, data: { activeFrom } });
  }
  world.parts.signingKeys.forget();
};

describe('signing keys', () => {
  it('sign although the first of them is of a time to come: a clock was ahead, and is right again', async () => {
    const { signingKey } = world.parts.db;
    await shift(-600_000);
    const { keyId } = await replica().signer();
    expect(keyId).toBe((await signingKey.findMany({ orderBy: { activeFrom: 'asc' } }))[0]!.id);
    await shift(600_000);
  });

  it('are published without their private half', async () => {
    const user = await world.user();
    const keys = await jwks();
    expect(keys.map(({ kid }) => kid)).toContain(kidOf(user.accessToken));
    for (const key of keys) {
      expect(key).toMatchObject({ kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA', use: 'sig' });
      expect(key).not.toHaveProperty('d');
    }
  });

  it('are one for all replicas, however many start at once', async () => {
    await world.parts.db.signingKey.deleteMany();
    const signers = await Promise.all([replica(), replica(), replica()].map((keys) => keys.signer()));
    expect(new Set(signers.map(({ keyId }) => keyId)).size).toBe(1);
    world.parts.signingKeys.forget();
    expect((await world.parts.signingKeys.signer()).keyId).toBe(signers[0]!.keyId);
  });

  it('are sealed: a copy of the database signs nothing, and another secret makes a new key instead of failing', async () => {
    const row = await world.parts.db.signingKey.findFirstOrThrow();
    expect(JSON.stringify(row)).not.toContain('"d"');
    const stranger = await replica('another secret, which is long enough for all').signer();
    expect(stranger.keyId).not.toBe(row.id);
    await world.parts.db.signingKey.delete({ where: { id: stranger.keyId } });
  });

  it('are announced a day before they sign, and tokens of the old one stay good', async () => {
    const user = await world.user();
    const old = kidOf(user.accessToken);
    await shift(SIGNS_FOR_MS - ANNOUNCED_FOR_MS + 60_000);
    expect((await world.parts.signingKeys.signer()).keyId).toBe(old);
    expect(await jwks()).toHaveLength(2);
    await shift(ANNOUNCED_FOR_MS);
    const fresh = await world.signIn(user.email);
    expect(kidOf(fresh.accessToken)).not.toBe(old);
    expect((await jwks()).map(({ kid }) => kid)).toContain(old);
    for (const token of [user.accessToken, fresh.accessToken]) {
      expect(await world.newVerifier().authenticate(bearer(token))).toMatchObject({ userId: user.id });
    }
  });

  it('that an administrator asks for are announced to every replica before one of them signs with them', async () => {
    const other = replica();
    const before = await other.signer();
    const { id, activeFrom } = await world.parts.signingKeys.rotate({ identity: ANONYMOUS }, false);
    expect(activeFrom.getTime() - Date.now()).toBeGreaterThan(NOTICE_MS - 60_000);
    expect((await world.parts.signingKeys.signer()).keyId).toBe(before.keyId);
    expect((await jwks()).map(({ kid }) => kid)).toContain(id);
    await shift(NOTICE_MS);
    for (const keys of [world.parts.signingKeys, replica()]) expect((await keys.signer()).keyId).toBe(id);
  });

  it('are sealed again with a new secret while the one before is accepted, which may go then', async () => {
    const [first, second] = ['the first secret, which is long enough', 'the second secret, which is long enough'];
    const made = await replica(first).signer();
    expect((await replica(second, first).signer()).keyId).toBe(made.keyId);
    expect((await replica(second).signer()).keyId).toBe(made.keyId);
    await world.parts.db.signingKey.delete({ where: { id: made.keyId } });
  });

  it('that leaked are replaced at once by an administrator, and all that they signed ends', async () => {
    const [admin, user] = [await world.admin(), await world.user()];
    // A verifier asks for keys it does not know every two seconds at most, and this one may have asked just now.
    const known = (token: string) =>
      world.ask(ME, {}, bearer(token)).then(
        ({ code }) => code ?? 'known',
        () => 'unknown',
      );
    for (const { accessToken } of [admin, user]) await expect.poll(() => known(accessToken)).toBe('known');
    const ROTATE = 'mutation($revokeOld: Boolean) { rotateSigningKey(input: { revokeOld: $revokeOld }) { keyId } }';
    expect((await world.ask(ROTATE, { revokeOld: true }, bearer(user.accessToken))).code).toBe('FORBIDDEN');
    const answer = await world.ask<{ rotateSigningKey: { keyId: string } }>(
      ROTATE,
      { revokeOld: true },
      bearer(admin.accessToken),
    );
    await expect(world.ask(ME, {}, bearer(user.accessToken))).rejects.toMatchObject({
      extensions: { code: 'UNAUTHENTICATED' },
    });
    expect((await jwks()).map(({ kid }) => kid)).toEqual([answer.data?.rotateSigningKey.keyId]);
    const refreshed = await world.refresh(user.refreshToken);
    const token = refreshed.data!.refresh.tokens.accessToken;
    expect(kidOf(token)).toBe(answer.data?.rotateSigningKey.keyId);
    await expect.poll(() => known(token)).toBe('known');
  });

  it('replaced by another process are noticed before they sign again', async () => {
    const other = replica();
    await other.signer();
    await world.parts.signingKeys.signer();
    const { id } = await other.rotate({ identity: ANONYMOUS }, true);
    expect((await world.parts.signingKeys.signer()).keyId).toBe(id);
  });
});
