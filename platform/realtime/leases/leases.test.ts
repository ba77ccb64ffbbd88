import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { connectTestRedis, faultProxy, REDIS_SUITE, REDIS_TEST_URL, testPrefix } from '../redis/testing/redis.ts';
import { leasesContract } from './leases.contract.ts';
import { RedisLeases } from './redis-leases.ts';

describe.skipIf(!REDIS_TEST_URL)(`leases: ${REDIS_SUITE}`, () => {
  leasesContract(async (lifecycle) => {
    const prefix = testPrefix(lifecycle);
    const replica = async () =>
      new RedisLeases({ redis: await connectTestRedis(lifecycle, prefix), metrics: new Registry(), lifecycle });
    return { here: await replica(), there: await replica() };
  });

  it('tells a holder that cannot be heard that its lease is lost, before another gets it', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const prefix = testPrefix(lifecycle);
    const proxy = await faultProxy(lifecycle);
    const metrics = new Registry();
    const cut = new RedisLeases({ redis: await connectTestRedis(lifecycle, prefix, proxy.url), metrics, lifecycle });
    const other = new RedisLeases({ redis: await connectTestRedis(lifecycle, prefix), metrics, lifecycle });
    const lease = (await cut.acquire('job', { ttlMs: 600 }))!;
    proxy.cut();
    await expect.poll(() => other.acquire('job', { ttlMs: 600 })).toBeDefined();
    expect(lease.lost.aborted).toBe(true);
    await expect(cut.acquire('other', { ttlMs: 600 })).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  });
});
