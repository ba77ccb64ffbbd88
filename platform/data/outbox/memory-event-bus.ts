import type { Registry } from 'prom-client';
import { CodedError } from '../../base/errors/errors.ts';
import { type StoreMetrics, storeMetrics } from '../../base/metrics/store-metrics.ts';
import type { PlatformEvent } from '../../contracts/events.ts';
import { deliverInOrder } from './deliver-in-order.ts';
import type { Deliver, EventBus } from './event-bus.ts';

/** Events within one process. The outbox table is its only memory: what is not dealt with stays there. */
export class MemoryEventBus implements EventBus {
  /** A group that has left stands for nobody: the process stops, and its events are to wait for the next start. */
  readonly #groups = new Map<string, Deliver | undefined>();
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
    const batch = events.map((event) => ({ event }));
    const outcomes = await Promise.all(
      [...this.#groups].map(async ([group, deliver]) => {
        const backlog = { group };
        this.#metrics.busBacklog.inc(backlog, batch.length);
        const undelivered = await deliverInOrder(batch, ({ event }) => deliver!(event, 1, this.#closing.signal));
        this.#metrics.busBacklog.dec(backlog, batch.length);
        return undelivered.length === 0;
      }),
    );
    if (!outcomes.every(Boolean)) throw new CodedError('SERVICE_UNAVAILABLE', 'A consumer could not take the events.');
    return 'taken';
  }

  async memory(): Promise<string> {
    return '';
  }

  async remember(): Promise<void> {}

  async join(group: string, deliver: Deliver): Promise<AsyncDisposable> {
    if (this.#groups.get(group) !== undefined) throw new TypeError(`The group ${group} has a member already.`);
    this.#groups.set(group, deliver);
    return {
      [Symbol.asyncDispose]: async () => {
        this.#groups.set(group, undefined);
      },
    };
  }
}
