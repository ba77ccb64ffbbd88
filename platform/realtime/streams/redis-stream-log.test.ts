import { setTimeout as sleep } from 'node:timers/promises';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import type { RedisConnections } from '../redis/redis.ts';
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
import { RedisStreamLog } from './redis-stream-log.ts';
import { controlChannel, metaKey } from './redis-stream-scripts.ts';
import { StreamFencedError, StreamUnknownError } from './stream-errors.ts';
import { assemble, collect, freshStream } from './stream-log.contract.ts';
import type { StreamEvent } from './stream-log.ts';

async function replica(lifecycle: AsyncDisposableStack, prefix: string, url?: string) {
  const redis = await connectTestRedis(lifecycle, prefix, url);
  const metrics = new Registry();
  return { redis, metrics, log: new RedisStreamLog({ redis, log: silentLog, metrics, lifecycle }) };
}

/** Lets the lease of a stream lapse, as that of a process that stands still does. */
const lapse = (redis: RedisConnections, stream: string) =>
  redis.commands.hset(metaKey(redis.prefix, stream), 'lease', 0);

/** Reads in the background until the end, or until an event of `type`. */
function follow(log: RedisStreamLog, stream: string, until?: StreamEvent['type']) {
  const events: StreamEvent[] = [];
  const done = (async () => {
    for await (const event of log.read(stream)) {
      events.push(event);
      if (event.type === until) break;
    }
  })();
  return { events, done };
}

