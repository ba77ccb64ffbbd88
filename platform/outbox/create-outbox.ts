import { setTimeout as sleep } from 'node:timers/promises';
import type { Registry } from 'prom-client';
import { v7 as uuidv7 } from 'uuid';
import { until } from '../iteration/until.ts';
import type { Logger } from '../log/log.ts';
import { type StoreMetrics, storeMetrics } from '../store-metrics.ts';
import type { EventBus } from './event-bus.ts';
import { EVENTS, type EventInput, type EventType } from './events.ts';
import type { Outbox, SqlClient, SqlTransaction } from './outbox.ts';
import { OutboxTable } from './outbox-table.ts';

const FIRST_LOOK_MS = 10;
const POLL_MS = 2_000;
const HOUSEKEEPING_MS = 3_600_000;
const BATCH = 100;

/**
 * The outbox of one owner, and the relay that hands its events to the bus. Any number of processes may run one on the
 * same tables.
 *
 * The relay looks shortly after something was recorded, again and again with growing pauses (the transaction may take a
 * while to commit), and every two seconds in any case: for what other processes recorded and could not hand over.
 *
 * @param client the owner's Prisma client.
 */
export function createOutbox(options: {
  owner: string;
  client: SqlClient;
  events: EventBus;
  log: Logger;
  metrics: Registry;
  lifecycle: AsyncDisposableStack;
  pollMs?: number;
}): Outbox {
  const relay = new Relay(options.owner, new OutboxTable(options.owner, options.client), options);
  options.lifecycle.defer(() => relay.close());
  return {
    async record<T extends EventType>(tx: SqlTransaction, type: T, payload: EventInput<T>): Promise<string> {
      const { version, payload: schema, aggregate } = EVENTS[type];
      const checked = schema.parse(payload);
      const id = uuidv7();
      const name = (aggregate as (checked: unknown) => string)(checked);
      await OutboxTable.insert(tx, { id, type, version, aggregate: name, payload: checked });
      relay.nudge();
      return id;
    },
    async drain(signal) {
      relay.nudge();
      await until(async () => ((await relay.pending()) === 0 ? true : undefined), {
        waitMs: Number.POSITIVE_INFINITY,
        everyMs: 20,
        signal,
      });
    },
  };
}

class Relay {
  readonly #owner: string;
  readonly #table: OutboxTable;
  readonly #bus: EventBus;
  readonly #log: Logger;
  readonly #metrics: StoreMetrics;
  readonly #pollMs: number;
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;
  #pause = FIRST_LOOK_MS;
  #wake: AbortController | undefined;
  #nextHousekeeping = 0;

  constructor(
    owner: string,
    table: OutboxTable,
    { events, log, metrics, pollMs = POLL_MS }: { events: EventBus; log: Logger; metrics: Registry; pollMs?: number },
  ) {
    this.#owner = owner;
    this.#table = table;
    this.#bus = events;
    this.#log = log;
    this.#metrics = storeMetrics(metrics);
    this.#pollMs = pollMs;
    this.#running = this.#run();
  }

  nudge(): void {
    this.#pause = FIRST_LOOK_MS;
    this.#wake?.abort();
  }

  pending(): Promise<number> {
    return this.#table.pending();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    // A batch that is being handed over may end in peace; a consumer that hangs does not hold up the shutdown.
    await Promise.race([this.#running, sleep(5_000, undefined, { ref: false })]);
  }

  async #run(): Promise<void> {
    const closing = this.#closing.signal;
    await Promise.race([this.#bus.started, new Promise((resolve) => closing.addEventListener('abort', resolve))]);
    while (!closing.aborted) {
      let handed = 0;
      try {
        handed = await this.#relayOnce();
        await this.#keepHouse();
      } catch (error) {
        this.#metrics.outboxFailures.inc({ owner: this.#owner });
        this.#log.warn({ err: error, owner: this.#owner }, 'Events could not be handed over; trying again.');
      }
      if (handed > 0) this.#pause = FIRST_LOOK_MS;
      if (handed === BATCH) continue;
      await this.#rest();
    }
  }

  async #rest(): Promise<void> {
    const pause = this.#pause;
    this.#pause = Math.min(pause * 2, this.#pollMs);
    this.#wake = new AbortController();
    const signal = AbortSignal.any([this.#wake.signal, this.#closing.signal]);
    await sleep(pause, undefined, { signal, ref: false }).catch(() => {});
    // A nudge comes before its transaction commits: give it the moment that it was promised.
    if (this.#wake.signal.aborted) await sleep(FIRST_LOOK_MS, undefined, { ref: false });
    this.#wake = undefined;
  }

  async #relayOnce(): Promise<number> {
    const events = await this.#table.claim(BATCH);
    if (events.length === 0) return 0;
    const ids = events.map((event) => event.id);
    try {
      if ((await this.#bus.publish(this.#owner, events)) === 'forgotten') {
        const again = await this.#table.unpublishAll();
        await this.#bus.remember(this.#owner);
        this.#metrics.outboxRepublished.inc({ owner: this.#owner }, again);
        return BATCH;
      }
    } catch (error) {
      await this.#table.release(ids);
      throw error;
    }
    await this.#table.published(ids);
    this.#metrics.outboxPublished.inc({ owner: this.#owner }, events.length);
    return events.length;
  }

  async #keepHouse(): Promise<void> {
    if (performance.now() < this.#nextHousekeeping) return;
    this.#nextHousekeeping = performance.now() + HOUSEKEEPING_MS;
    this.#metrics.outboxPending.set({ owner: this.#owner }, await this.#table.pending());
    await this.#table.deleteOld();
  }
}
