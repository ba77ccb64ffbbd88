import { pino } from 'pino';
import { expect, it } from 'vitest';
import type { Delivery } from './event-bus.ts';
import { GatheredDelivery } from './gathered-delivery.ts';
import { MAX_BATCH } from './outbox.ts';

const log = pino({ level: 'silent' });
const deliveries = (lane: string, count: number): Delivery[] =>
  Array.from({ length: count }, (_, n) => ({ event: { id: `${lane}${n}` }, deliveries: 1, failures: 0 }) as Delivery);

it('lanes that bring events together share a transaction, and each is told of its own failures', async () => {
  const handled: number[] = [];
  const gathered = new GatheredDelivery(
    async (batch) => {
      handled.push(batch.length);
      return batch.filter(({ event }) => event.id.endsWith('1'));
    },
    MAX_BATCH,
    log,
  );
  const lanes = ['a', 'b', 'c'].map((lane) => deliveries(lane, 3));
  const failed = await Promise.all(lanes.map((lane) => gathered.deliver(lane)));
  expect(handled).toEqual([9]);
  expect(failed).toEqual(lanes.map((lane) => [lane[1]]));
});

it('what is more than a transaction takes is handled side by side', async () => {
  const handled: number[] = [];
  const all = Promise.withResolvers<void>();
  const gathered = new GatheredDelivery(
    async (batch) => {
      handled.push(batch.length);
      if (handled.length === 2) all.resolve();
      await all.promise;
      return [];
    },
    MAX_BATCH,
    log,
  );
  await Promise.all([60, 50, 40].map((count, lane) => gathered.deliver(deliveries(String(lane), count))));
  expect(handled.toSorted((a, b) => a - b)).toEqual([60, 90]);
  expect(Math.max(...handled)).toBeLessThanOrEqual(MAX_BATCH);
});

it('a consumer that may take more at once is given more', async () => {
  const handled: number[] = [];
  const gathered = new GatheredDelivery(
    async (batch) => {
      handled.push(batch.length);
      return [];
    },
    2 * MAX_BATCH,
    log,
  );
  await Promise.all([60, 50, 40].map((count, lane) => gathered.deliver(deliveries(String(lane), count))));
  expect(handled).toEqual([150]);
});

it('a database that is away is told to each lane', async () => {
  const gathered = new GatheredDelivery(() => Promise.reject(new Error('away')), MAX_BATCH, log);
  const outcomes = await Promise.allSettled(['a', 'b'].map((lane) => gathered.deliver(deliveries(lane, 1))));
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
});
