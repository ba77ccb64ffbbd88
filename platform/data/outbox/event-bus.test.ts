import { setTimeout as sleep } from 'node:timers/promises';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { storeMetrics } from '../../base/metrics/store-metrics.ts';
import type { PlatformEvent } from '../../contracts/events.ts';
import { RedisLeases } from '../../realtime/leases/redis-leases.ts';
import {
  connectTestRedis,
  faultProxy,
  forget,
  REDIS_SUITE,
  REDIS_TEST_URL,
  silentLog,
  testPrefix,
} from '../../realtime/redis/testing/redis.ts';
import { createOutbox } from './create-outbox.ts';
import { anEvent, eventBusContract, oneByOne, publish } from './event-bus.contract.ts';
import { MemoryEventBus } from './memory-event-bus.ts';
import { RedisEventBus } from './redis-event-bus.ts';
import { RedisEventLane } from './redis-event-lane.ts';
import { embeddedClient } from './testing/outbox.ts';

const textOf = ({ payload }: PlatformEvent) => (payload as { text: string }).text;

describe('event bus: memory', () => {
  eventBusContract(async (lifecycle) => new MemoryEventBus({ metrics: new Registry(), lifecycle }));

  it('takes nothing that a group which has left would miss: in a process that stops, others still tell', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const bus = new MemoryEventBus({ metrics: new Registry(), lifecycle });
    const got: string[] = [];
    const group = oneByOne('analytics', async (event) => got.push(textOf(event)));
    const member = await bus.join(group);
    await bus.join(oneByOne('memory', async () => {}));
    await publish(bus, [anEvent('a', '1')]);
    await member[Symbol.asyncDispose]();
    await expect(bus.publish('vector', [anEvent('a', '2')])).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    expect(await bus.publish('vector', [])).toBe('taken');
    await bus.join(group);
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
    await doomed.join(
      oneByOne('memory', async (_event, _deliveries, signal) => {
        proxy.cut();
        died.resolve();
        await sleep(60_000, undefined, { ref: false, signal });
      }),
    );
    const got: [string, number][] = [];
    await publish(heir, [anEvent('a', '1'), anEvent('a', '2')]);
    await died.promise;
    await heir.join(oneByOne('memory', async (event, deliveries) => got.push([textOf(event), deliveries])));
    await publish(heir, [anEvent('a', '3')]);
    await expect
      .poll(() => got)
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
    await bus.join(oneByOne('memory', async (event) => got.push(textOf(event))));
    await publish(bus, [anEvent('a', 'before')]);
    await expect.poll(() => got).toEqual(['before']);
    await forget(redis);
    expect(await bus.publish('chat', [anEvent('a', 'lost')], await bus.memory('chat'))).toBe('forgotten');
    // Groups that Redis forgot join again, and what was published meanwhile is asked for again.
    const after = async () => {
      await publish(bus, [anEvent('a', 'after')]);
      return [...new Set(got)];
    };
    await expect.poll(after).toEqual(['before', 'after']);
  });

  it('says that Redis was restarted, when the last events may be lost though most are there', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const { bus, redis } = await replica(lifecycle, testPrefix(lifecycle));
    const member = await bus.join(oneByOne('memory', async () => {}));
    await member[Symbol.asyncDispose]();
    await publish(bus, [anEvent('a', '1')]);
    expect(await bus.publish('chat', [], await bus.memory('chat'))).toBe('taken');
    await redis.commands.hset(`${redis.prefix}{events}:knows`, 'chat', 'former 1');
    expect(await bus.publish('chat', [anEvent('a', '2')], await bus.memory('chat'))).toBe('restarted');
    await bus.remember('chat');
    expect(await bus.publish('chat', [], await bus.memory('chat'))).toBe('taken');
    expect(await redis.commands.xlen(`${redis.prefix}{events}:lane:memory:0`)).toBe(1);
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
    await (await bus.join(oneByOne('memory', async () => {})))[Symbol.asyncDispose]();
    await publish(bus, [anEvent('a', '1')]);
    const ending = new AbortController();
    lifecycle.defer(() => ending.abort());
    const got: Record<string, string[]> = { former: [], latter: [] };
    const lane = (name: string) =>
      new RedisEventLane({
        lane: 0,
        prefix: `${redis.prefix}{events}:`,
        group: oneByOne('memory', async (event) => got[name]!.push(textOf(event))),
        redis,
        log: silentLog,
        metrics: storeMetrics(new Registry()),
        join: async () => true,
      });
    const [formerLane, latterLane] = [lane('former'), lane('latter')];
    const former = formerLane.read(5, ending.signal);
    await expect.poll(() => got['former']).toEqual(['1']);
    latterLane.read(6, ending.signal).catch(() => {});
    const rejected = expect(former).rejects.toThrow('Another process reads');
    await expect.poll(() => redis.commands.get(`${formerLane.key}:reader`)).toMatch(/^6 /);
    await publish(bus, [anEvent('a', '2')]);
    formerLane.ring();
    await rejected;
    latterLane.ring();
    await expect.poll(() => got).toEqual({ former: ['1'], latter: ['2'] });
  });

  it('keeps nothing of what every group has confirmed', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const { bus, redis } = await replica(lifecycle, testPrefix(lifecycle));
    let got = 0;
    await bus.join(oneByOne('memory', async () => got++, { lanes: 2 }));
    await bus.join(oneByOne('vision', async () => {}, { types: ['user.deleted'] }));
    await publish(
      bus,
      Array.from({ length: 300 }, (_, n) => anEvent(`a ${n % 7}`, String(n))),
    );
    await expect.poll(() => got).toBe(300);
    const lanes = ['memory:0', 'memory:1', 'vision:0'].map((lane) => `${redis.prefix}{events}:lane:${lane}`);
    const left = () => Promise.all(lanes.map((key) => redis.commands.xlen(key)));
    await expect.poll(left).toEqual([0, 0, 0]);
  });

  it('shares the lanes of a group out among its members, and gives those of one that leaves to the others', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const prefix = testPrefix(lifecycle);
    const takers = { first: new Set<string>(), second: new Set<string>() };
    const join = async (name: 'first' | 'second') => {
      const { bus } = await replica(lifecycle, prefix);
      const work = async ({ aggregate }: PlatformEvent) => void takers[name].add(aggregate);
      return { bus, member: await bus.join(oneByOne('analytics', work, { lanes: 4 })) };
    };
    const { bus } = await join('first');
    const second = await join('second');
    const batch = () => Array.from({ length: 64 }, (_, n) => anEvent(`call ${n}`, String(n)));
    await expect
      .poll(
        async () => {
          await publish(bus, batch());
          return [takers.first.size > 0, takers.second.size > 0];
        },
        { timeout: 10_000 },
      )
      .toEqual([true, true]);
    await second.member[Symbol.asyncDispose]();
    takers.first.clear();
    await publish(bus, batch());
    await expect.poll(() => takers.first.size, { timeout: 10_000 }).toBe(64);
  });

  it('asks the owners for everything again when a group joins that was not known', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const { bus } = await replica(lifecycle, testPrefix(lifecycle));
    await publish(bus, [anEvent('a', '1')]);
    await bus.join(oneByOne('memory', async () => {}));
    expect(await bus.publish('chat', [])).toBe('forgotten');
    await bus.remember('chat');
    const again = await bus.join(oneByOne('memory', async () => {}));
    expect(await bus.publish('chat', [])).toBe('taken');
    await again[Symbol.asyncDispose]();
  });

  it('carries again what a relay of an earlier version has published where no consumer of this one reads', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const { bus } = await replica(lifecycle, testPrefix(lifecycle));
    const client = await embeddedClient(lifecycle);
    const got: string[] = [];
    await bus.join(oneByOne('memory', async (event) => got.push(textOf(event))));
    // Nothing is forgotten: it is not for that reason that the event comes.
    await publish(bus, []);
    const { id, type, version, aggregate, payload } = anEvent('a', 'former');
    await client.$executeRawUnsafe(
      `INSERT INTO outbox_events (id, type, version, aggregate, payload, published_at)
       VALUES ($1::uuid, $2, $3, $4, $5::jsonb, now())`,
      id,
      type,
      version,
      aggregate,
      JSON.stringify(payload),
    );
    createOutbox({ owner: 'chat', client, events: bus, log: silentLog, metrics: new Registry(), lifecycle });
    bus.start();
    await expect.poll(() => got).toEqual(['former']);
    const left = 'SELECT 1 AS one FROM outbox_events WHERE published_at IS NULL OR claimed_until IS NULL';
    await expect.poll(async () => (await client.$queryRawUnsafe<unknown[]>(left)).length).toBe(0);
  });

  it('leaves what another version takes to that version, whose member came last', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const prefix = testPrefix(lifecycle);
    const { bus } = await replica(lifecycle, prefix);
    const { bus: updated } = await replica(lifecycle, prefix);
    const got: string[] = [];
    await bus.join(oneByOne('memory', async (event) => got.push(`former ${event.type}`), { types: ['user.deleted'] }));
    await updated.join(oneByOne('memory', async (event) => got.push(`updated ${event.type}`)));
    await publish(bus, [anEvent('a', '1')]);
    await expect.poll(() => got, { timeout: 15_000 }).toEqual(['updated message.completed']);
  });

  it('goes on with the version before when the one that came last is gone: a release that was taken back', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const prefix = testPrefix(lifecycle);
    const { bus } = await replica(lifecycle, prefix);
    const { bus: updated } = await replica(lifecycle, prefix);
    const got: string[] = [];
    const types = ['message.completed', 'user.deleted'] as const;
    await bus.join(oneByOne('memory', async ({ type }) => got.push(`former ${type}`)));
    const update = await updated.join(oneByOne('memory', async ({ type }) => got.push(`updated ${type}`), { types }));
    const payload = { userId: 'anna', at: new Date().toISOString() };
    await publish(bus, [{ ...anEvent('a', ''), type: 'user.deleted', payload } as PlatformEvent]);
    await expect.poll(() => got, { timeout: 15_000 }).toEqual(['updated user.deleted']);
    await update[Symbol.asyncDispose]();
    await publish(bus, [anEvent('a', '2')]);
    await expect.poll(() => got[1], { timeout: 15_000 }).toBe('former message.completed');
    // The group takes something else than before, so each owner publishes again what it keeps: none of it is missed.
    expect(await bus.publish('chat', [])).toBe('forgotten');
  });
});
