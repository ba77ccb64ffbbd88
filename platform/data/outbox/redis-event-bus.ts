import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Registry } from 'prom-client';
import type { Logger } from '../../base/log/log.ts';
import { type StoreMetrics, storeMetrics } from '../../base/metrics/store-metrics.ts';
import type { PlatformEvent } from '../../contracts/events.ts';
import type { Lease, Leases } from '../../realtime/leases/leases.ts';
import type { RedisConnections, RedisScript } from '../../realtime/redis/redis.ts';
import type { Deliver, EventBus, PublishOutcome } from './event-bus.ts';
import { RedisEventGroup } from './redis-event-group.ts';

/**
 * Beyond this many events the oldest go, whoever has not read them: a group that never comes back must not fill Redis.
 */
const MAX_EVENTS = 1_000_000;

/**
 * Names the running server. It changes with a restart, which may cost the last second of what a server writes to disk,
 * and with a failover to a replica, which may lag behind. A server that does not tell is taken for the one it was.
 */
const RUN = `
local info = redis.pcall('INFO', 'server')
local run = type(info) == 'string' and string.match(info, 'run_id:(%w+)') or 'untold'`;

/**
 * log marker; memory event… → taken | forgotten | restarted | changed. The marker holds the run in which the owner
 * published last, and an id that changes when a relay begins to publish again.
 */
const PUBLISH = `
local known = redis.call('GET', KEYS[2])
if not known or redis.call('EXISTS', KEYS[1]) == 0 then return 'forgotten' end
${RUN}
if string.match(known, '^%S+') ~= run then return 'restarted' end
if ARGV[1] ~= '*' and known ~= ARGV[1] then return 'changed' end
for i = 2, #ARGV do redis.call('XADD', KEYS[1], 'MAXLEN', '~', ${MAX_EVENTS}, '*', 'event', ARGV[i]) end
return 'taken'`;

/** log marker; id. Makes the log if need be: an empty one, by an entry that is taken out again. */
const REMEMBER = `
if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('XDEL', KEYS[1], redis.call('XADD', KEYS[1], '*', 'event', '')) end
${RUN}
redis.call('SET', KEYS[2], run .. ' ' .. ARGV[1])`;

const LEASE_MS = 10_000;
const LEAVE_MS = 5_000;
/** How long a member that is not the reader of its group waits before it asks again, in ms. */
const STANDBY_MS = 1_000;

/**
 * Events between processes: one Redis stream, one consumer group a consuming subgraph. Of a group's members one reads
 * at a time, by lease, because order per aggregate is worth more here than parallel consumers; another takes over
 * within the lease's time, and starts with what the former was given and did not confirm.
 */
export class RedisEventBus implements EventBus {
  readonly #redis: RedisConnections;
  readonly #leases: Leases;
  readonly #log: Logger;
  readonly #metrics: StoreMetrics;
  readonly #key: string;
  readonly #publish: RedisScript;
  readonly #remember: RedisScript;
  readonly #starting = Promise.withResolvers<void>();
  readonly #lifecycle: AsyncDisposableStack;
  readonly #leaseMs: number;

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
    this.#leaseMs = options.leaseMs ?? LEASE_MS;
    this.#key = `${options.redis.prefix}{events}:log`;
    this.#publish = options.redis.script('sextantEventsPublish', 2, PUBLISH);
    this.#remember = options.redis.script('sextantEventsRemember', 2, REMEMBER);
  }

  get started(): Promise<void> {
    return this.#starting.promise;
  }

  start(): void {
    this.#starting.resolve();
  }

  async publish(owner: string, events: readonly PlatformEvent[], memory = '*'): Promise<PublishOutcome> {
    const texts = events.map((event) => JSON.stringify(event));
    const publishing = this.#publish(this.#key, this.#marker(owner), memory, ...texts);
    return (await this.#redis.guard('events', publishing)) as PublishOutcome;
  }

  async memory(owner: string): Promise<string> {
    return (await this.#redis.guard('events', this.#redis.commands.get(this.#marker(owner)))) ?? '';
  }

  async remember(owner: string): Promise<void> {
    await this.#redis.guard('events', this.#remember(this.#key, this.#marker(owner), randomUUID()));
  }

  async join(group: string, deliver: Deliver): Promise<AsyncDisposable> {
    const leaving = new AbortController();
    const member = this.#takePart(group, deliver, leaving.signal);
    const leave = async () => {
      leaving.abort();
      // What is being handled may end in peace; a handler that hangs does not hold up the shutdown.
      await Promise.race([member, sleep(LEAVE_MS, undefined, { ref: false })]);
    };
    this.#lifecycle.defer(leave);
    return { [Symbol.asyncDispose]: leave };
  }

  async #takePart(group: string, deliver: Deliver, leaving: AbortSignal): Promise<void> {
    const reader = new RedisEventGroup(this.#redis, this.#key, group, deliver, this.#log, this.#metrics);
    leaving.addEventListener('abort', () => reader.close(), { once: true });
    while (!leaving.aborted) {
      let lease: Lease | undefined;
      try {
        lease = await this.#leases.acquire(`events:${group}`, { ttlMs: this.#leaseMs });
        if (lease) await reader.run(lease.epoch, AbortSignal.any([lease.lost, leaving]));
      } catch (error) {
        this.#log.debug({ err: error, group }, 'Reading events failed; trying again.');
      } finally {
        await lease?.release();
      }
      // Members do not ask in step.
      await sleep(STANDBY_MS * (0.5 + Math.random()), undefined, { signal: leaving, ref: false }).catch(() => {});
    }
  }

  #marker(owner: string): string {
    return `${this.#redis.prefix}{events}:knows:${owner}`;
  }
}
