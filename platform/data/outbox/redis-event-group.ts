import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Logger } from '../../base/log/log.ts';
import type { StoreMetrics } from '../../base/metrics/store-metrics.ts';
import { decodeEvent, type PlatformEvent } from '../../contracts/events.ts';
import type { RedisConnections, RedisScript } from '../../realtime/redis/redis.ts';
import { deliverInOrder } from './deliver-in-order.ts';
import type { Deliver } from './event-bus.ts';

interface Item {
  readonly entry: string;
  readonly event: PlatformEvent;
  readonly deliveries: number;
}

const BATCH = 100;
const BLOCK_MS = 1_000;
const HOUSEKEEPING_MS = 15_000;
/** There is one reader at a time, so there is one name: what a former reader did not confirm is ours to read again. */
const CONSUMER = 'reader';

/**
 * log reader; group after epoch token → entries, last entry of the log | fenced. Only the latest holder of the lease is
 * given anything: what a former one took after it was replaced would lie there, given out and never confirmed. The
 * token tells apart two that a Redis without memory gave the same epoch.
 */
const READ = `
local current = redis.call('GET', KEYS[2])
local mine = ARGV[3] .. ' ' .. ARGV[4]
if current and current ~= mine and tonumber(string.match(current, '^%d+')) >= tonumber(ARGV[3]) then return 'fenced' end
redis.call('SET', KEYS[2], mine)
local reply = redis.call('XREADGROUP', 'GROUP', ARGV[1], '${CONSUMER}', 'COUNT', ${BATCH}, 'STREAMS', KEYS[1], ARGV[2])
local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
return {reply and reply[1][2] or {}, newest[1] and newest[1][1] or '0-0'}`;

/** The one reader of a consumer group, while it holds the group's lease. */
export class RedisEventGroup {
  readonly #redis: RedisConnections;
  readonly #key: string;
  readonly #group: string;
  readonly #deliver: Deliver;
  readonly #log: Logger;
  readonly #metrics: StoreMetrics;
  readonly #read: RedisScript;
  readonly #token = randomUUID();
  #connection: Redis | undefined;
  #nextHousekeeping = 0;

  constructor(
    redis: RedisConnections,
    key: string,
    group: string,
    deliver: Deliver,
    log: Logger,
    metrics: StoreMetrics,
  ) {
    this.#redis = redis;
    this.#key = key;
    this.#group = group;
    this.#deliver = deliver;
    this.#log = log;
    this.#metrics = metrics;
    this.#read = redis.script('sextantEventsRead', 2, READ);
  }

  /**
   * Reads until `signal` aborts.
   *
   * @param epoch of the lease.
   * @throws when Redis fails or somebody else reads; what was not confirmed comes again.
   */
  async run(epoch: number, signal: AbortSignal): Promise<void> {
    await this.#createGroup();
    await this.#readPending(epoch, signal);
    await this.#readNew(epoch, signal);
  }

  close(): void {
    this.#connection?.disconnect();
    this.#connection = undefined;
  }

