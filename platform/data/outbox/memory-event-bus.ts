import type { Registry } from 'prom-client';
import { CodedError } from '../../base/errors/errors.ts';
import { type StoreMetrics, storeMetrics } from '../../base/metrics/store-metrics.ts';
import type { PlatformEvent } from '../../contracts/events.ts';
import type { Delivery, EventBus, EventGroup } from './event-bus.ts';
import { OrderedDelivery } from './ordered-delivery.ts';

type Item = Pick<Delivery, 'event' | 'deliveries'>;

/** The events within one process. The outbox table is its only memory: what is not dealt with stays there. */
export class MemoryEventBus implements EventBus {
  readonly remembers = false;
  /** A group that has left stands for no consumer: the process stops, and its events are to wait for the next start. */
  readonly #groups = new Map<string, EventGroup | undefined>();
  readonly #closing = new AbortController();
  readonly #starting = Promise.withResolvers<void>();
  readonly #metrics: StoreMetrics;

  constructor(options: { metrics: Registry; lifecycle: AsyncDisposableStack }) {
    this.#metrics = storeMetrics(options.metrics);
    options.lifecycle.defer(() => this.#closing.abort());
  }

  get started(): Promise<void> {
    return this.#starting.promise;
  }

  start(): void {
    this.#starting.resolve();
  }

  async publish(_owner: string, events: readonly PlatformEvent[]): Promise<'taken'> {
    if (events.length > 0 && [...this.#groups.values()].includes(undefined))
      throw new CodedError(
        'SERVICE_UNAVAILABLE',
        'A consumer has left: the process stops, and its events wait for the next start.',
      );
    const outcomes = await Promise.allSettled([...this.#groups.values()].map((group) => this.#tell(group!, events)));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (!failed) return 'taken';
    const error = new CodedError('SERVICE_UNAVAILABLE', 'A consumer could not take the events.');
    error.cause = failed.reason;
    throw error;
  }

  async #tell(group: EventGroup, events: readonly PlatformEvent[]): Promise<void> {
    const items = events.filter(({ type }) => group.types.includes(type)).map((event) => ({ event, deliveries: 1 }));
    if (items.length === 0) return;
    const { signal } = this.#closing;
    const backlog = { group: group.name, lane: '0' };
    let left = items.length;
    const done = (some: readonly Item[]) => {
      left -= some.length;
      this.#metrics.busBacklog.dec(backlog, some.length);
    };
    this.#metrics.busBacklog.inc(backlog, items.length);
    try {
      const delivery = new OrderedDelivery<Item>(group, async (some) => done(some));
      await delivery.offer(items, signal);
      await delivery.settled();
      signal.throwIfAborted();
    } finally {
      this.#metrics.busBacklog.dec(backlog, left);
    }
  }

  async memory(): Promise<string> {
    return '';
  }

  async remember(): Promise<void> {}

  async join(group: EventGroup): Promise<AsyncDisposable> {
    if (this.#groups.get(group.name) !== undefined)
      throw new TypeError(`The group ${group.name} has a member already.`);
    this.#groups.set(group.name, group);
    return {
      [Symbol.asyncDispose]: async () => {
        this.#groups.set(group.name, undefined);
      },
    };
  }
}