describe.skipIf(!REDIS_TEST_URL)(`stream log under faults: ${REDIS_SUITE}`, () => {
  it('shows readers an abandoned stream when its process is killed, and lets another end it with its prefix', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const prefix = testPrefix(lifecycle);
    const proxy = await faultProxy(lifecycle);
    const { log: doomed } = await replica(lifecycle, prefix, proxy.url);
    const { log: living } = await replica(lifecycle, prefix);
    const stream = freshStream();
    const writer = await doomed.open(stream, { leaseMs: 500 });
    writer.append('half a ');
    await writer.flush();
    const { events, done } = follow(living, stream, 'abandoned');
    proxy.cut();
    await done;
    expect(events.at(-1)).toEqual({ type: 'abandoned', last: 1, epoch: writer.epoch });
    const heir = await living.open(stream);
    expect(heir.content()).toEqual(['half a ']);
    await heir.finish({ status: 'INTERRUPTED' });
    expect(assemble(await collect(living.read(stream)))).toMatchObject({
      text: 'half a ',
      final: { status: 'INTERRUPTED' },
    });
    // The killed one was only out of reach: when it is back it learns that it has been replaced.
    proxy.heal();
    await expect.poll(() => writer.stopRequested.aborted).toBe(true);
  });

  it('neither stops the producer nor loses a chunk when Redis restarts and forgets everything', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const prefix = testPrefix(lifecycle);
    const proxy = await faultProxy(lifecycle);
    const { log: producing, redis } = await replica(lifecycle, prefix, proxy.url);
    const { log: reading } = await replica(lifecycle, prefix, proxy.url);
    const stream = freshStream();
    const writer = await producing.open(stream);
    const { events, done } = follow(reading, stream);
    let expected = '';
    const speak = async (words: number) => {
      for (let n = 0; n < words; n++) {
        expected += `${writer.append(`${n} `) && n} `;
        await sleep(2);
      }
    };
    await speak(50);
    await writer.flush();
    await forget(redis);
    proxy.cut();
    await speak(100);
    await expect(writer.flush()).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    proxy.heal();
    await speak(50);
    await writer.finish({ status: 'COMPLETED' });
    await done;
    expect(assemble(events)).toEqual({ text: expected, last: 200, final: { status: 'COMPLETED' } });
    // Followed streams have a connection of their own; that for questions may be back later.
    await expect.poll(() => reading.inspect(stream).catch(() => undefined)).toBeDefined();
    expect(assemble(await collect(reading.read(stream, { after: 120 })), 120).last).toBe(200);
  });

  it('does not say twice what Redis took but could not confirm', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const prefix = testPrefix(lifecycle);
    const proxy = await faultProxy(lifecycle);
    const { log: producing } = await replica(lifecycle, prefix, proxy.url);
    const { log: reading } = await replica(lifecycle, prefix);
    const stream = freshStream();
    const writer = await producing.open(stream);
    proxy.deafen();
    writer.append('once ');
    await expect.poll(async () => (await reading.inspect(stream))?.last).toBe(1);
    writer.append('and ');
    proxy.cut();
    await sleep(50);
    proxy.heal();
    writer.append('only');
    await writer.finish({ status: 'COMPLETED' });
    expect(assemble(await collect(reading.read(stream)))).toMatchObject({ text: 'once and only', last: 3 });
  });

  it('fences a stale producer: what it appends after its lease has lapsed to another is nowhere to be seen', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const prefix = testPrefix(lifecycle);
    const { log: here, redis } = await replica(lifecycle, prefix);
    const { log: there } = await replica(lifecycle, prefix);
    const stream = freshStream();
    const stale = await here.open(stream);
    stale.append('old ');
    await stale.flush();
    await lapse(redis, stream);
    const heir = await there.open(stream);
    expect(heir.epoch).toBeGreaterThan(stale.epoch);
    expect(heir.last).toBe(1);
    expect(heir.content()).toEqual(['old ']);
    await expect(
      (async () => {
        stale.append('ghost');
        await stale.flush();
      })(),
    ).rejects.toThrow(StreamFencedError);
    await expect(stale.finish({ status: 'WRONG' })).rejects.toThrow(StreamFencedError);
    expect(stale.stopRequested.aborted).toBe(true);
    heir.append('new');
    await heir.finish({ status: 'RIGHT' });
    expect(assemble(await collect(here.read(stream)))).toEqual({
      text: 'old new',
      last: 2,
      final: { status: 'RIGHT' },
    });
  });

  it('fences a stale producer that heard nothing of its replacement', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const prefix = testPrefix(lifecycle);
    const { log: deaf, redis } = await replica(lifecycle, prefix);
    const { log: heirs } = await replica(lifecycle, prefix);
    const stream = freshStream();
    const stale = await deaf.open(stream);
    redis.channels.unlisten(controlChannel(prefix));
    await sleep(20);
    await lapse(redis, stream);
    const heir = await heirs.open(stream);
    stale.append('ghost');
    await expect(stale.flush()).rejects.toThrow(StreamFencedError);
    expect(stale.stopRequested.reason).toBeInstanceOf(StreamFencedError);
    heir.append('heir');
    await heir.finish({});
    expect(assemble(await collect(deaf.read(stream))).text).toBe('heir');
  });

  it('shows readers beside the producer what Redis has confirmed, and what another producer writes after it', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const prefix = testPrefix(lifecycle);
    const proxy = await faultProxy(lifecycle);
    const { log: here } = await replica(lifecycle, prefix, proxy.url);
    const { log: there, redis } = await replica(lifecycle, prefix);
    const stream = freshStream();
    const writer = await here.open(stream);
    const { events, done } = follow(here, stream);
    writer.append('one ');
    await writer.flush();
    await expect.poll(() => assemble(events).text).toBe('one ');
    proxy.deafen();
    writer.append('two ');
    await expect.poll(async () => (await there.inspect(stream))?.last).toBe(2);
    // Redis has it, and has not said so: it might as well have lost it.
    expect(assemble(events).text).toBe('one ');
    proxy.cut();
    await sleep(50);
    proxy.heal();
    await expect.poll(() => writer.flush().then(() => assemble(events).text)).toBe('one two ');
    await lapse(redis, stream);
    const heir = await there.open(stream);
    heir.append('three');
    await heir.finish({ status: 'RIGHT' });
    await done;
    expect(assemble(events)).toEqual({ text: 'one two three', last: 3, final: { status: 'RIGHT' } });
    expect(writer.stopRequested.aborted).toBe(true);
  });

  it('stops a producer that did not hear the call, with its next chunk', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const prefix = testPrefix(lifecycle);
    const { log: deaf, redis } = await replica(lifecycle, prefix);
    const { log: other } = await replica(lifecycle, prefix);
    const stream = freshStream();
    const writer = await deaf.open(stream);
    redis.channels.unlisten(controlChannel(prefix));
    await sleep(20);
    await other.requestStop(stream);
    writer.append('next');
    await writer.flush();
    expect(writer.stopRequested.aborted).toBe(true);
    await writer.finish({ status: 'STOPPED' });
  });

  it('answers while Redis is frozen, and goes on afterwards', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const prefix = testPrefix(lifecycle);
    const proxy = await faultProxy(lifecycle);
    const { log } = await replica(lifecycle, prefix, proxy.url);
    const { log: elsewhere } = await replica(lifecycle, prefix);
    const stream = freshStream();
    const writer = await log.open(stream);
    const { events, done } = follow(log, stream);
    writer.append('before ');
    await writer.flush();
    const other = freshStream();
    await elsewhere.open(other);
    proxy.freeze();
    const asked = performance.now();
    await expect(log.inspect(other)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    await expect(collect(log.read(other))).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    expect(performance.now() - asked).toBeLessThan(AWAY_MS);
    writer.append('after');
    proxy.heal();
    await expect
      .poll(() =>
        writer.finish({}).then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
    await done;
    expect(assemble(events).text).toBe('before after');
  });

  it('sends readers to the database when Redis lost a stream and no process restores it', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const prefix = testPrefix(lifecycle);
    const { log: first, redis } = await replica(lifecycle, prefix);
    const { log: second } = await replica(lifecycle, prefix);
    const stream = freshStream();
    const old = await first.open(stream);
    old.append('forgotten');
    await old.flush();
    const { done } = follow(second, stream);
    const failed = expect(done).rejects.toThrow(StreamUnknownError);
    await sleep(50);
    await forget(redis);
    // Another process starts again, with other words under the same numbers.
    const again = await second.open(stream);
    again.append('new words');
    await again.flush();
    await failed;
    expect(again.epoch).toBeGreaterThanOrEqual(old.epoch);
    await again.finish({});
  });

  it('follows many streams over one connection, and each reader gets its own words', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const prefix = testPrefix(lifecycle);
    const { log: producing } = await replica(lifecycle, prefix);
    const { log: reading, redis, metrics } = await replica(lifecycle, prefix);
    const count = async () =>
      ((await redis.commands.client('LIST')) as string).split('\n').filter((line) => line.includes('sextant-streams'))
        .length;
    const streams = Array.from({ length: 60 }, freshStream);
    const writers = await Promise.all(streams.map((stream) => producing.open(stream)));
    const before = await count();
    const readers = streams.flatMap((stream) => [collect(reading.read(stream)), collect(reading.read(stream))]);
    for (let n = 0; n < 20; n++) {
      for (const writer of writers) writer.append(`${writer.stream}:${n} `);
      await sleep(5);
    }
    await Promise.all(writers.map((writer) => writer.finish({})));
    const all = await Promise.all(readers);
    expect((await count()) - before).toBeLessThanOrEqual(1);
    for (const [index, events] of all.entries()) {
      const stream = streams[Math.floor(index / 2)]!;
      expect(assemble(events).text).toBe(Array.from({ length: 20 }, (_, n) => `${stream}:${n} `).join(''));
    }
    expect(await metrics.getSingleMetric('sextant_stream_readers')!.get()).toMatchObject({ values: [{ value: 0 }] });
  });
});
