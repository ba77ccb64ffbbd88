import { setTimeout as sleep } from 'node:timers/promises';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import {
  AWAY_MS,
  connectTestRedis,
  faultProxy,
  forget,
  REDIS_SUITE,
  REDIS_TEST_URL,
  silentLog,
  testPrefix,
} from '../redis/testing/redis.ts';
import { RedisTopics } from '../topics/redis-topics.ts';
import { MemoryPresence } from './memory-presence.ts';
import { brief, CONTRACT_TYPING_MS, freshRoom, listenTo, presenceContract } from './presence.contract.ts';
import { RedisPresence } from './redis-presence.ts';

describe('presence: memory', () => {
  presenceContract(async () => {
    const presence = new MemoryPresence({ metrics: new Registry(), typingTtlMs: CONTRACT_TYPING_MS });
    return { here: presence, there: presence };
  });
});

async function replica(lifecycle: AsyncDisposableStack, prefix: string, url?: string, ttlMs = 900) {
  const redis = await connectTestRedis(lifecycle, prefix, url);
  const options = { redis, log: silentLog, metrics: new Registry() };
  const topics = new RedisTopics(options);
  const presence = new RedisPresence({ ...options, topics, lifecycle, ttlMs, typingTtlMs: CONTRACT_TYPING_MS });
  return { redis, presence };
}

describe.skipIf(!REDIS_TEST_URL)(`presence: ${REDIS_SUITE}`, () => {
  presenceContract(async (lifecycle) => {
    const prefix = testPrefix(lifecycle);
    const [here, there] = [await replica(lifecycle, prefix), await replica(lifecycle, prefix)];
    return { here: here.presence, there: there.presence };
  });

  it('lets the members of a killed process expire, and watchers hear of it', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const prefix = testPrefix(lifecycle);
    const proxy = await faultProxy(lifecycle);
    const room = freshRoom();
    const { presence: living } = await replica(lifecycle, prefix);
    const { presence: doomed } = await replica(lifecycle, prefix, proxy.url);
    await living.join(room, 'anna');
    await doomed.join(room, 'bob');
    const { events, stop } = listenTo(living, room);
    await expect.poll(() => brief(events)).toEqual(['members anna,bob']);
    proxy.cut();
    await expect.poll(() => brief(events).at(-1)).toBe('left bob');
    expect((await living.members(room)).map((member) => member.userId)).toEqual(['anna']);
    // It was no kill but a long outage: on its return everything is said again.
    proxy.heal();
    await expect.poll(() => brief(events).at(-1)).toBe('joined bob ONLINE 1');
    await stop();
  });

  it('knows everybody again after Redis has lost its memory, and none who left meanwhile', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const prefix = testPrefix(lifecycle);
    const proxy = await faultProxy(lifecycle);
    const room = freshRoom();
    const { presence, redis } = await replica(lifecycle, prefix, proxy.url);
    const { presence: other } = await replica(lifecycle, prefix);
    await presence.join(room, 'anna');
    const bob = await presence.join(room, 'bob');
    await forget(redis);
    proxy.cut();
    await sleep(50);
    const asked = performance.now();
    await bob.leave();
    const carol = await presence.join(room, 'carol');
    expect(performance.now() - asked).toBeLessThan(AWAY_MS);
    await expect(presence.members(room)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    proxy.heal();
    const names = async () => (await other.members(room)).map((member) => member.userId);
    await expect.poll(names).toEqual(['anna', 'carol']);
    await carol.leave();
  });
});
