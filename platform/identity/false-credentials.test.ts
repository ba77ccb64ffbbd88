import { randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../base/secrets/tokens.ts';
import { connectTestRedis, REDIS_SUITE, REDIS_TEST_URL, testPrefix } from '../realtime/redis/testing/redis.ts';
import { MemoryTopics } from '../realtime/topics/memory-topics.ts';
import { makeSecret } from './api-key-secret.ts';
import type { Credentials } from './authenticator.ts';
import { CountingRateLimiter } from './limits/counting-rate-limiter.ts';
import type { RateLimiter } from './limits/rate-limiter.ts';
import { TokenVerifier } from './token-verifier.ts';

const LIMIT = 5;
const silent = pino({ level: 'silent' });
const THERE = { ipAddress: '203.0.113.66' };
const soon = () => Math.floor(Date.now() / 1000) + 600;
const bearer = (token: string): Credentials => ({ authorization: `Bearer ${token}` });

type Pair = Awaited<ReturnType<typeof generateKeyPair>>;
let [ours, theirs]: Pair[] = [];
beforeAll(async () => {
  ours = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  theirs = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
});

const sign = (pair: Pair, exp = soon()) =>
  new SignJWT({ sub: 'u1', sid: 's1', ver: 0, roles: ['user'], scope: 'chat:read', jti: randomUUID() })
    .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid: 'k1' })
    .setIssuer('sextant')
    .setAudience('graph')
    .setIssuedAt(exp - 600)
    .setExpirationTime(exp)
    .sign(pair.privateKey);

/** A gateway's verifier, what auth knows, and how many keys auth was asked about. */
function gateway(limiter: RateLimiter) {
  const auth = { keys: new Set<string>(), lookUps: 0, down: false };
  const verifier = new TokenVerifier({
    async fetch(request) {
      const { pathname } = new URL(request.url);
      if (auth.down) throw new Error('connect ECONNREFUSED');
      if (pathname === '/revocations') return Response.json({ now: Date.now(), revocations: [] });
      if (pathname !== '/api-keys/introspect')
        return Response.json({ keys: [{ ...(await exportJWK(ours!.publicKey)), kid: 'k1', alg: 'EdDSA' }] });
      auth.lookUps++;
      const { hash } = (await request.json()) as { hash: string };
      if (!auth.keys.has(hash)) return Response.json({ active: false });
      const key = { id: hash, userId: 'u1', version: 0, roles: [], scopes: [], expiresAt: soon() };
      return Response.json({ active: true, ...key });
    },
    topics: new MemoryTopics({ log: silent, metrics: new Registry() }),
    log: silent,
    issuer: 'sextant',
    audience: 'graph',
    appIssuer: 'http://localhost:4000',
    pollMs: 60_000,
    falseCredentials: { limiter, perMinute: LIMIT },
  });
  return { auth, verifier };
}

const outcome = (verifier: TokenVerifier, credentials: Credentials, client = THERE): Promise<string> =>
  verifier.authenticate(credentials, client).then(
    ({ kind }) => kind,
    (error: { code: string }) => error.code,
  );
const outcomes = async (verifier: TokenVerifier, count: number, make: () => Promise<Credentials> | Credentials) => {
  const tally: Record<string, number> = {};
  for (let index = 0; index < count; index++) {
    const code = await outcome(verifier, await make());
    tally[code] = (tally[code] ?? 0) + 1;
  }
  return tally;
};
const ONE_KEY = makeSecret();
const unknownKey = (): Credentials => ({ apiKey: makeSecret() });
const FULL = { UNAUTHENTICATED: LIMIT, RATE_LIMITED: 50 - LIMIT };

