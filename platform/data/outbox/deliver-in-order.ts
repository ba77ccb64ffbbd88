import type { PlatformEvent } from '../../contracts/events.ts';

/** Aggregates that are worked on at the same time. */
const PARALLEL = 4;

/**
 * Delivers a batch: events of one aggregate one after the other, several aggregates side by side. A failure holds up
 * the rest of its aggregate and nothing else.
 *
 * @returns what was not delivered, in order.
 */
export async function deliverInOrder<T extends { readonly event: PlatformEvent }>(
  batch: readonly T[],
  deliver: (item: T) => Promise<void>,
): Promise<T[]> {
  const queues = [...Map.groupBy(batch, (item) => item.event.aggregate).values()];
  const undelivered = new Set<T>();
  const work = async () => {
    for (let queue = queues.shift(); queue; queue = queues.shift()) {
      let done = 0;
      try {
        for (; done < queue.length; done++) await deliver(queue[done]!);
      } catch {
        for (const item of queue.slice(done)) undelivered.add(item);
      }
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
  return batch.filter((item) => undelivered.has(item));
}
