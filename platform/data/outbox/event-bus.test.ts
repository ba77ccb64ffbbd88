import { setTimeout as sleep } from 'node:timers/promises';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { storeMetrics } from '../../base/metrics/store-metrics.ts';
import { RedisLeases } from '../../realtime/leases/redis-leases.ts';
import {
  connectTestRedis,
  faultProxy,
  forget,
  REDIS_SUITE,
  REDIS_TEST_URL,
  silentLog,
  testPrefix,
} from '../../realtime/redis/redis-for-tests.ts';
import { anEvent, eventBusContract, publish } from './event-bus.contract.ts';
import type { Deliver } from './event-bus.ts';
import { MemoryEventBus } from './memory-event-bus.ts';
import { RedisEventBus } from './redis-event-bus.ts';
import { RedisEventGroup } from './redis-event-group.ts';

describe('event bus: memory', () => {
  eventBusContract(async (lifecycle) => new MemoryEventBus({ metrics: new Registry(), lifecycle }));

  it('takes nothing that a group which has left would miss: in a process that stops, others still tell', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const bus = new MemoryEventBus({ metrics: new Registry(), lifecycle });
    const got: string[] = [];
    const deliver: Deliver = async ({ payload }) => void got.push((payload as { text: string }).text);
    const member = await bus.join('analytics', deliver);
    await bus.join('memory', async () => {});
    await publish(bus, [anEvent('a', '1')]);
    await member[Symbol.asyncDispose]();
    await expect(bus.publish('vector', [anEvent('a', '2')])).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    expect(await bus.publish('vector', [])).toBe('taken');
    await bus.join('analytics', deliver);
    await publish(bus, [anEvent('a', '2')]);
    expect(got).toEqual(['1', '2']);
  });
});

async function replica(lifecycle: AsyncDisposableStack, prefix: string, url?: string) {
  const redis = await connectTestRedis(lifecycle, prefix, url);
  const options = { redis, log: silentLog, metrics: new Registry(), lifecycle };
  const bus = new RedisEventBus({ ...options, leases: new RedisLeases(options), leaseMs: 600 });
  return { redis, bus };
}

describe.skipIf(!REDIS_TEST_URL)(`event bus: ${REDIS_SUITE}`, () => {
  eventBusContract(async (lifecycle) => (await replica(lifecycle, testPrefix(lifecycle))).bus);

  it('gives each event to one member of a group, and to another when that one dies over it', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const prefix = testPrefix(lifecycle);
    const proxy = await faultProxy(lifecycle);
    const { bus: doomed } = await replica(lifecycle, prefix, proxy.url);
    const { bus: heir } = await replica(lifecycle, prefix);
    const died = Promise.withResolvers<void>();
    await doomed.join('memory', async (_event, _deliveries, signal) => {
      proxy.cut();
      died.resolve();
      await sleep(60_000, undefined, { ref: false, signal });
    });
    await sleep(200);
    const got: [string, number][] = [];
    await heir.join('memory', async ({ payload }, deliveries) => {
      got.push([(payload as { text: string }).text, deliveries]);
    });
    await publish(heir, [anEvent('a', '1'), anEvent('a', '2')]);
    await died.promise;
    await publish(heir, [anEvent('a', '3')]);
    await expect
      .poll(() => got, { timeout: 8_000 })
      .toEqual([
        ['1', 2],
        ['2', 2],
        ['3', 1],
      ]);
  });

  it('says that it forgot when Redis lost its memory, and carries events again afterwards', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const { bus, redis } = await replica(lifecycle, testPrefix(lifecycle));
    const got: string[] = [];
    await bus.join('memory', async ({ payload }) => void got.push((payload as { text: string }).text));
    await publish(bus, [anEvent('a', 'before')]);
    await expect.poll(() => got, { timeout: 5_000 }).toEqual(['before']);
    await forget(redis);
    expect(await bus.publish('chat', [anEvent('a', 'lost')], await bus.memory('chat'))).toBe('forgotten');
    await bus.remember('chat');
    expect(await bus.publish('chat', [anEvent('a', 'after')], await bus.memory('chat'))).toBe('taken');
    await expect.poll(() => got, { timeout: 8_000 }).toEqual(['before', 'after']);
  });

  it('says that Redis was restarted, when the last events may be lost though most are there', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const { bus, redis } = await replica(lifecycle, testPrefix(lifecycle));
    await publish(bus, [anEvent('a', '1')]);
    expect(await bus.publish('chat', [], await bus.memory('chat'))).toBe('taken');
    await redis.commands.set(`${redis.prefix}{events}:knows:chat`, 'former 1');
    expect(await bus.publish('chat', [anEvent('a', '2')], await bus.memory('chat'))).toBe('restarted');
    await bus.remember('chat');
    expect(await bus.publish('chat', [], await bus.memory('chat'))).toBe('taken');
    expect(await redis.commands.xlen(`${redis.prefix}{events}:log`)).toBe(1);
  });

  it('refuses what was chosen before another relay began to publish older events again', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const { bus } = await replica(lifecycle, testPrefix(lifecycle));
    await publish(bus, [anEvent('a', '1')]);
    const memory = await bus.memory('chat');
    await bus.remember('chat');
    expect(await bus.publish('chat', [anEvent('a', '3')], memory)).toBe('changed');
    expect(await bus.publish('chat', [anEvent('a', '2')], await bus.memory('chat'))).toBe('taken');
  });

  it('gives nothing to a former reader that does not know that it was replaced', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const { bus, redis } = await replica(lifecycle, testPrefix(lifecycle));
    await publish(bus, [anEvent('a', '1')]);
    const ending = new AbortController();
    lifecycle.defer(() => ending.abort());
    const got: Record<string, string[]> = { former: [], latter: [] };
    const reader = (name: string) => {
      const deliver: Deliver = async ({ payload }) => void got[name]!.push((payload as { text: string }).text);
      return new RedisEventGroup(
        redis,
        `${redis.prefix}{events}:log`,
        'memory',
        deliver,
        silentLog,
        storeMetrics(new Registry()),
      );
    };
    const former = reader('former').run(5, ending.signal);
    await expect.poll(() => got.former).toEqual(['1']);
    reader('latter')
      .run(6, ending.signal)
      .catch(() => {});
    await expect(former).rejects.toThrow('Another process reads for memory.');
    await publish(bus, [anEvent('a', '2')]);
    await expect.poll(() => got).toEqual({ former: ['1'], latter: ['2'] });
  });

  it('drops what every group has confirmed', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const { bus, redis } = await replica(lifecycle, testPrefix(lifecycle));
    await publish(
      bus,
      Array.from({ length: 300 }, (_, n) => anEvent('a', String(n))),
    );
    let got = 0;
    const member = await bus.join('memory', async () => void got++);
    await expect.poll(() => got, { timeout: 5_000 }).toBe(300);
    await member[Symbol.asyncDispose]();
    // The next reader keeps house before it reads.
    await bus.join('memory', async () => {});
    await expect.poll(() => redis.commands.xlen(`${redis.prefix}{events}:log`), { timeout: 8_000 }).toBeLessThan(150);
  });
});