function promises(open: (lifecycle: AsyncDisposableStack) => Promise<[RateLimiter, RateLimiter]>): void {
  const lifecycle = new AsyncDisposableStack();
  afterAll(() => lifecycle.disposeAsync());
  const gateways = async () => {
    const [here, there] = (await open(lifecycle)).map(gateway);
    for (const { verifier } of [here!, there!]) lifecycle.use(verifier);
    return { here: here!, there: there! };
  };

  it.each<[string, () => Promise<Credentials> | Credentials]>([
    ['unknown API keys', unknownKey],
    ['one unknown API key', () => ({ apiKey: ONE_KEY })],
    ['API keys with a wrong checksum', () => ({ apiKey: `sxk_${'0'.repeat(38)}` })],
    ['forged access tokens', async () => bearer(await sign(theirs!))],
    ['what is not a token', () => bearer('garbage')],
    ['another scheme', () => ({ authorization: 'Basic YTpi' })],
    ['two credentials at once', () => ({ ...unknownKey(), ...bearer('x') })],
  ])('%s are RATE_LIMITED beyond the limit, in every gateway', async (_what, make) => {
    const { here, there } = await gateways();
    expect(await outcomes(here.verifier, 50, make)).toEqual(FULL);
    expect(await outcomes(there.verifier, 10, make)).toEqual({ RATE_LIMITED: 10 });
    expect(here.auth.lookUps + there.auth.lookUps).toBeLessThanOrEqual(LIMIT);
    expect(await outcome(here.verifier, await make(), { ipAddress: '203.0.113.67' })).toBe('UNAUTHENTICATED');
  });

  it('many unknown API keys at once cost no more look-ups than one after the other', async () => {
    const { here } = await gateways();
    const codes = await Promise.all(Array.from({ length: 200 }, () => outcome(here.verifier, unknownKey())));
    expect(codes.filter((code) => code === 'UNAUTHENTICATED')).toHaveLength(LIMIT);
    expect(codes.filter((code) => code === 'RATE_LIMITED')).toHaveLength(200 - LIMIT);
    expect(here.auth.lookUps).toBe(LIMIT);
  });

  it('addresses of one IPv6 network count together', async () => {
    const { here } = await gateways();
    const codes = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        outcome(here.verifier, bearer('garbage'), { ipAddress: `2001:db8::${index}` }),
      ),
    );
    expect(codes.filter((code) => code === 'UNAUTHENTICATED')).toHaveLength(LIMIT);
  });

  it('good credentials never count, and are good on a network that is refused', async () => {
    const { here } = await gateways();
    const secrets = Array.from({ length: 20 }, () => makeSecret());
    for (const secret of secrets) here.auth.keys.add(digestOf(secret));
    for (const apiKey of secrets) expect(await outcome(here.verifier, { apiKey })).toBe('user');
    await outcomes(here.verifier, 50, () => bearer('garbage'));
    expect(await outcomes(here.verifier, 10, async () => bearer(await sign(ours!)))).toEqual({ user: 10 });
    for (const apiKey of secrets) expect(await outcome(here.verifier, { apiKey })).toBe('user');
    expect(await outcome(here.verifier, unknownKey())).toBe('RATE_LIMITED');
  });

  it('a token that has expired is not a false one: its client is told to refresh, however often it asks', async () => {
    const { here } = await gateways();
    const tally = await outcomes(here.verifier, 30, async () => bearer(await sign(ours!, soon() - 1_200)));
    expect(tally).toEqual({ UNAUTHENTICATED: 30 });
    expect(await outcome(here.verifier, unknownKey())).toBe('UNAUTHENTICATED');
  });

  it('what cannot be found out does not count', async () => {
    const { here } = await gateways();
    expect(await outcome(here.verifier, unknownKey())).toBe('UNAUTHENTICATED');
    here.auth.down = true;
    expect(await outcomes(here.verifier, 20, unknownKey)).toEqual({ SERVICE_UNAVAILABLE: 20 });
    here.auth.down = false;
    expect(await outcomes(here.verifier, 20, unknownKey)).toEqual({
      UNAUTHENTICATED: LIMIT - 1,
      RATE_LIMITED: 20 - LIMIT + 1,
    });
  });
}

describe('false credentials, counted in memory', () =>
  promises(async () => {
    const limiter = new CountingRateLimiter({ metrics: new Registry() });
    return [limiter, limiter];
  }));

describe.skipIf(!REDIS_TEST_URL)(`false credentials, counted in ${REDIS_SUITE}`, () =>
  promises(async (lifecycle) => {
    const prefix = testPrefix(lifecycle);
    const replica = async () =>
      new CountingRateLimiter({ redis: await connectTestRedis(lifecycle, prefix), metrics: new Registry() });
    return [await replica(), await replica()];
  }),
);
