import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ANONYMOUS, type Identity } from '#platform/identity/identity.ts';
import { CountingRateLimiter } from '#platform/identity/limits/counting-rate-limiter.ts';
import type { RateLimiter } from '#platform/identity/limits/rate-limiter.ts';
import { connectTestRedis, REDIS_SUITE, REDIS_TEST_URL, testPrefix } from '#platform/realtime/redis/testing/redis.ts';
import { createOperationRate, type OperationRate } from './rate.ts';

/** Opens the counters of several gateways, which share what they count. */
type Open = (gateways: number, lifecycle: AsyncDisposableStack) => Promise<RateLimiter[]>;

const inMemory: Open = async (gateways) => {
  const limiter = new CountingRateLimiter({ metrics: new Registry() });
  return Array.from({ length: gateways }, () => limiter);
};
const inRedis: Open = (gateways, lifecycle) => {
  const prefix = testPrefix(lifecycle);
  return Promise.all(
    Array.from({ length: gateways }, async () => {
      const redis = await connectTestRedis(lifecycle, prefix);
      return new CountingRateLimiter({ redis, metrics: new Registry() });
    }),
  );
};

const user = (userId: string, apiKeyId?: string): Identity => ({
  kind: 'user',
  userId,
  ...(apiKeyId && { apiKeyId }),
  roles: [],
  scopes: [],
  expiresAt: 4e9,
});
const HERE = { ipAddress: '10.0.0.1' };

const sequentially = async (rates: readonly OperationRate[], times: number, identity: Identity, client = HERE) => {
  let allowed = 0;
  let last: unknown;
  for (let index = 0; index < times; index++) {
    last = await rates[index % rates.length]!.spend(identity, client);
    if (last === undefined) allowed++;
  }
  return { allowed, last };
};
const atOnce = async (rates: readonly OperationRate[], times: number, identity: Identity, client = HERE) => {
  const asked = Array.from({ length: times }, (_, index) => rates[index % rates.length]!.spend(identity, client));
  const refusals = await Promise.all(asked);
  return { allowed: refusals.filter((refusal) => refusal === undefined).length, last: refusals.at(-1) };
};

