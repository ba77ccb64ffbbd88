import { expect, test } from 'vitest';
import { ANONYMOUS, type Identity } from '#platform/identity/identity.ts';
import type { RateLimiter, RateRule } from '#platform/limits/rate-limiter.ts';
import { createOperationRate } from './rate.ts';

/** Counts like the real one, and how often it was asked. */
function counter() {
  const spent = new Map<string, number>();
  let questions = 0;
  const verdict = (key: string, rule: RateRule, points: number) => {
    const total = (spent.get(key) ?? 0) + points;
    spent.set(key, total);
    const allowed = total <= rule.limit;
    return {
      allowed,
      remaining: Math.max(0, rule.limit - total),
      retryAfter: allowed ? 0 : 30,
      resetsAt: new Date(Date.now() + 30_000),
    };
  };
  const limiter: RateLimiter = {
    async consume(key, rule, points = 1) {
      questions++;
      return verdict(key, rule, points);
    },
    peek: async (key, rule) => verdict(key, rule, 0),
    async refund(key, _, points) {
      spent.set(key, (spent.get(key) ?? 0) - points);
    },
    async reset(key) {
      spent.delete(key);
    },
  };
  return { limiter, asked: () => questions };
}

const user = (userId: string, apiKeyId?: string): Identity => ({
  kind: 'user',
  userId,
  ...(apiKeyId && { apiKeyId }),
  roles: [],
  scopes: [],
  expiresAt: 4e9,
});

const spend = async (
  rate: ReturnType<typeof createOperationRate>,
  identity: Identity,
  times: number,
  ipAddress = '10.0.0.1',
) => {
  let allowed = 0;
  let last: unknown;
  for (let i = 0; i < times; i++) {
    last = await rate.spend(identity, { ipAddress });
    if (last === undefined) allowed++;
  }
  return { allowed, last };
};

test('an identity has exactly its operations a minute, and the shared counter is asked once for ten', async () => {
  const { limiter, asked } = counter();
  const rate = createOperationRate(limiter, { RATE_LIMIT_IDENTITY: 105, RATE_LIMIT_ADDRESS: 5 });
  const { allowed, last } = await spend(rate, user('a'), 500);
  expect(allowed).toBe(105);
  expect(last).toMatchObject({ extensions: { code: 'RATE_LIMITED', retryAfter: 30 } });
  expect(asked()).toBeLessThan(25);
});

test('users, API keys and addresses are counted apart', async () => {
  const { limiter } = counter();
  const rate = createOperationRate(limiter, { RATE_LIMIT_IDENTITY: 10, RATE_LIMIT_ADDRESS: 5 });
  expect((await spend(rate, user('a'), 50)).allowed).toBe(10);
  expect((await spend(rate, user('a', 'key'), 50)).allowed).toBe(10);
  expect((await spend(rate, user('b'), 50)).allowed).toBe(10);
  expect((await spend(rate, ANONYMOUS, 50)).allowed).toBe(5);
  expect((await spend(rate, ANONYMOUS, 50, '10.0.0.2')).allowed).toBe(5);
});

test('zero sets no limit, and services have none', async () => {
  const { limiter, asked } = counter();
  const rate = createOperationRate(limiter, { RATE_LIMIT_IDENTITY: 0, RATE_LIMIT_ADDRESS: 1 });
  expect((await spend(rate, user('a'), 50)).allowed).toBe(50);
  expect((await spend(rate, { kind: 'service', service: 'gateway' }, 50)).allowed).toBe(50);
  expect(asked()).toBe(0);
});