  async #createGroup(): Promise<void> {
    try {
      await this.#redis.commands.xgroup('CREATE', this.#key, this.#group, '0', 'MKSTREAM');
    } catch (error) {
      if (!String(error).includes('BUSYGROUP')) throw error;
    }
  }

  /** What a former reader was given and did not confirm. */
  async #readPending(epoch: number, signal: AbortSignal): Promise<void> {
    for (let after = '0'; !signal.aborted; ) {
      const { entries } = await this.#take(after, epoch);
      const last = entries.at(-1)?.[0];
      if (last === undefined) return;
      const { commands } = this.#redis;
      const pending = await commands.xpending(this.#key, this.#group, entries[0]![0], last, BATCH, CONSUMER);
      const deliveries = new Map((pending as [string, string, number, number][]).map(([id, , , count]) => [id, count]));
      await this.#handOut(entries, (id) => deliveries.get(id) ?? 1, signal);
      after = last;
    }
  }

  async #readNew(epoch: number, signal: AbortSignal): Promise<void> {
    this.#connection ??= this.#redis.blocking(`events-${this.#group}`);
    while (!signal.aborted) {
      await this.#keepHouse();
      const { entries, newest } = await this.#take('>', epoch);
      if (entries.length > 0) await this.#handOut(entries, () => 1, signal);
      // Only a bell, for whatever comes after that look: what there is to read is given out by the script.
      else await this.#connection.xread('COUNT', 1, 'BLOCK', BLOCK_MS, 'STREAMS', this.#key, newest);
    }
  }

  async #take(after: string, epoch: number): Promise<{ entries: Entry[]; newest: string }> {
    const reading = this.#read(this.#key, `${this.#key}:reader:${this.#group}`, this.#group, after, epoch, this.#token);
    const reply = (await this.#redis.guard('events', reading)) as [Entry[], string] | 'fenced';
    if (reply === 'fenced') throw new Error(`Another process reads for ${this.#group}.`);
    return { entries: reply[0], newest: reply[1] };
  }

  /** Resolves when everything is delivered and confirmed, or when `signal` aborts. */
  async #handOut(entries: Entry[], deliveriesOf: (entry: string) => number, signal: AbortSignal): Promise<void> {
    let items: Item[] = [];
    for (const [entry, fields] of entries) {
      const event = fields ? decodeEvent(fields[1] ?? '') : undefined;
      if (event) items.push({ entry, event, deliveries: deliveriesOf(entry) });
      else {
        this.#log.error({ entry, group: this.#group }, 'An event in Redis is gone or unreadable; skipped.');
        await this.#confirm(entry);
      }
    }
    for (let failures = 0; items.length > 0 && !signal.aborted; failures++) {
      // A consumer whose database is away: everything it could not take waits here, in order.
      if (failures > 0) {
        const pauseMs = Math.min(50 * 2 ** failures, 5_000);
        await sleep(pauseMs, undefined, { signal, ref: false }).catch(() => {});
      }
      items = await deliverInOrder(items, async ({ entry, event, deliveries }) => {
        signal.throwIfAborted();
        await this.#deliver(event, deliveries, signal);
        await this.#confirm(entry);
      });
    }
  }

  async #confirm(entry: string): Promise<void> {
    await this.#redis.guard('events', this.#redis.commands.xack(this.#key, this.#group, entry));
  }

  /** Drops what every group has confirmed, and says how much this one has before it. */
  async #keepHouse(): Promise<void> {
    if (performance.now() < this.#nextHousekeeping) return;
    this.#nextHousekeeping = performance.now() + HOUSEKEEPING_MS;
    const { commands } = this.#redis;
    const groups = ((await commands.xinfo('GROUPS', this.#key)) as unknown[][]).map(
      (flat) =>
        Object.fromEntries(pairs(flat)) as {
          name: string;
          pending: number;
          lag: number | null;
          'last-delivered-id': string;
        },
    );
    const oldest: string[] = [];
    for (const group of groups) {
      if (group.name === this.#group)
        this.#metrics.busBacklog.set({ group: this.#group }, group.pending + (group.lag ?? 0));
      if (group.pending === 0) oldest.push(group['last-delivered-id']);
      else oldest.push(((await commands.xpending(this.#key, group.name)) as [number, string])[1]);
    }
    const needed = oldest.sort(byEntryId)[0];
    if (needed !== undefined) await commands.xtrim(this.#key, 'MINID', '~', needed);
  }
}

type Entry = [id: string, fields: string[] | null];

const pairs = (flat: unknown[]): [string, unknown][] =>
  Array.from({ length: flat.length / 2 }, (_, index) => [String(flat[2 * index]), flat[2 * index + 1]]);

function byEntryId(a: string, b: string): number {
  const [aMs, aSeq] = a.split('-').map(Number) as [number, number];
  const [bMs, bSeq] = b.split('-').map(Number) as [number, number];
  return aMs - bMs || aSeq - bSeq;
}