function promises(open: Open): void {
  const lifecycle = new AsyncDisposableStack();
  let shared: RateLimiter[];
  beforeAll(async () => {
    shared = await open(3, lifecycle);
  });
  afterAll(() => lifecycle.disposeAsync());

  /**
   * Each test has users and addresses of its own; limits are named for what they count, so each has its counters too.
   */
  const gateways = async (count: number, limits: { identity: number; address: number }) => {
    const own = await open(count, lifecycle);
    const config = { RATE_LIMIT_IDENTITY: limits.identity, RATE_LIMIT_ADDRESS: limits.address };
    return { limiters: own, rates: own.map((limiter) => createOperationRate(limiter, config)) };
  };

  it.each([1, 5, 20, 105, 997])('gives exactly %i operations of ten thousand, one after the other', async (limit) => {
    const { rates } = await gateways(1, { identity: limit, address: limit });
    const signedIn = await sequentially(rates, 10_000, user('a'));
    expect(signedIn.allowed).toBe(limit);
    expect(signedIn.last).toMatchObject({ extensions: { code: 'RATE_LIMITED' } });
    const retryAfter = (signedIn.last as { extensions: { retryAfter: number } }).extensions.retryAfter;
    expect(retryAfter).toSatisfy((seconds: number) => seconds >= 1 && seconds <= 60);
    expect((await sequentially(rates, 10_000, ANONYMOUS)).allowed).toBe(limit);
  });

  it.each([1, 20, 105, 997])('gives exactly %i operations of thousands at once', async (limit) => {
    const { rates } = await gateways(1, { identity: limit, address: limit });
    expect((await atOnce(rates, 3_000, user('a'))).allowed).toBe(limit);
    expect((await atOnce(rates, 3_000, ANONYMOUS)).allowed).toBe(limit);
    expect((await sequentially(rates, 100, user('a'))).allowed).toBe(0);
  });

  it('never gives more than the limit through several gateways, and hardly fewer', async () => {
    for (const run of [sequentially, atOnce]) {
      for (const limit of [20, 300]) {
        const { rates } = await gateways(3, { identity: limit, address: 1 });
        const { allowed } = await run(rates, 3_000, user(`${run.name}`));
        expect(allowed).toBeLessThanOrEqual(limit);
        expect(allowed).toBeGreaterThanOrEqual(limit - 3);
      }
    }
  });

  it('gives what one gateway has refused to no other', async () => {
    const { rates } = await gateways(2, { identity: 20, address: 20 });
    expect((await sequentially(rates.slice(0, 1), 500, user('a'))).allowed).toBe(20);
    expect((await sequentially(rates.slice(1), 500, user('a'))).allowed).toBe(0);
  });

  it('counts a user once, whatever API keys it uses, and each user and each network apart', async () => {
    const { rates } = await gateways(1, { identity: 10, address: 5 });
    expect((await sequentially(rates, 4, user('a'))).allowed).toBe(4);
    expect((await sequentially(rates, 50, user('a', 'one'))).allowed).toBe(6);
    expect((await sequentially(rates, 50, user('a', 'two'))).allowed).toBe(0);
    expect((await sequentially(rates, 50, user('b'))).allowed).toBe(10);
    expect((await sequentially(rates, 50, ANONYMOUS)).allowed).toBe(5);
    expect((await sequentially(rates, 50, ANONYMOUS, { ipAddress: '10.0.0.2' })).allowed).toBe(5);
    expect((await sequentially(rates, 50, ANONYMOUS, { ipAddress: '2001:db8:0:1::1' })).allowed).toBe(5);
    expect((await sequentially(rates, 50, ANONYMOUS, { ipAddress: '2001:db8:0:1:f::2' })).allowed).toBe(0);
    expect((await sequentially(rates, 50, ANONYMOUS, { ipAddress: '2001:db8:0:2::1' })).allowed).toBe(5);
  });

  it('asks the shared counter once for ten operations', async () => {
    const { limiters, rates } = await gateways(1, { identity: 1_000, address: 1 });
    const asked = vi.spyOn(limiters[0]!, 'consume');
    await sequentially(rates, 900, user('a'));
    expect(asked.mock.calls.length).toBeLessThanOrEqual(90);
    await sequentially(rates, 10_000, user('a'));
    const questions = asked.mock.calls.length;
    expect(questions).toBeLessThan(150);
    // Who is refused is refused here until the window ends.
    await sequentially(rates, 1_000, user('a'));
    expect(asked.mock.calls.length).toBe(questions);
  });

  it('sets no limit with zero, and services have none', async () => {
    const limiter = shared[0]!;
    const asked = vi.spyOn(limiter, 'consume');
    const rate = createOperationRate(limiter, { RATE_LIMIT_IDENTITY: 0, RATE_LIMIT_ADDRESS: 1 });
    expect((await sequentially([rate], 50, user('a'))).allowed).toBe(50);
    expect((await sequentially([rate], 50, { kind: 'service', service: 'gateway' })).allowed).toBe(50);
    expect(asked).not.toHaveBeenCalled();
  });
}

describe('the rate of operations, counted in memory', () => promises(inMemory));
describe.skipIf(!REDIS_TEST_URL)(`the rate of operations, counted in ${REDIS_SUITE}`, () => promises(inRedis));

describe('at the end of a window', () => {
  it('what was taken and not used is lost, and the next begins with all of its operations', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      const limiter = new CountingRateLimiter({ metrics: new Registry() });
      const rate = createOperationRate(limiter, { RATE_LIMIT_IDENTITY: 100, RATE_LIMIT_ADDRESS: 100 });
      const other = createOperationRate(limiter, { RATE_LIMIT_IDENTITY: 100, RATE_LIMIT_ADDRESS: 100 });
      for (let window = 0; window < 3; window++) {
        // One operation of a portion is used, the rest of it is not.
        expect((await sequentially([other], 1, user('a'))).allowed).toBe(1);
        vi.advanceTimersByTime(30_000);
        expect((await sequentially([rate], 500, user('a'))).allowed).toBe(90);
        vi.advanceTimersByTime(29_999);
        expect((await sequentially([rate], 500, user('a'))).allowed).toBe(0);
        vi.advanceTimersByTime(1);
      }
      expect((await sequentially([rate], 500, user('a'))).allowed).toBe(100);
    } finally {
      vi.useRealTimers();
    }
  });
});
