import { setTimeout as sleep } from 'node:timers/promises';
import type { Registry } from 'prom-client';
import { v7 as uuidv7 } from 'uuid';
import { until } from '../../base/iteration/until.ts';
import type { Logger } from '../../base/log/log.ts';
import { type StoreMetrics, storeMetrics } from '../../base/metrics/store-metrics.ts';
import { EVENTS, type EventInput, type EventType, type PlatformEvent } from '../../contracts/events.ts';
import type { EventBus } from './event-bus.ts';
import type { Outbox, SqlClient, SqlTransaction } from './outbox.ts';
import { OutboxTable } from './outbox-table.ts';

const FIRST_LOOK_MS = 10;
const POLL_MS = 2_000;
/** Polls between two questions whether the bus still remembers. */
const PROBE_EVERY = 5;
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
  #nextProbe = 0;
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
    this.#wake?.abort();
    // A batch that is being handed over may end in peace; a consumer that hangs does not hold up the shutdown.
    await Promise.race([this.#running, sleep(5_000, undefined, { ref: false })]);
  }

  async #run(): Promise<void> {
    const closing = this.#closing.signal;
    await Promise.race([this.#bus.started, new Promise((resolve) => closing.addEventListener('abort', resolve))]);
    for (let failing = false; !closing.aborted; ) {
      let handed = 0;
      try {
        await this.#keepHouse();
        handed = await this.#relayOnce();
        if (failing && handed > 0) this.#log.info({ owner: this.#owner }, 'Events are handed over again.');
        failing &&= handed === 0;
      } catch (error) {
        this.#metrics.outboxFailures.inc({ owner: this.#owner });
        const level = failing ? 'debug' : 'warn';
        this.#log[level](
          { err: error, owner: this.#owner },
          'Events cannot be handed over; trying again until they are.',
        );
        failing = true;
      }
      if (handed > 0) this.#pause = FIRST_LOOK_MS;
      if (handed < BATCH && !closing.aborted) await this.#rest();
    }
  }

  async #rest(): Promise<void> {
    const pause = this.#pause;
    this.#pause = Math.min(pause * 2, this.#pollMs);
    const wake = new AbortController();
    this.#wake = wake;
    await sleep(pause, undefined, { signal: wake.signal, ref: false }).catch(() => {});
    this.#wake = undefined;
    // A nudge comes before its transaction commits: give it a moment.
    if (wake.signal.aborted) await sleep(FIRST_LOOK_MS, undefined, { ref: false });
  }

  async #relayOnce(): Promise<number> {
    // Before the claim: if another relay begins to publish older events again meanwhile, the bus refuses ours.
    const memory = await this.#bus.memory(this.#owner);
    const claim = await this.#table.claim(BATCH);
    const { events } = claim;
    if (events.length === 0) return 0;
    try {
      if (!(await this.#hand(events, memory))) {
        await this.#table.release(claim);
        return BATCH;
      }
    } catch (error) {
      await this.#table.release(claim);
      throw error;
    }
    await this.#table.published(claim);
    this.#metrics.outboxPublished.inc({ owner: this.#owner }, events.length);
    return events.length;
  }

  /** @returns whether the bus took them; if not, they and all that it may have lost wait to be published again. */
  async #hand(events: readonly PlatformEvent[], memory: string): Promise<boolean> {
    const answer = await this.#bus.publish(this.#owner, events, memory);
    if (answer === 'taken') return true;
    if (answer === 'changed') return false;
    const again = await this.#table.unpublish(answer === 'forgotten' ? 'all' : 'latest');
    await this.#bus.remember(this.#owner);
    this.#metrics.outboxRepublished.inc({ owner: this.#owner }, again);
    return false;
  }

  async #keepHouse(): Promise<void> {
    const now = performance.now();
    if (now >= this.#nextProbe) {
      this.#nextProbe = now + PROBE_EVERY * this.#pollMs;
      this.#metrics.outboxPending.set({ owner: this.#owner }, await this.#table.pending());
      // A loss must be noticed even if nothing is ever published again.
      await this.#hand([], await this.#bus.memory(this.#owner));
    }
    if (now >= this.#nextHousekeeping) {
      this.#nextHousekeeping = now + HOUSEKEEPING_MS;
      await this.#table.deleteOld();
    }
  }
}
