import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { digestOf } from '../base/secrets/tokens.ts';
import { MemoryTopics } from '../realtime/topics/memory-topics.ts';
import { makeSecret } from './api-key-secret.ts';
import type { UserIdentity } from './identity.ts';
import { type Introspection, REVOCATION_TOPIC, type Revocation } from './revocations.ts';
import { TokenVerifier } from './token-verifier.ts';

type Pair = Awaited<ReturnType<typeof generateKeyPair>>;
let pair: Pair;
let other: Pair;
let jwks: { keys: object[] };
beforeAll(async () => {
  pair = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  other = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  jwks = { keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'EdDSA', use: 'sig' }] };
});

const verifiers: TokenVerifier[] = [];
afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(verifiers.splice(0).map((verifier) => verifier[Symbol.asyncDispose]()));
});

/** What auth answers on its routes, and how often it was asked. */
class Auth {
  revocations: Revocation[] = [];
  keys = new Map<string, Introspection>();
  asked: string[] = [];
  down = false;
  hanging = false;

  readonly fetch = async (request: Request): Promise<Response> => {
    const { pathname } = new URL(request.url);
    this.asked.push(pathname);
    if (this.down) throw new Error('connect ECONNREFUSED');
    if (this.hanging) return new Promise(() => {});
    if (pathname === '/.well-known/jwks.json') return Response.json(jwks);
    if (pathname === '/revocations') return Response.json({ now: Date.now(), revocations: this.revocations });
    const { hash } = (await request.json()) as { hash: string };
    return Response.json(this.keys.get(hash) ?? { active: false });
  };
  count = (path: string): number => this.asked.filter((one) => one === path).length;
}

/** Milliseconds: long for a busy machine, and short beside the minute after which revocations are asked for again. */
const LONG_MS = 15_000;

const topics = () => new MemoryTopics({ log: pino({ level: 'silent' }), metrics: new Registry() });

function verifierOf(auth: Auth, bus = topics(), pollMs = 60_000): TokenVerifier {
  const log = pino({ level: 'silent' });
  const verifier = new TokenVerifier({
    fetch: auth.fetch,
    topics: bus,
    log,
    issuer: 'sextant',
    audience: 'graph',
    appIssuer: 'http://localhost:4000',
    pollMs,
  });
  verifiers.push(verifier);
  return verifier;
}

const soon = () => Math.floor(Date.now() / 1000) + 600;
const claims = { sub: 'u1', sid: 's1', ver: 3, roles: ['user'], scope: 'chat:read chat:write' };

const sign = (
  header: Record<string, unknown> = {},
  payload: Record<string, unknown> = {},
  key: Parameters<SignJWT['sign']>[0] = pair.privateKey,
) =>
  new SignJWT({ ...claims, iss: 'sextant', aud: 'graph', iat: Math.floor(Date.now() / 1000), exp: soon(), ...payload })
    .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid: 'k1', ...header })
    .sign(key);

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const refused = { extensions: { code: 'UNAUTHENTICATED' } };
const away = { extensions: { code: 'SERVICE_UNAVAILABLE' } };
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('access tokens', () => {
  it('tell who asks', async () => {
    const identity = await verifierOf(new Auth()).authenticate(bearer(await sign()));
    expect(identity).toMatchObject({ kind: 'user', userId: 'u1', sessionId: 's1', roles: ['user'] });
    expect((identity as UserIdentity).scopes).toEqual(['chat:read', 'chat:write']);
  });

  it('have their signature checked once', async () => {
    const auth = new Auth();
    const verifier = verifierOf(auth);
    const token = await sign();
    const first = await verifier.authenticate(bearer(token));
    for (let index = 0; index < 100; index++) expect(await verifier.authenticate(bearer(token))).toBe(first);
    expect(auth.asked).toEqual(['/revocations', '/.well-known/jwks.json']);
  });

  it.each<[string, () => Promise<string> | string]>([
    [
      'another algorithm: HMAC with the public key as its secret',
      async () => {
        const secret = new TextEncoder().encode(JSON.stringify(await exportJWK(pair.publicKey)));
        return sign({ alg: 'HS256' }, {}, secret);
      },
    ],
    [
      'no algorithm',
      () =>
        `${part({ alg: 'none', typ: 'at+jwt', kid: 'k1' })}.${part({ ...claims, iss: 'sextant', aud: 'graph', exp: soon() })}.`,
    ],
    ['an unknown key id', () => sign({ kid: 'k2' }, {}, other.privateKey)],
    ['a key of the attacker under a known id', () => sign({}, {}, other.privateKey)],
    ['a key that it brings itself', async () => sign({ jwk: await exportJWK(other.publicKey) }, {}, other.privateKey)],
    ['the address of a key', () => sign({ jku: 'https://evil.example/jwks.json', kid: 'evil' }, {}, other.privateKey)],
    ['another audience', () => sign({}, { aud: 'somewhere-else' })],
    ['another issuer', () => sign({}, { iss: 'evil' })],
    ['no audience', () => sign({}, { aud: undefined })],
    ['its time behind it', () => sign({}, { exp: Math.floor(Date.now() / 1000) - 10 })],
    ['no end', () => sign({}, { exp: undefined })],
    ['its time before it', () => sign({}, { nbf: Math.floor(Date.now() / 1000) + 120 })],
    ['another type: an identity token', () => sign({ typ: 'JWT' })],
    ['no session', () => sign({}, { sid: undefined })],
    [
      'a changed payload',
      async () => {
        const [header, , signature] = (await sign()).split('.');
        return `${header}.${part({ ...claims, sub: 'root', iss: 'sextant', aud: 'graph', iat: 1, exp: soon() })}.${signature}`;
      },
    ],
    ['the form of a refresh token', () => `sxr_${'A'.repeat(70)}`],
    ['no form at all', () => 'garbage'],
  ])('are refused with %s', async (_what, make) => {
    await expect(verifierOf(new Auth()).authenticate(bearer(await make()))).rejects.toMatchObject(refused);
  });

  it.each(['Basic YTpi', 'Bearer', 'Bearer a b', `Bearer ${'a'.repeat(9_000)}`])(
    'are refused as %.12s',
    async (authorization) => {
      await expect(verifierOf(new Auth()).authenticate({ authorization })).rejects.toMatchObject(refused);
    },
  );

  it('are not needed: without credentials the caller is anonymous', async () => {
    const auth = new Auth();
    expect(await verifierOf(auth).authenticate({})).toEqual({ kind: 'anonymous' });
    expect(auth.asked).toEqual([]);
  });

  it('end when their time is over, also when they are remembered as good', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const verifier = verifierOf(new Auth());
    const token = await sign();
    await verifier.authenticate(bearer(token));
    vi.setSystemTime(Date.now() + 606_000);
    await expect(verifier.authenticate(bearer(token))).rejects.toMatchObject(refused);
  });
});

