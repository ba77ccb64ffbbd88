import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../../base/log/log.ts';
import type { StoreMetrics } from '../../base/metrics/store-metrics.ts';
import type { Lease, Leases } from '../../realtime/leases/leases.ts';
import type { RedisConnections, RedisScript } from '../../realtime/redis/redis.ts';
import type { EventGroup } from './event-bus.ts';
import { RedisEventLane } from './redis-event-lane.ts';
import { COUNT_MEMBERS } from './redis-event-scripts.ts';

const LEASE_MS = 10_000;
/**
 * How often within a lease a member asks again for lanes without a reader and for the number of members: two looks that
 * come late do not make it one that is gone.
 */
const LOOKS_OF_LEASE = 5;
const FIRST_LOOK_MS = 500;

/** Returns the key of the members that a group has, of the version whose types it takes. */
export const membersKey = (prefix: string, { name }: Pick<EventGroup, 'name'>): string => `${prefix}members:${name}`;

/** The parts that a member works with. */
export interface MemberParts {
  readonly group: EventGroup;
  /** Of every key of the bus. */
  readonly prefix: string;
  readonly redis: RedisConnections;
  readonly leases: Leases;
  readonly log: Logger;
  readonly metrics: StoreMetrics;
  readonly leaseMs?: number | undefined;
  /**
   * Makes the group's lanes, if need be.
   *
   * @param first whether this process has just come.
   * @returns false when a member of another version, which takes other types, came later: this one then stands aside.
   */
  join(first: boolean): Promise<boolean>;
}

/** A process in a group: it reads the lanes whose leases it holds, no more than its share. */
export class RedisEventMember {
  readonly #parts: MemberParts;
  readonly #name = randomUUID();
  /** Of the members that the group has. */
  readonly #key: string;
  readonly #lanes: RedisEventLane[];
  readonly #leaseMs: number;
  readonly #members: RedisScript;
  /** Lanes that are read here, with what ends it. */
  readonly #reading = new Map<RedisEventLane, AbortController>();
  #hasEntered = false;
  #isOurs = false;
  readonly #running = new Set<Promise<void>>();

  constructor(parts: MemberParts) {
    this.#parts = parts;
    this.#key = membersKey(parts.prefix, parts.group);
    this.#leaseMs = parts.leaseMs ?? LEASE_MS;
    this.#members = parts.redis.script('sextantEventsMembers', 1, COUNT_MEMBERS);
    this.#lanes = Array.from({ length: parts.group.lanes ?? 1 }, (_, n) => new RedisEventLane({ ...parts, lane: n }));
  }

  /** Makes the group known, so that what is published from here on comes to it; later, if Redis is away. */
  async enter(): Promise<void> {
    try {
      this.#isOurs = await this.#parts.join(true);
      this.#hasEntered = true;
    } catch (error) {
      this.#parts.log.debug({ err: error, group: this.#parts.group.name }, 'Joining a group failed; trying again.');
    }
  }

  /** Takes part until `leaving` aborts and what is being handled is done. */
  async run(leaving: AbortSignal): Promise<void> {
    const { redis, prefix, group, log } = this.#parts;
    const bell = `${prefix}bell:${group.name}`;
    const ring = () => {
      for (const lane of this.#lanes) lane.ring();
    };
    await redis.channels.listen(bell, ring);
    const noReturn = redis.channels.onReturn(ring);
    for (let looks = 0; !leaving.aborted; looks++) {
      try {
        if (looks > 0) this.#isOurs = await this.#parts.join(!this.#hasEntered);
        this.#hasEntered = true;
        await this.#look(this.#isOurs ? await this.#share() : 0, leaving);
      } catch (error) {
        log.debug({ err: error, group: group.name }, 'Taking part in events failed; trying again.');
      }
      // Members do not ask in step.
      const lookMs = this.#leaseMs / LOOKS_OF_LEASE;
      const isNew = this.#reading.size < this.#lanes.length && looks < 10;
      const pauseMs = isNew ? Math.min(FIRST_LOOK_MS, lookMs) : lookMs;
      await sleep(pauseMs * (0.5 + Math.random()), undefined, { signal: leaving, ref: false }).catch(() => {});
    }
    noReturn();
    redis.channels.unlisten(bell);
    await Promise.all(this.#running);
    // The others take over at once.
    await redis.commands.zrem(this.#key, this.#name).catch(() => {});
  }

  /** How many lanes are this member's. */
  async #share(): Promise<number> {
    const { redis } = this.#parts;
    const members = (await redis.guard('events', this.#members(this.#key, this.#name, this.#leaseMs))) as number;
    return Math.ceil(this.#lanes.length / members);
  }

  /** Lets go of lanes above the share, and takes those without a reader below it. */
  async #look(share: number, leaving: AbortSignal): Promise<void> {
    const { group, leases } = this.#parts;
    for (const own of [...this.#reading.values()].slice(share)) own.abort();
    // Those who come at once begin at different lanes, and do not go for the same.
    const first = Math.floor(Math.random() * this.#lanes.length);
    for (const lane of [...this.#lanes.slice(first), ...this.#lanes.slice(0, first)]) {
      if (this.#reading.size >= share || leaving.aborted) return;
      if (this.#reading.has(lane)) continue;
      const lease = await leases.acquire(`events:${group.name}:${lane.number}`, { ttlMs: this.#leaseMs });
      if (lease) this.#read(lane, lease, leaving);
    }
  }

  #read(lane: RedisEventLane, lease: Lease, memberLeaving: AbortSignal): void {
    const leaving = new AbortController();
    this.#reading.set(lane, leaving);
    const signal = AbortSignal.any([lease.lost, memberLeaving, leaving.signal]);
    const reading = lane
      .read(lease.epoch, signal)
      .catch((error) => this.#parts.log.debug({ err: error, lane: lane.key }, 'Reading events failed; trying again.'))
      .then(() => lease.release())
      .finally(() => {
        this.#reading.delete(lane);
        this.#running.delete(reading);
      });
    this.#running.add(reading);
  }
}
