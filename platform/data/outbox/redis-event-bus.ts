import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Registry } from 'prom-client';
import type { Logger } from '../../base/log/log.ts';
import { type StoreMetrics, storeMetrics } from '../../base/metrics/store-metrics.ts';
import type { PlatformEvent } from '../../contracts/events.ts';
import type { Leases } from '../../realtime/leases/leases.ts';
import type { RedisConnections, RedisScript } from '../../realtime/redis/redis.ts';
import type { EventBus, EventGroup, PublishOutcome } from './event-bus.ts';
import { membersKey, RedisEventMember } from './redis-event-member.ts';
import { JOIN, PUBLISH, REMEMBER } from './redis-event-scripts.ts';

const LEAVE_MS = 5_000;

/**
 * The events between processes: for each consuming subgraph some Redis streams, its lanes. An aggregate's events lie in
 * one lane of the group. Of a group's members one reads a lane at a time, by lease, because order per aggregate is
 * worth more here than parallel consumers; the lanes are shared out among the members. Another takes over within the
 * lease's time, and starts with what the former was given and did not confirm.
 */
export class RedisEventBus implements EventBus {
  readonly remembers = true;
  readonly #redis: RedisConnections;
  readonly #leases: Leases;
  readonly #log: Logger;
  readonly #metrics: StoreMetrics;
  /** Of every key. */
  readonly #prefix: string;
  readonly #keys: readonly [groups: string, knows: string];
  readonly #publish: RedisScript;
  readonly #remember: RedisScript;
  readonly #join: RedisScript;
  readonly #starting = Promise.withResolvers<void>();
  readonly #lifecycle: AsyncDisposableStack;
  readonly #leaseMs: number | undefined;

  constructor(options: {
    redis: RedisConnections;
    leases: Leases;
    log: Logger;
    metrics: Registry;
    lifecycle: AsyncDisposableStack;
    leaseMs?: number;
  }) {
    this.#redis = options.redis;
    this.#leases = options.leases;
    this.#log = options.log;
    this.#metrics = storeMetrics(options.metrics);
    this.#lifecycle = options.lifecycle;
    this.#leaseMs = options.leaseMs;
    this.#prefix = `${options.redis.prefix}{events}:`;
    this.#keys = [`${this.#prefix}groups`, `${this.#prefix}knows`];
    this.#publish = options.redis.script('sextantEventsPublish', 2, PUBLISH);
    this.#remember = options.redis.script('sextantEventsRemember', 2, REMEMBER);
    this.#join = options.redis.script('sextantEventsJoin', 3, JOIN);
  }

  get started(): Promise<void> {
    return this.#starting.promise;
  }

  start(): void {
    this.#starting.resolve();
  }

  async publish(owner: string, events: readonly PlatformEvent[], memory = '*'): Promise<PublishOutcome> {
    const items = events.flatMap((event) => [event.type, hashOf(event.aggregate), JSON.stringify(event)]);
    const publishing = this.#publish(...this.#keys, this.#prefix, owner, memory, ...items);
    return (await this.#redis.guard('events', publishing)) as PublishOutcome;
  }

  async memory(owner: string): Promise<string> {
    return (await this.#redis.guard('events', this.#redis.commands.hget(this.#keys[1], owner))) ?? '';
  }

  async remember(owner: string): Promise<void> {
    await this.#redis.guard('events', this.#remember(...this.#keys, this.#prefix, owner, randomUUID()));
  }

  async join(group: EventGroup): Promise<AsyncDisposable> {
    const takes = [String(group.lanes ?? 1), ...group.types.toSorted()].join(' ');
    const member = new RedisEventMember({
      group,
      prefix: this.#prefix,
      redis: this.#redis,
      leases: this.#leases,
      log: this.#log,
      metrics: this.#metrics,
      leaseMs: this.#leaseMs,
      join: async (first) => {
        const members = membersKey(this.#prefix, group);
        const joining = this.#join(...this.#keys, members, this.#prefix, group.name, takes, first ? 1 : 0);
        return (await this.#redis.guard('events', joining)) === 'same';
      },
    });
    await member.enter();
    const leaving = new AbortController();
    const running = member.run(leaving.signal);
    const leave = async () => {
      leaving.abort();
      // What is being handled may end in peace; a handler that hangs does not hold up the shutdown.
      await Promise.race([running, sleep(LEAVE_MS, undefined, { ref: false })]);
    };
    this.#lifecycle.defer(leave);
    return { [Symbol.asyncDispose]: leave };
  }
}

/** The same number for an aggregate in every process. */
const hashOf = (aggregate: string): number => createHash('md5').update(aggregate).digest().readUInt32BE();