describe('revocations', () => {
  const session: Revocation = { kind: 'session', id: 's1', expiresAt: Date.now() + 600_000 };

  it('told by the topic hold at once', async () => {
    const bus = topics();
    const verifier = verifierOf(new Auth(), bus);
    const token = await sign();
    await verifier.authenticate(bearer(token));
    await bus.publish(REVOCATION_TOPIC, session);
    await expect(verifier.authenticate(bearer(token))).rejects.toMatchObject(refused);
  });

  it('hold after a restart of the gateway', async () => {
    const auth = new Auth();
    auth.revocations = [session];
    await expect(verifierOf(auth).authenticate(bearer(await sign()))).rejects.toMatchObject(refused);
  });

  it('hold also when the topic lost them, by what is asked for now and then', async () => {
    const auth = new Auth();
    const verifier = verifierOf(auth, topics(), 200);
    const token = await sign();
    await verifier.authenticate(bearer(token));
    auth.revocations = [session];
    await vi.waitFor(() => expect(verifier.authenticate(bearer(token))).rejects.toMatchObject(refused), LONG_MS);
  });

  it('of what a user may do spare tokens that were made after it', async () => {
    const auth = new Auth();
    auth.revocations = [{ kind: 'user', id: 'u1', version: 4, expiresAt: Date.now() + 600_000 }];
    const verifier = verifierOf(auth);
    await expect(verifier.authenticate(bearer(await sign()))).rejects.toMatchObject(refused);
    expect(await verifier.authenticate(bearer(await sign({}, { ver: 4 })))).toMatchObject({ userId: 'u1' });
  });

  it('of a signing key end all that it signed', async () => {
    const auth = new Auth();
    auth.revocations = [{ kind: 'signing_key', id: 'k1', expiresAt: Date.now() + 600_000 }];
    await expect(verifierOf(auth).authenticate(bearer(await sign()))).rejects.toMatchObject(refused);
  });

  it('reach the watchers of an identity, once, and none that stopped', async () => {
    const bus = topics();
    const verifier = verifierOf(new Auth(), bus);
    const identity = await verifier.authenticate(bearer(await sign()));
    const stranger = await verifier.authenticate(bearer(await sign({}, { sub: 'u2', sid: 's2' })));
    const [told, stopped, untouched] = [vi.fn(), vi.fn(), vi.fn()];
    verifier.watch(identity, told);
    verifier.watch(identity, stopped)();
    verifier.watch(stranger, untouched);
    await bus.publish(REVOCATION_TOPIC, session);
    await bus.publish(REVOCATION_TOPIC, { ...session, expiresAt: session.expiresAt + 1 });
    expect(told.mock.calls).toEqual([['revoked']]);
    expect(stopped).not.toHaveBeenCalled();
    expect(untouched).not.toHaveBeenCalled();
    const late = vi.fn();
    verifier.watch(identity, late);
    await vi.waitFor(() => expect(late).toHaveBeenCalledWith('revoked'), LONG_MS);
  });

  it('are not waited for when a token simply ends', async () => {
    const verifier = verifierOf(new Auth());
    const ended = vi.fn();
    verifier.watch(
      await verifier.authenticate(bearer(await sign({}, { exp: Math.floor(Date.now() / 1000) + 1 }))),
      ended,
    );
    await vi.waitFor(() => expect(ended).toHaveBeenCalledWith('expired'), LONG_MS);
  });
});

