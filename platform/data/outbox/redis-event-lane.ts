import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { backoff } from '../../base/faults/backoff.ts';
import type { Logger } from '../../base/log/log.ts';
import type { StoreMetrics } from '../../base/metrics/store-metrics.ts';
import { decodeEvent } from '../../contracts/events.ts';
import type { RedisConnections, RedisScript } from '../../realtime/redis/redis.ts';
import type { Delivery, EventGroup } from './event-bus.ts';
import { OrderedDelivery } from './ordered-delivery.ts';
import { CONFIRM, READ } from './redis-event-scripts.ts';

interface Item extends Pick<Delivery, 'event' | 'deliveries'> {
  readonly entry: string;
}

const BATCH = 100;
/** Longest time between two looks for what no bell told of. */
const LOOK_MS = 5_000;
const COUNT_MS = 15_000;
/** Events of a lane that may wait behind failed ones before it reads no more. */
const MAX_HELD = 1_000;
const MAX_PAUSE_MS = 5_000;

/** A lane of a group: what its reader does while it holds the lane's lease. */
export class RedisEventLane {
  readonly number: number;
  readonly key: string;
  readonly #group: EventGroup;
  readonly #redis: RedisConnections;
  readonly #log: Logger;
  readonly #metrics: StoreMetrics;
  readonly #read: RedisScript;
  readonly #confirm: RedisScript;
  readonly #join: (first: boolean) => Promise<boolean>;
  #rung = false;
  #wake: (() => void) | undefined;
  #nextCount = 0;

  constructor(options: {
    lane: number;
    prefix: string;
    group: EventGroup;
    redis: RedisConnections;
    log: Logger;
    metrics: StoreMetrics;
    join(first: boolean): Promise<boolean>;
  }) {
    this.number = options.lane;
    this.key = `${options.prefix}lane:${options.group.name}:${options.lane}`;
    this.#group = options.group;
    this.#redis = options.redis;
    this.#log = options.log;
    this.#metrics = options.metrics;
    this.#join = (first) => options.join(first);
    this.#read = options.redis.script('sextantEventsRead', 2, READ);
    this.#confirm = options.redis.script('sextantEventsConfirm', 1, CONFIRM);
  }

  /** There is something to read. */
  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  /**
   * Reads and delivers until `signal` aborts.
   *
   * @param epoch of the lease.
   * @throws when Redis fails or another process reads; what was not confirmed comes again.
   */
  async read(epoch: number, signal: AbortSignal): Promise<void> {
    const token = randomUUID();
    const ending = new AbortController();
    const both = AbortSignal.any([signal, ending.signal]);
    const delivery = new OrderedDelivery<Item>(this.#group, (items) => this.#done(items));
    const take = (after: string, count: number) => this.#take(after, epoch, token, count);
    try {
      // What a former reader was given and did not confirm: one at a time, because one of them may have ended it.
      for (let after = '0'; !signal.aborted; ) {
        const { items, last } = await take(after, 1);
        if (last === undefined) break;
        await this.#offer(delivery, items, both);
        after = last;
      }
      while (!signal.aborted) {
        this.#rung = false;
        const { items, last } = await take('>', this.#group.batch ?? BATCH);
        await this.#offer(delivery, items, both);
        await this.#count();
        if (last === undefined) await this.#rest(signal);
        while (delivery.held > MAX_HELD && !signal.aborted) await delivery.progress();
      }
    } finally {
      ending.abort();
      await delivery.settled();
    }
  }

  async #take(
    after: string,
    epoch: number,
    token: string,
    count: number,
  ): Promise<{ items: Item[]; last: string | undefined }> {
    const reading = this.#read(this.key, `${this.key}:reader`, this.#group.name, after, epoch, token, count);
    const reply = (await this.#redis.guard('events', reading)) as (string | number)[] | 'fenced';
    if (reply === 'fenced') throw new Error(`Another process reads ${this.key}.`);
    const items: Item[] = [];
    let last: string | undefined;
    for (let i = 0; i < reply.length; i += 3) {
      last = String(reply[i]);
      const event = decodeEvent(String(reply[i + 1]));
      if (event && this.#group.types.includes(event.type))
        items.push({ entry: last, event, deliveries: Number(reply[i + 2]) });
      else await this.#skip(last, event?.type);
    }
    return { items, last };
  }

  /** What this version does not take is left to the version that does, if that has a member. */
  async #skip(entry: string, type: string | undefined): Promise<void> {
    if (type !== undefined && !(await this.#join(false)))
      throw new Error(`Another version reads ${this.key}: it takes ${type}.`);
    this.#log.error({ entry, type, group: this.#group.name }, 'an event in Redis is gone or unreadable and is skipped');
    await this.#acknowledge([entry]);
  }

  /** Resolves when each is dealt with or held, or when `signal` aborts. */
  async #offer(delivery: OrderedDelivery<Item>, items: readonly Item[], signal: AbortSignal): Promise<void> {
    for (let failures = 0; items.length > 0 && !signal.aborted; failures++) {
      try {
        return await delivery.offer(items, signal);
      } catch (error) {
        this.#log.debug({ err: error, group: this.#group.name }, 'Events cannot be handled; trying again.');
        // A consumer whose database is away: everything that it could not take waits here, in order.
        const pauseMs = backoff(failures + 1, { firstMs: 50, maxMs: MAX_PAUSE_MS });
        await sleep(pauseMs, undefined, { signal, ref: false }).catch(() => {});
      }
    }
  }

  async #done(items: readonly Item[]): Promise<void> {
    if (items.length > 0) await this.#acknowledge(items.map(({ entry }) => entry));
  }

  async #acknowledge(entries: readonly string[]): Promise<void> {
    await this.#redis.guard('events', this.#confirm(this.key, this.#group.name, ...entries));
  }

  async #rest(signal: AbortSignal): Promise<void> {
    if (this.#rung) return;
    const waking = new AbortController();
    this.#wake = () => waking.abort();
    const both = AbortSignal.any([signal, waking.signal]);
    await sleep(LOOK_MS * (0.75 + Math.random() / 2), undefined, { signal: both, ref: false }).catch(() => {});
    this.#wake = undefined;
  }

  async #count(): Promise<void> {
    if (performance.now() < this.#nextCount) return;
    this.#nextCount = performance.now() + COUNT_MS;
    const labels = { group: this.#group.name, lane: String(this.number) };
    this.#metrics.busBacklog.set(labels, await this.#redis.guard('events', this.#redis.commands.xlen(this.key)));
  }
}
