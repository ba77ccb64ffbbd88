import { setTimeout as sleep } from 'node:timers/promises';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { MemoryStreamLog } from './memory-stream-log.ts';
import { StreamUnknownError } from './stream-errors.ts';
import { assemble, collect } from './stream-log.contract.ts';

describe('stream log in memory, bounds', () => {
  it('forgets the oldest finished streams first when they take too much, and never a live one', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const metrics = new Registry();
    const log = new MemoryStreamLog({ metrics, lifecycle, limits: { maxFinishedBytes: 2_500 } });
    const live = await log.open('live');
    live.append('x'.repeat(2_000));
    for (const name of ['one', 'two', 'three', 'four']) {
      const writer = await log.open(name);
      writer.append('x'.repeat(1_000));
      await writer.finish({});
    }
    const known = await Promise.all(['live', 'one', 'two', 'three', 'four'].map((name) => log.inspect(name)));
    expect(known.map((state) => state?.status)).toEqual(['live', undefined, undefined, 'finished', 'finished']);
    expect(await metrics.getSingleMetric('sextant_stream_evicted_total')!.get()).toMatchObject({
      values: [{ value: 2 }],
    });
  });

  it('lets a slow reader of a forgotten stream have the rest and the end', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const log = new MemoryStreamLog({ metrics: new Registry(), lifecycle, limits: { finishedTtlMs: 20 } });
    const writer = await log.open('reply');
    const reader = log.read('reply')[Symbol.asyncIterator]();
    const events = [(await reader.next()).value!];
    writer.append('all of it');
    await writer.finish({ status: 'COMPLETED' });
    await sleep(60);
    expect(await log.inspect('reply')).toBeUndefined();
    for (let step = await reader.next(); !step.done; step = await reader.next()) events.push(step.value);
    expect(assemble(events)).toEqual({ text: 'all of it', last: 1, final: { status: 'COMPLETED' } });
  });

  it('sends the readers of an abandoned stream to the database when no process takes it up', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const log = new MemoryStreamLog({ metrics: new Registry(), lifecycle, limits: { idleTtlMs: 20 } });
    const writer = await log.open('reply');
    writer.append('half');
    const reading = collect(log.read('reply'));
    await writer.release();
    await expect(reading).rejects.toThrow(StreamUnknownError);
  });

  it('serves a thousand readers of one stream', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const log = new MemoryStreamLog({ metrics: new Registry(), lifecycle });
    const writer = await log.open('reply');
    const readers = Array.from({ length: 1_000 }, () => collect(log.read('reply')));
    for (let n = 0; n < 50; n++) {
      writer.append('word ');
      await sleep(0);
    }
    await writer.finish({});
    for (const events of await Promise.all(readers)) expect(assemble(events).last).toBe(50);
  });
});
