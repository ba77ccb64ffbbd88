import { setTimeout as sleep } from 'node:timers/promises';
import type { Registry } from 'prom-client';
import { backoff } from '../../base/faults/backoff.ts';
import type { Logger } from '../../base/log/log.ts';
import { type StoreMetrics, storeMetrics } from '../../base/metrics/store-metrics.ts';
import type { EventBus } from './event-bus.ts';
import type { OutboxTable } from './outbox-table.ts';

/** Time from one batch to the next, so that under load what is recorded meanwhile goes in one batch. */
const GATHER_MS = 20;
/** Longest time between two looks for what another process recorded and did not hand over before it ended. */
const LOOK_MS = 30_000;
/** Time between two questions whether the bus still remembers. */
const PROBE_MS = 10_000;
const CLEANUP_MS = 3_600_000;
const FIRST_RETRY_MS = 50;
const MAX_RETRY_MS = 2_000;
const BATCH = 500;

/**
 * A relay that hands the events of one owner to the bus. It looks when a transaction that recorded something was
 * committed, and every half minute in any case.
 */
export class Relay {
  readonly #owner: string;
  readonly #table: OutboxTable;
  readonly #bus: EventBus;
  readonly #log: Logger;
  readonly #metrics: StoreMetrics;
  readonly #lookMs: number;
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;
  /** When what is known to wait is to be handed over. */
  #due = Number.POSITIVE_INFINITY;
  /** Whether it rests because there is nothing to do now. */
  #isIdle = false;
  /** Whether the last batch was as large as one may be. */
  #isFull = false;
  #interrupt: (() => void) | undefined;
  #failures = 0;
  #lastLook = Number.NEGATIVE_INFINITY;
  #nextLook = 0;
  #nextProbe = 0;
  #nextCount = 0;
  #nextCleanup = 0;

  constructor(
    owner: string,
    table: OutboxTable,
    { events, log, metrics, lookMs = LOOK_MS }: { events: EventBus; log: Logger; metrics: Registry; lookMs?: number },
  ) {
    this.#owner = owner;
    this.#table = table;
    this.#bus = events;
    this.#log = log;
    this.#metrics = storeMetrics(metrics);
    this.#lookMs = lookMs;
    this.#running = this.#run();
  }

  /** Something was recorded. @param patienceMs how long it may wait for more. */
  wake(patienceMs = 0): void {
    const due = performance.now() + patienceMs;
    if (due >= this.#due) return;
    this.#due = due;
    if (this.#isIdle) this.#interrupt?.();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#interrupt?.();
    // A batch that is being handed over may end in peace; a consumer that hangs does not hold up the shutdown.
    await Promise.race([this.#running.then(() => this.#last()), sleep(5_000, undefined, { ref: false })]);
  }

  /** Hands over what waits, where others read it after this process has ended. Never rejects. */
  async #last(): Promise<void> {
    if (!this.#bus.remembers || this.#due === Number.POSITIVE_INFINITY) return;
    await this.#handOver().catch((error: unknown) =>
      this.#log.debug({ err: error, owner: this.#owner }, 'what waits is left to the next look of another process'),
    );
  }

  async #run(): Promise<void> {
    const closing = this.#closing.signal;
    await Promise.race([this.#bus.started, new Promise((resolve) => closing.addEventListener('abort', resolve))]);
    while (!closing.aborted) {
      try {
        await this.#cleanup();
        await this.#turn();
        if (this.#failures > 0) this.#log.info({ owner: this.#owner }, 'Events are handed over again.');
        this.#failures = 0;
      } catch (error) {
        this.#metrics.outboxFailures.inc({ owner: this.#owner });
        const level = this.#failures++ > 0 ? 'debug' : 'warn';
        this.#log[level](
          { err: error, owner: this.#owner },
          'Events cannot be handed over; trying again until they are.',
        );
      }
      await this.#rest();
    }
  }

  async #turn(): Promise<void> {
    const now = performance.now();
    if (this.#isFull || now >= this.#dueAt || this.#failures > 0 || now >= this.#nextLook) {
      this.#isFull = false;
      this.#due = Number.POSITIVE_INFINITY;
      this.#lastLook = now;
      // Processes of one owner do not look in step.
      this.#nextLook = now + this.#lookMs * (0.75 + Math.random() / 2);
      await this.#handOver();
    }
    // A loss must be noticed even if nothing is ever published again.
    if (this.#bus.remembers && now >= this.#nextProbe)
      if (!(await this.#isRemembered(await this.#bus.memory(this.#owner)))) this.#due = 0;
  }

  async #handOver(): Promise<void> {
    // Before the events are read: if another relay begins to publish older ones again meanwhile, the bus refuses ours.
    const memory = await this.#bus.memory(this.#owner);
    let isTaken = true;
    const waited = await this.#table.handOver(BATCH, this.#bus.remembers, async (events) => {
      isTaken = (await this.#bus.publish(this.#owner, events, memory)) === 'taken';
      this.#nextProbe = performance.now() + PROBE_MS;
      if (isTaken) this.#metrics.outboxPublished.inc({ owner: this.#owner }, events.length);
      return isTaken;
    });
    // Not in that transaction, for which the other relays of the owner wait to make events wait again.
    if (!isTaken) await this.#isRemembered(memory);
    if (!isTaken || waited === 'busy') this.#due = 0;
    else {
      this.#isFull = waited === BATCH;
      await this.#count();
    }
  }

  async #count(): Promise<void> {
    const labels = { owner: this.#owner };
    if (!this.#isFull) this.#metrics.outboxPending.set(labels, 0);
    else if (performance.now() >= this.#nextCount) {
      this.#nextCount = performance.now() + PROBE_MS;
      this.#metrics.outboxPending.set(labels, await this.#table.pending());
    }
  }

  get #dueAt(): number {
    return Math.max(this.#due, this.#lastLook + GATHER_MS);
  }

  async #rest(): Promise<void> {
    if (this.#isFull) return;
    if (this.#failures > 0) {
      await this.#sleep(backoff(this.#failures, { firstMs: FIRST_RETRY_MS, maxMs: MAX_RETRY_MS }), false);
      return;
    }
    const next = this.#bus.remembers ? Math.min(this.#nextLook, this.#nextProbe) : this.#nextLook;
    await this.#sleep(Math.min(next, this.#dueAt) - performance.now(), true);
  }

  async #sleep(ms: number, canWake: boolean): Promise<void> {
    if (ms <= 0 || this.#closing.signal.aborted) return;
    const waking = new AbortController();
    this.#interrupt = () => waking.abort();
    this.#isIdle = canWake;
    await sleep(ms, undefined, { signal: waking.signal, ref: false }).catch(() => {});
    this.#isIdle = false;
    this.#interrupt = undefined;
  }

  /** If the bus does not remember what it was given, all that it may have lost waits to be published again. */
  async #isRemembered(memory: string): Promise<boolean> {
    this.#nextProbe = performance.now() + PROBE_MS;
    const answer = await this.#bus.publish(this.#owner, [], memory);
    if (answer === 'taken') return true;
    if (answer === 'changed') return false;
    const again = await this.#table.unpublish(answer === 'forgotten' ? 'all' : 'latest');
    await this.#bus.remember(this.#owner);
    this.#metrics.outboxRepublished.inc({ owner: this.#owner }, again);
    return false;
  }

  async #cleanup(): Promise<void> {
    if (performance.now() < this.#nextCleanup) return;
    this.#nextCleanup = performance.now() + CLEANUP_MS;
    await this.#table.deleteOld();
    if (this.#bus.remembers) await this.#table.unpublishFormer();
  }
}