describe('when auth is away', () => {
  it('no token is believed, and the error says why; the next request tries again', async () => {
    const auth = new Auth();
    auth.down = true;
    const verifier = verifierOf(auth);
    const token = await sign();
    await expect(verifier.authenticate(bearer(token))).rejects.toMatchObject(away);
    auth.down = false;
    expect(await verifier.authenticate(bearer(token))).toMatchObject({ userId: 'u1' });
  });

  it('those who were known before are served on', async () => {
    const auth = new Auth();
    const verifier = verifierOf(auth);
    const token = await sign();
    await verifier.authenticate(bearer(token));
    auth.down = true;
    expect(await verifier.authenticate(bearer(token))).toMatchObject({ userId: 'u1' });
    expect(await verifier.authenticate(bearer(await sign({}, { sid: 's9' })))).toMatchObject({ sessionId: 's9' });
  });

  it('a call that hangs is given up', async () => {
    const auth = new Auth();
    auth.hanging = true;
    await expect(verifierOf(auth).authenticate(bearer(await sign()))).rejects.toMatchObject(away);
  });
});

describe('API keys', () => {
  const secret = makeSecret();
  const hash = digestOf(secret);
  const active = (more: object = {}): Introspection => ({
    active: true,
    id: 'key1',
    userId: 'u1',
    version: 0,
    roles: ['user'],
    scopes: ['chat:read'],
    expiresAt: soon(),
    ...more,
  });

  it('are looked up by their hash, once for many requests at once', async () => {
    const auth = new Auth();
    auth.keys.set(hash, active());
    const verifier = verifierOf(auth);
    const all = await Promise.all(Array.from({ length: 20 }, () => verifier.authenticate({ apiKey: secret })));
    expect(new Set(all).size).toBe(1);
    expect(all[0]).toMatchObject({ userId: 'u1', apiKeyId: 'key1', scopes: ['chat:read'] });
    expect(await verifier.authenticate(bearer(secret))).toBe(all[0]);
    expect(auth.count('/api-keys/introspect')).toBe(1);
  });

  it('are refused when unknown, of another form, or beside an access token', async () => {
    const verifier = verifierOf(new Auth());
    await expect(verifier.authenticate({ apiKey: secret })).rejects.toMatchObject(refused);
    await expect(verifier.authenticate({ apiKey: 'something' })).rejects.toMatchObject(refused);
    await expect(verifier.authenticate({ apiKey: secret, ...bearer(await sign()) })).rejects.toMatchObject(refused);
  });

  it('with a typing error are refused by their checksum, without asking anybody', async () => {
    const auth = new Auth();
    const verifier = verifierOf(auth);
    const wrong = secret.replace(/.$/, (last) => (last === 'a' ? 'b' : 'a'));
    for (const other of [wrong, secret.slice(0, -1), `${secret}a`, 'sxk_', `sxk_${'0'.repeat(38)}`]) {
      await expect(verifier.authenticate({ apiKey: other })).rejects.toMatchObject(refused);
    }
    expect(auth.count('/api-keys/introspect')).toBe(0);
  });

  it('end at once when revoked, and at the end of their grace when replaced', async () => {
    const auth = new Auth();
    auth.keys.set(hash, active());
    const bus = topics();
    const verifier = verifierOf(auth, bus);
    const ended = vi.fn();
    verifier.watch(await verifier.authenticate({ apiKey: secret }), ended);
    const from = Date.now() + 1_000;
    await bus.publish(REVOCATION_TOPIC, { kind: 'api_key', id: 'key1', from, expiresAt: from + 60_000 });
    expect(await verifier.authenticate({ apiKey: secret })).toMatchObject({ apiKeyId: 'key1' });
    await vi.waitFor(() => expect(ended).toHaveBeenCalledWith('revoked'), LONG_MS);
    await expect(verifier.authenticate({ apiKey: secret })).rejects.toMatchObject(refused);
    await bus.publish(REVOCATION_TOPIC, { kind: 'api_key', id: 'key1', expiresAt: from + 60_000 });
    await expect(verifier.authenticate({ apiKey: secret })).rejects.toMatchObject(refused);
  });

  it('are asked about again when their owner changed', async () => {
    const auth = new Auth();
    auth.keys.set(hash, active());
    const bus = topics();
    const verifier = verifierOf(auth, bus);
    await verifier.authenticate({ apiKey: secret });
    auth.keys.set(hash, active({ version: 1, scopes: [] }));
    await bus.publish(REVOCATION_TOPIC, { kind: 'user', id: 'u1', version: 1, expiresAt: Date.now() + 600_000 });
    expect(await verifier.authenticate({ apiKey: secret })).toMatchObject({ scopes: [] });
    auth.keys.delete(hash);
    await bus.publish(REVOCATION_TOPIC, { kind: 'user', id: 'u1', version: 2, expiresAt: Date.now() + 600_000 });
    await expect(verifier.authenticate({ apiKey: secret })).rejects.toMatchObject(refused);
  });
});
