import { setTimeout as sleep } from 'node:timers/promises';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import {
  AWAY_MS,
  connectTestRedis,
  faultProxy,
  REDIS_SUITE,
  REDIS_TEST_URL,
  testPrefix,
} from '../../realtime/redis/testing/redis.ts';
import { CountingRateLimiter } from './counting-rate-limiter.ts';
import { rateLimiterContract } from './rate-limiter.contract.ts';

describe('rate limiter: memory', () => {
  rateLimiterContract(async () => {
    const limiter = new CountingRateLimiter({ metrics: new Registry() });
    return { here: limiter, there: limiter };
  });
});

describe.skipIf(!REDIS_TEST_URL)(`rate limiter: ${REDIS_SUITE}`, () => {
  rateLimiterContract(async (lifecycle) => {
    const prefix = testPrefix(lifecycle);
    const replica = async () =>
      new CountingRateLimiter({ redis: await connectTestRedis(lifecycle, prefix), metrics: new Registry() });
    return { here: await replica(), there: await replica() };
  });

  it.each(['cut', 'freeze'] as const)('goes on limiting in memory when Redis fails (%s)', async (fault) => {
    await using lifecycle = new AsyncDisposableStack();
    const prefix = testPrefix(lifecycle);
    const proxy = await faultProxy(lifecycle);
    const metrics = new Registry();
    const limiter = new CountingRateLimiter({ redis: await connectTestRedis(lifecycle, prefix, proxy.url), metrics });
    const rule = { name: 'login', limit: 3, windowS: 60 };
    await limiter.consume('user', rule);
    proxy[fault]();
    await sleep(50);
    const asked = performance.now();
    const verdicts = await Promise.all(Array.from({ length: 5 }, () => limiter.consume('user', rule)));
    expect(performance.now() - asked).toBeLessThan(AWAY_MS);
    expect(verdicts.filter((verdict) => verdict.allowed)).toHaveLength(3);
    expect(await metrics.getSingleMetric('sextant_rate_limit_insurance_total')?.get()).toMatchObject({
      values: [{ value: 5 }],
    });
  });
});
