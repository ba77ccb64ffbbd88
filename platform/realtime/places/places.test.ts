import { setTimeout as sleep } from 'node:timers/promises';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import {
  connectTestRedis,
  faultProxy,
  forget,
  REDIS_SUITE,
  REDIS_TEST_URL,
  silentLog,
  testPrefix,
} from '../redis/testing/redis.ts';
import { MemoryPlaces } from './memory-places.ts';
import { placesContract } from './places.contract.ts';
import { RedisPlaces } from './redis-places.ts';

describe('places: memory', () => {
  placesContract(async () => {
    const places = new MemoryPlaces();
    return { here: places, there: places };
  });
});

describe.skipIf(!REDIS_TEST_URL)(`places: ${REDIS_SUITE}`, () => {
  const options = (lifecycle: AsyncDisposableStack) => ({ log: silentLog, metrics: new Registry(), lifecycle });

  placesContract(async (lifecycle) => {
    const prefix = testPrefix(lifecycle);
    const replica = async () =>
      new RedisPlaces({ ...options(lifecycle), redis: await connectTestRedis(lifecycle, prefix) });
    return { here: await replica(), there: await replica() };
  });

  it('those of a process that has died are free again, those of one that lives are not', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const prefix = testPrefix(lifecycle);
    const redis = await connectTestRedis(lifecycle, prefix);
    const dying = new AsyncDisposableStack();
    const ttlMs = 600;
    const [lives, dies] = [
      new RedisPlaces({ ...options(lifecycle), redis, ttlMs }),
      new RedisPlaces({ ...options(dying), redis: await connectTestRedis(lifecycle, prefix), ttlMs }),
    ];
    await lives.enter('door', 2);
    await dies.enter('door', 2);
    await dying.disposeAsync();
    expect(await lives.enter('door', 2)).toBeUndefined();
    await expect.poll(() => lives.enter('door', 2), { timeout: 10_000 }).toBeDefined();
    expect(await lives.enter('door', 2)).toBeUndefined();
    // Nor where Redis has lost everything.
    await forget(redis);
    await expect.poll(() => redis.commands.zcard(`${prefix}places:door`), { timeout: 10_000 }).toBe(2);
    expect(await lives.enter('door', 2)).toBeUndefined();
  });

  it('while Redis is away each process counts its own', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const proxy = await faultProxy(lifecycle);
    const redis = await connectTestRedis(lifecycle, testPrefix(lifecycle), proxy.url);
    const places = new RedisPlaces({ ...options(lifecycle), redis });
    proxy.cut();
    await sleep(50);
    const place = await places.enter('door', 1);
    expect(await places.enter('door', 1)).toBeUndefined();
    place!.leave();
    expect(await places.enter('door', 1)).toBeDefined();
  });
});
