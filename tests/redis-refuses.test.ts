import { Redis } from 'ioredis';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStores, type Stores } from '../platform/host/stores.ts';
import { SERVERS_SKIPPED, startRedis } from './testing/servers.ts';

/** The ways in which a Redis answers and does not serve: it takes no writes. */
const REFUSALS = [
  {
    title: 'whose memory is full',
    begin: ['config', 'set', 'maxmemory', '1'],
    end: ['config', 'set', 'maxmemory', '0'],
    detail: 'Redis takes no writes: its memory is full (maxmemory).',
  },
  {
    title: 'that has become a replica',
    begin: ['replicaof', '127.0.0.1', '1'],
    end: ['replicaof', 'no', 'one'],
    detail: 'Redis takes no writes: it is a read-only replica.',
  },
] as const;

describe.skipIf(SERVERS_SKIPPED)(`a Redis that answers and takes no writes${SERVERS_SKIPPED}`, () => {
  const lifecycle = new AsyncDisposableStack();
  let admin: Redis;
  let stores: Stores;
  beforeAll(async () => {
    const { url } = lifecycle.use(await startRedis());
    admin = new Redis(url);
    lifecycle.defer(() => admin.disconnect());
    const config = { redisUrl: url, REDIS_PREFIX: 'refused:', dataDir: 'unused' };
    stores = await openStores({ config, log: pino({ level: 'silent' }), metrics: new Registry(), lifecycle });
  });
  afterAll(() => lifecycle.disposeAsync());
  it('that may evict events says so, while it is well', async () => {
    await admin.config('SET', 'maxmemory-policy', 'allkeys-lru');
    expect(await stores.health()).toEqual({ status: 'up' });
    await admin.config('SET', 'maxmemory', '100mb');
    const detail = 'Redis evicts keys when its memory is full (maxmemory-policy allkeys-lru): events may be lost.';
    expect(await stores.health()).toEqual({ status: 'up', detail });
    await admin.config('SET', 'maxmemory', '0');
    await admin.config('SET', 'maxmemory-policy', 'noeviction');
  });

  const command = ([name, ...args]: readonly string[]) => admin.call(name!, ...args);

  it.each(REFUSALS)(
    '$title is away for what writes, says so in /health, and is well again by itself',
    async (refusal) => {
      expect(await stores.health()).toEqual({ status: 'up' });
      await command(refusal.begin);
      try {
        // A refused write makes the client connect again, and meanwhile there is no answer.
        await expect.poll(() => stores.health()).toEqual({ status: 'down', detail: refusal.detail });
        const away = { code: 'SERVICE_UNAVAILABLE' };
        await expect(stores.streams.open('reply')).rejects.toMatchObject(away);
        await expect(stores.cache.mustSet('key', 1, { ttlMs: 1_000 })).rejects.toMatchObject(away);
        await expect(stores.events.remember('chat')).rejects.toMatchObject(away);
        // What can do without goes on; who is present is told when Redis takes it.
        await using _ = await stores.presence.join('room', 'anna');
        await stores.cache.set('key', 1, { ttlMs: 1_000 });
        expect((await stores.limiter.consume(refusal.title, { name: 'rule', limit: 1, windowS: 9 })).allowed).toBe(
          true,
        );
      } finally {
        await command(refusal.end);
      }
      await expect.poll(() => stores.health()).toEqual({ status: 'up' });
      const writer = await stores.streams.open(refusal.title.replaceAll(' ', '-'));
      await writer.finish({ status: 'COMPLETED' });
    },
  );
});
