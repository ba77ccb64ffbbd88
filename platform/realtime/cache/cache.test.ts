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
} from '../redis/testing/redis.ts';
import { cacheContract } from './cache.contract.ts';
import { MemoryCache } from './memory-cache.ts';
import { RedisCache } from './redis-cache.ts';

describe('cache: memory', () => {
  cacheContract(async () => {
    const cache = new MemoryCache({ metrics: new Registry() });
    return { here: cache, there: cache };
  });
});

describe.skipIf(!REDIS_TEST_URL)(`cache: ${REDIS_SUITE}`, () => {
  cacheContract(async (lifecycle) => {
    const prefix = testPrefix(lifecycle);
    const replica = async () =>
      new RedisCache({ redis: await connectTestRedis(lifecycle, prefix), metrics: new Registry() });
    return { here: await replica(), there: await replica() };
  });

  it.each(['cut', 'freeze'] as const)('is an empty cache while Redis is away (%s)', async (fault) => {
    await using lifecycle = new AsyncDisposableStack();
    const prefix = testPrefix(lifecycle);
    const proxy = await faultProxy(lifecycle);
    const cache = new RedisCache({
      redis: await connectTestRedis(lifecycle, prefix, proxy.url),
      metrics: new Registry(),
    });
    await cache.set('key', 'value', { ttlMs: 60_000 });
    proxy[fault]();
    await sleep(50);
    const asked = performance.now();
    expect(await cache.get('key')).toBeUndefined();
    expect(performance.now() - asked).toBeLessThan(AWAY_MS);
    expect(await cache.getMany(['key', 'other'])).toEqual([undefined, undefined]);
    await expect(cache.mustSet('must', 1, { ttlMs: 60_000 })).rejects.toMatchObject({
      extensions: { code: 'SERVICE_UNAVAILABLE' },
    });
    await sleep(fault === 'freeze' ? 1_500 : 0);
    await cache.set('other', 'lost', { ttlMs: 60_000 });
    proxy.heal();
    await expect.poll(() => cache.get('key')).toBe('value');
  });
});
