import { setTimeout as sleep } from 'node:timers/promises';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../base/json/json.ts';
import {
  AWAY_MS,
  connectTestRedis,
  faultProxy,
  REDIS_SUITE,
  REDIS_TEST_URL,
  silentLog,
  testPrefix,
} from '../redis/testing/redis.ts';
import { MemoryTopics } from './memory-topics.ts';
import { RedisTopics } from './redis-topics.ts';
import { topicsContract } from './topics.contract.ts';

describe('topics: memory', () => {
  topicsContract(async () => {
    const topics = new MemoryTopics({ log: silentLog, metrics: new Registry() });
    return { here: topics, there: topics };
  });

  it('tells a thousand local listeners with one object and no JSON', async () => {
    const topics = new MemoryTopics({ log: silentLog, metrics: new Registry() });
    const seen = new Set<Json>();
    for (let n = 0; n < 1_000; n++) await topics.subscribe('room', (event) => seen.add(event));
    const event = { toJSON: () => expect.unreachable('the event was made into JSON') } as unknown as Json;
    await topics.publish('room', event);
    expect([...seen]).toEqual([event]);
  });
});

describe.skipIf(!REDIS_TEST_URL)(`topics: ${REDIS_SUITE}`, () => {
  topicsContract(async (lifecycle) => {
    const prefix = testPrefix(lifecycle);
    const replica = async () =>
      new RedisTopics({ redis: await connectTestRedis(lifecycle, prefix), log: silentLog, metrics: new Registry() });
    return { here: await replica(), there: await replica() };
  });

  it('goes on without an error while Redis is away, and hears other processes again when it is back', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const prefix = testPrefix(lifecycle);
    const proxy = await faultProxy(lifecycle);
    const options = { log: silentLog, metrics: new Registry() };
    const here = new RedisTopics({ ...options, redis: await connectTestRedis(lifecycle, prefix) });
    const there = new RedisTopics({ ...options, redis: await connectTestRedis(lifecycle, prefix, proxy.url) });
    const heard: Json[] = [];
    await there.subscribe('room', (event) => heard.push(event));
    proxy.cut();
    await sleep(100);
    const asked = performance.now();
    await there.publish('room', 'local');
    const subscription = await there.subscribe('another', (event) => heard.push(event));
    expect(performance.now() - asked).toBeLessThan(AWAY_MS);
    expect(heard).toEqual(['local']);
    proxy.heal();
    await expect
      .poll(async () => {
        await here.publish('room', 'back');
        await here.publish('another', 'made good');
        return heard;
      })
      .toEqual(expect.arrayContaining(['back', 'made good']));
    subscription.close();
  });

  it.each(['listens', 'publishes'] as const)(
    'says that something was missed when the one that %s was cut off',
    async (role) => {
      await using lifecycle = new AsyncDisposableStack();
      const prefix = testPrefix(lifecycle);
      const proxy = await faultProxy(lifecycle);
      const open = async (isCut: boolean) =>
        new RedisTopics({
          log: silentLog,
          metrics: new Registry(),
          redis: await connectTestRedis(lifecycle, prefix, isCut ? proxy.url : REDIS_TEST_URL!),
        });
      const [listens, publishes] = [await open(role === 'listens'), await open(role === 'publishes')];
      const heard: Json[] = [];
      let missed = 0;
      await listens.subscribe('room', (event) => heard.push(event));
      const forget = listens.onMissed(() => missed++);
      await publishes.publish('room', 1);
      await expect.poll(() => heard).toEqual([1]);
      expect(missed).toBe(0);
      proxy.cut();
      await expect.poll(() => proxy.connections).toBe(0);
      await publishes.publish('room', 2);
      proxy.heal();
      await expect.poll(() => missed, { timeout: 10_000 }).toBe(1);
      expect(heard).toEqual([1]);
      await publishes.publish('room', 3);
      await expect.poll(() => heard).toEqual([1, 3]);
      expect(missed).toBe(1);
      forget();
    },
  );
});
