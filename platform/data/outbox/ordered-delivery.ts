import { setTimeout as sleep } from 'node:timers/promises';
import type { Deliver, Delivery, EventGroup } from './event-bus.ts';

const RETRY_MS = 20;
const MAX_RETRY_MS = 5_000;

/** Events that wait behind one that failed, itself first. */
type Queue<Item> = { readonly item: Item; readonly delivery: Delivery }[];

/**
 * A delivery that hands events to a group in the order of their aggregates. One that fails is tried again alone, with
 * growing pauses; what comes after it in its aggregate waits, and everything else goes on.
 */
export class OrderedDelivery<Item extends Pick<Delivery, 'event' | 'deliveries'>> {
  readonly #deliver: Deliver;
  readonly #done: (items: readonly Item[]) => Promise<void>;
  readonly #retryMs: number;
  readonly #held = new Map<string, Queue<Item>>();
  readonly #retrying = new Set<Promise<void>>();

  /** @param done is told what is dealt with; when it throws, the events are delivered again. */
  constructor(group: Pick<EventGroup, 'deliver' | 'retryMs'>, done: (items: readonly Item[]) => Promise<void>) {
    this.#deliver = group.deliver;
    this.#retryMs = group.retryMs ?? RETRY_MS;
    this.#done = done;
  }

  /** Events that failed and those behind them. */
  get held(): number {
    return [...this.#held.values()].reduce((sum, queue) => sum + queue.length, 0);
  }

  /**
   * Delivers the events once. Resolves when each is dealt with or held.
   *
   * @throws when the group cannot work now; then nothing of it is held that was not before. Offer them again.
   */
  async offer(items: readonly Item[], signal: AbortSignal): Promise<void> {
    const offered = items.map((item) => {
      const { event, deliveries } = item;
      return { item, delivery: { event, deliveries, failures: 0 } };
    });
    const [behind, fresh] = [true, false].map((isHeld) =>
      offered.filter(({ item }) => this.#held.has(item.event.aggregate) === isHeld),
    ) as [Queue<Item>, Queue<Item>];
    if (fresh.length > 0) {
      const failed = new Set(
        await this.#deliver(
          fresh.map(({ delivery }) => delivery),
          signal,
        ),
      );
      await this.#done(fresh.filter(({ delivery }) => !failed.has(delivery)).map(({ item }) => item));
      const queues = Map.groupBy(
        fresh.filter(({ delivery }) => failed.has(delivery)),
        ({ item }) => item.event.aggregate,
      );
      for (const [aggregate, queue] of queues) this.#hold(aggregate, queue, signal);
    }
    for (const one of behind) this.#behind(one, signal);
  }

  /** Resolves when nothing is held, or `signal` of what is held has aborted. */
  async settled(): Promise<void> {
    while (this.#retrying.size > 0) await Promise.race(this.#retrying);
  }

  /** Resolves when something that was held is dealt with. */
  async progress(): Promise<void> {
    if (this.#retrying.size > 0) await Promise.race(this.#retrying);
  }

  #behind(one: Queue<Item>[number], signal: AbortSignal): void {
    const { aggregate } = one.item.event;
    const queue = this.#held.get(aggregate);
    // What it came behind may be dealt with meanwhile.
    if (queue) queue.push(one);
    else this.#hold(aggregate, [one], signal);
  }

  #hold(aggregate: string, queue: Queue<Item>, signal: AbortSignal): void {
    this.#held.set(aggregate, queue);
    const retrying: Promise<void> = this.#retry(queue, signal).finally(() => {
      this.#held.delete(aggregate);
      this.#retrying.delete(retrying);
    });
    this.#retrying.add(retrying);
  }

  async #retry(queue: Queue<Item>, signal: AbortSignal): Promise<void> {
    for (let failures = 1, pauses = 0; queue.length > 0 && !signal.aborted; ) {
      const pauseMs = Math.min(this.#retryMs * 4 ** pauses, MAX_RETRY_MS);
      await sleep(pauseMs, undefined, { signal, ref: false }).catch(() => {});
      if (signal.aborted) return;
      const { item, delivery } = queue[0]!;
      try {
        const failed = await this.#deliver([{ ...delivery, failures }], signal);
        if (failed.length > 0) {
          pauses = failures++;
          continue;
        }
        await this.#done([item]);
        queue.shift();
        failures = 0;
        pauses = -1;
      } catch {
        // Its database or the bus is away, which is not a fault of the event.
        pauses = Math.min(pauses + 1, 4);
      }
    }
  }
}
