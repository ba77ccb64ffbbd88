import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import {
  AWAY_MS,
  faultProxy,
  REDIS_SUITE,
  REDIS_TEST_URL,
  silentLog,
  testPrefix,
} from '../realtime/redis/testing/redis.ts';
import { openStores } from './stores.ts';

async function exercise(stores: Awaited<ReturnType<typeof openStores>>): Promise<void> {
  const writer = await stores.streams.open('reply-1');
  writer.append('hello');
  await writer.finish({ status: 'COMPLETED' });
  expect(await stores.streams.inspect('reply-1')).toMatchObject({ status: 'finished', last: 1 });
  await using connection = await stores.presence.join('room', 'anna');
  expect(connection.connectionId).toBeTruthy();
  expect(await stores.presence.members('room')).toHaveLength(1);
  await stores.topics.publish('topic', { hello: 'world' });
  await stores.cache.set('a:b:c', 7, { ttlMs: 10_000 });
  expect(await stores.cache.get('a:b:c')).toBe(7);
  expect((await stores.limiter.consume('user', { name: 'rule', limit: 1, windowS: 1 })).allowed).toBe(true);
  expect(await stores.health()).toEqual({ status: 'up' });
}

describe('stores', () => {
  it('work in memory when no Redis is configured', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const dataDir = await mkdtemp(path.join(tmpdir(), 'stores-'));
    lifecycle.defer(() => rm(dataDir, { recursive: true, force: true }));
    const config = { redisUrl: undefined, REDIS_PREFIX: 'unused:', dataDir };
    const stores = await openStores({ config, log: silentLog, metrics: new Registry(), lifecycle });
    expect(stores.redis).toBeUndefined();
    await exercise(stores);
  });
});

describe.skipIf(!REDIS_TEST_URL)(`stores: ${REDIS_SUITE}`, () => {
  it('work on the configured Redis, and leave no connection behind', async () => {
    await using outer = new AsyncDisposableStack();
    const prefix = testPrefix(outer);
    // Other suites use the same Redis.
    const proxy = await faultProxy(outer);
    const lifecycle = new AsyncDisposableStack();
    const config = { redisUrl: proxy.url, REDIS_PREFIX: prefix, dataDir: 'unused' };
    await exercise(await openStores({ config, log: silentLog, metrics: new Registry(), lifecycle }));
    expect(proxy.connections).toBeGreaterThan(0);
    await lifecycle.disposeAsync();
    await expect.poll(() => proxy.connections).toBe(0);
  });

  it('open while Redis is down, fail fast meanwhile, and work when it comes', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const prefix = testPrefix(lifecycle);
    const proxy = await faultProxy(lifecycle);
    proxy.cut();
    const config = { redisUrl: proxy.url, REDIS_PREFIX: prefix, dataDir: 'unused' };
    const stores = await openStores({ config, log: silentLog, metrics: new Registry(), lifecycle });
    const asked = performance.now();
    await expect(stores.streams.open('reply-1')).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    expect((await stores.limiter.consume('user', { name: 'outage', limit: 5, windowS: 1 })).allowed).toBe(true);
    expect(await stores.health()).toMatchObject({ status: 'down' });
    expect(performance.now() - asked).toBeLessThan(AWAY_MS);
    proxy.heal();
    await expect.poll(() => stores.health()).toEqual({ status: 'up' });
    await exercise(stores);
  });
});
