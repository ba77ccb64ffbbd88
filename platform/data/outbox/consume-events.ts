import type { Counter, Registry } from 'prom-client';
import { isAway } from '../../base/errors/outage.ts';
import { every } from '../../base/faults/every.ts';
import type { Logger } from '../../base/log/log.ts';
import { storeMetrics } from '../../base/metrics/store-metrics.ts';
import { EVENTS, type EventType, type PlatformEvent } from '../../contracts/events.ts';
import type { Delivery, EventBus } from './event-bus.ts';
import { GatheredDelivery } from './gathered-delivery.ts';
import { InboxTable } from './inbox-table.ts';
import {
  type BatchHandler,
  type EventHandler,
  type EventHandlers,
  MAX_ATTEMPTS,
  MAX_BATCH,
  type SqlClient,
  type SqlTransaction,
} from './outbox.ts';

const TRANSACTION = { maxWait: 5_000, timeout: 30_000 };
const CLEANUP_MS = 3_600_000;
/** Time between two looks for parked events that are to be tried again. */
const PARKED_MS = 60_000;
/** What an event weighs whose handler takes one at a time: its statements hold up the others of a small database. */
const WEIGHT_ALONE = 10;

/** The events that a subgraph hears, and the place where it notes that it has. */
export interface ConsumerOptions<Tx extends SqlTransaction> {
  /** The name of the subgraph; its replicas share the work. */
  readonly consumer: string;
  /** The subgraph's Prisma client; `handlers` write through the transaction they are given. */
  readonly client: SqlClient<Tx>;
  readonly events: EventBus;
  readonly handlers: EventHandlers<Tx>;
  /** Members of the group that may work at the same time; see `EventGroup`. */
  readonly lanes?: number | undefined;
  /** Events in one transaction at most; default `MAX_BATCH`. */
  readonly batch?: number | undefined;
  readonly log: Logger;
  readonly metrics: Registry;
  readonly lifecycle: AsyncDisposableStack;
  /** Pause before the second attempt at an event, in ms; each later one is four times as long. */
  readonly retryMs?: number | undefined;
  /** Time between two looks for parked events that are to be tried again; default a minute. */
  readonly parkedMs?: number | undefined;
}

/** A consumer whose parked events may be tried again. */
export interface ParkedEvents {
  /** Tries those again that a person wants tried. */
  tryParked(): Promise<void>;
}

/** Lets a subgraph take part in what others tell. Call it once, before the process calls `events.start()`. */
export async function consumeEvents<Tx extends SqlTransaction>(options: ConsumerOptions<Tx>): Promise<ParkedEvents> {
  const { consumer: name, events, handlers, lanes, batch: most = MAX_BATCH, log, lifecycle, retryMs } = options;
  const consumer = new Consumer(options);
  const gathered = new GatheredDelivery((batch) => consumer.deliver(batch), most, log);
  const member = await events.join({
    name,
    types: Object.keys(handlers) as EventType[],
    lanes,
    batch: most,
    retryMs,
    deliver: (batch) => (lanes === undefined ? consumer.deliver(batch) : gathered.deliver(batch)),
  });
  lifecycle.defer(() => member[Symbol.asyncDispose]());
  lifecycle.defer(every(CLEANUP_MS, { where: 'inbox', log }, () => consumer.cleanup()));
  lifecycle.defer(every(options.parkedMs ?? PARKED_MS, { where: 'inbox', log }, () => consumer.tryParked()));
  return consumer;
}

type Outcome = 'handled' | 'duplicate' | 'retried' | 'parked';

/** An event whose payload is what its type says. */
interface Checked {
  readonly delivery: Delivery;
  readonly event: PlatformEvent;
}

/** Events of one transaction that one handler takes together. */
interface Run<Tx extends SqlTransaction> {
  readonly handler: EventHandler<EventType, Tx> | BatchHandler<EventType, Tx>;
  readonly events: PlatformEvent[];
}

class Consumer<Tx extends SqlTransaction> implements ParkedEvents {
  readonly #name: string;
  readonly #client: SqlClient<Tx>;
  readonly #inbox: InboxTable;
  readonly #handlers: EventHandlers<Tx>;
  readonly #most: number;
  readonly #log: Logger;
  readonly #outcomes: Counter<'consumer' | 'outcome'>;

  constructor({ consumer, client, handlers, batch = MAX_BATCH, log, metrics }: ConsumerOptions<Tx>) {
    this.#name = consumer;
    this.#client = client;
    this.#inbox = new InboxTable(client);
    this.#handlers = handlers;
    this.#most = batch;
    this.#log = log;
    this.#outcomes = storeMetrics(metrics).inboxEvents;
  }

  async deliver(batch: readonly Delivery[]): Promise<Delivery[]> {
    const failed: Checked[] = [];
    for (const part of this.#parts(await this.#wanted(batch))) failed.push(...(await this.#handleAll(part, failed)));
    return failed.map(({ delivery }) => delivery);
  }

  async tryParked(): Promise<void> {
    for (const event of await this.#inbox.wanted()) {
      try {
        const payload = EVENTS[event.type].payload.parse(event.payload);
        const checked = { ...event, payload, recordedAt: new Date(event.recordedAt) } as PlatformEvent;
        await this.#handle([checked], (tx) => InboxTable.take(tx, event.id));
      } catch (error) {
        // What it needs is away: the next look tries it again, without another word of the person.
        if (isAway(error)) {
          this.#log.warn({ err: error, eventId: event.id, type: event.type }, 'a parked event waits for what is away');
          continue;
        }
        await this.#inbox.parkAgain(event.id, problemOf(error));
        this.#log.warn({ err: error, eventId: event.id, type: event.type }, 'a parked event failed again');
      }
    }
  }

  cleanup(): Promise<void> {
    return this.#inbox.deleteOld();
  }

  /** Those with a handler, checked. What can never be handled is parked. */
  async #wanted(batch: readonly Delivery[]): Promise<Checked[]> {
    const wanted: Checked[] = [];
    for (const delivery of batch) {
      const { event, deliveries } = delivery;
      if (!this.#handlers[event.type]) continue;
      const payload = EVENTS[event.type].payload.safeParse(event.payload);
      if (!payload.success) await this.#park(event, 1, payload.error);
      else if (deliveries > MAX_ATTEMPTS)
        await this.#park(event, deliveries, new Error('it was never confirmed: did it end the process?'));
      else wanted.push({ delivery, event: { ...event, payload: payload.data } as PlatformEvent });
    }
    return wanted;
  }

  /** Cuts a batch into what may share a transaction. */
  *#parts(batch: readonly Checked[]): Generator<Checked[]> {
    let part: Checked[] = [];
    let weight = 0;
    for (const one of batch) {
      part.push(one);
      weight += typeof this.#handlers[one.event.type] === 'function' ? WEIGHT_ALONE : 1;
      if (weight < this.#most) continue;
      yield part;
      part = [];
      weight = 0;
    }
    if (part.length > 0) yield part;
  }

  /**
   * Handles all in one transaction, or if that fails in two halves, and so on.
   *
   * @param before what failed before in this batch.
   * @returns what failed, and what comes after it in its aggregate.
   * @throws when the database is away, or something else that an event needs: the batch comes again.
   */
  async #handleAll(part: readonly Checked[], before: readonly Checked[]): Promise<Checked[]> {
    const held = new Set(before.map(({ event }) => event.aggregate));
    const free = part.filter(({ event }) => !held.has(event.aggregate));
    const behind = part.filter(({ event }) => held.has(event.aggregate));
    if (free.length === 0) return behind;
    try {
      await this.#handle(free.map(({ event }) => event));
      return behind;
    } catch (error) {
      // A database that is away is not a fault of the events: they come again, as often as it takes.
      await this.#inbox.check();
      const [one] = free;
      // Neither is another store that a handler needs; by then it is known which event needs it.
      if (free.length === 1 && isAway(error)) throw error;
      if (free.length === 1) return (await this.#failed(one!, error)) ? behind : [one!, ...behind];
    }
    const half = Math.ceil(free.length / 2);
    const first = await this.#handleAll(free.slice(0, half), []);
    return [...first, ...(await this.#handleAll(free.slice(half), first)), ...behind];
  }

  /**
   * The effects and the notes that they happened, or neither.
   *
   * @param isOurs asked first; false: nothing is done.
   */
  async #handle(events: readonly PlatformEvent[], isOurs?: (tx: Tx) => Promise<boolean>): Promise<void> {
    const handled = await this.#client.$transaction(async (tx) => {
      if (isOurs && !(await isOurs(tx))) return 0;
      const unseen = await InboxTable.note(tx, events);
      const fresh = events.filter(({ id }) => unseen.delete(id));
      await InboxTable.dropDeleted(tx, fresh);
      for (const { handler, events: run } of this.#runs(fresh)) {
        if (typeof handler === 'function') await handler(run[0]!, tx);
        else await handler.handle(run, tx);
      }
      return fresh.length;
    }, TRANSACTION);
    this.#count('handled', handled);
    this.#count('duplicate', events.length - handled);
  }

  #runs(events: readonly PlatformEvent[]): Run<Tx>[] {
    const runs: Run<Tx>[] = [];
    for (const event of events) {
      const handler = this.#handlers[event.type] as Run<Tx>['handler'];
      const last = runs.at(-1);
      if (last?.handler === handler && typeof handler !== 'function') last.events.push(event);
      else runs.push({ handler, events: [event] });
    }
    return runs;
  }

  /** @returns whether it is parked and no more to be tried. */
  async #failed({ event, delivery: { failures } }: Checked, error: unknown): Promise<boolean> {
    const attempt = failures + 1;
    if (attempt >= MAX_ATTEMPTS) {
      await this.#park(event, attempt, error);
      return true;
    }
    this.#count('retried', 1);
    this.#log.warn(
      { err: error, eventId: event.id, type: event.type, attempt },
      'An event could not be handled; trying again.',
    );
    return false;
  }

  async #park(event: PlatformEvent, attempts: number, error: unknown): Promise<void> {
    await this.#inbox.park(event, attempts, problemOf(error));
    this.#count('parked', 1);
    this.#log.error(
      { err: error, eventId: event.id, type: event.type, attempts },
      'An event failed too often and is parked in inbox_events.',
    );
  }

  #count(outcome: Outcome, events: number): void {
    if (events > 0) this.#outcomes.inc({ consumer: this.#name, outcome }, events);
  }
}

const problemOf = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}`.slice(0, 2_000) : String(error);
