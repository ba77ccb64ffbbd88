import { randomUUID } from 'node:crypto';
import { Bulkhead } from '../../base/faults/bulkhead.ts';
import type { JsonObject } from '../../base/json/json.ts';
import type { RedisConnections, RedisScript } from '../redis/redis.ts';
import { NOW_LUA } from '../redis/redis-time.ts';
import type { PresenceState, PresentMember } from './presence.ts';
import { byArrival, type Connection, memberOf } from './roster.ts';

/** processes; process ttlMs → lapsed, alive processes */
const BEAT = `
${NOW_LUA}
local until_ = redis.call('ZSCORE', KEYS[1], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - 60000)
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
return {(until_ and tonumber(until_) > now) and 0 or 1, redis.call('ZRANGEBYSCORE', KEYS[1], now, '+inf')}`;

/** room processes → now, alive processes, fields and values */
const READ = `
${NOW_LUA}
return {now, redis.call('ZRANGEBYSCORE', KEYS[2], now, '+inf'), redis.call('HGETALL', KEYS[1])}`;

/** room; field value … → how many were still there and were set */
const REPLACE = `
local set = 0
for i = 1, #ARGV, 2 do
  if redis.call('HEXISTS', KEYS[1], ARGV[i]) == 1 then redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) set = set + 1 end
end
return set`;

/** A room that no process writes to any more is garbage. Processes touch the rooms that they have connections in. */
const ROOM_TTL_MS = 3 * 3_600_000;

/** Rooms that a process reads at a time: what all rooms at once want to know must not keep other commands waiting. */
const READS_AT_ONCE = 16;

interface Stored {
  u: string;
  s: PresenceState;
  t: number;
  d?: JsonObject | undefined;
  /** The process that holds the connection. */
  p: string;
}

export interface RoomState {
  readonly members: PresentMember[];
  /** Processes that hold a connection shown here. */
  readonly processes: Set<string>;
  /** Ms until the next typing indicator ends. */
  readonly typingEndsIn: number | undefined;
}

/**
 * The records in Redis. A room is a hash: `c:<connection>` to the connection, `t:<user>` to the time until which the
 * user is typing. `presence-processes` is a sorted set of the living processes by the time until which they count as
 * such.
 */
export class RedisRooms {
  readonly processId = randomUUID();
  readonly #redis: RedisConnections;
  readonly #ttlMs: number;
  readonly #processes: string;
  readonly #beat: RedisScript;
  readonly #read: RedisScript;
  readonly #replace: RedisScript;
  readonly #reads = new Bulkhead(READS_AT_ONCE);

  constructor(redis: RedisConnections, ttlMs: number) {
    this.#redis = redis;
    this.#ttlMs = ttlMs;
    this.#processes = `${redis.prefix}presence-processes`;
    this.#beat = redis.script('sextantPresenceBeat', 1, BEAT);
    this.#read = redis.script('sextantPresenceRead', 2, READ);
    this.#replace = redis.script('sextantPresenceReplace', 1, REPLACE);
  }

  async beat(): Promise<{ lapsed: boolean; alive: Set<string> }> {
    const beating = this.#beat(this.#processes, this.processId, this.#ttlMs);
    const [lapsed, alive] = (await this.#redis.guard('presence', beating)) as [number, string[]];
    return { lapsed: lapsed === 1, alive: new Set(alive) };
  }

  /** Writes and removes connections, all by one round trip. @param changes without a connection: it has left. */
  async write(
    changes: readonly { readonly room: string; readonly id: string; readonly connection: Connection | undefined }[],
  ): Promise<void> {
    await this.#pipeline((pipeline) => {
      for (const [room, own] of Map.groupBy(changes, (change) => change.room)) {
        const key = this.#key(room);
        const there = own.flatMap(({ id, connection }) => (connection ? [`c:${id}`, this.#stored(connection)] : []));
        const gone = own.filter(({ connection }) => !connection).map(({ id }) => `c:${id}`);
        if (there.length > 0) pipeline.hset(key, ...there).pexpire(key, ROOM_TTL_MS);
        if (gone.length > 0) pipeline.hdel(key, ...gone);
      }
      return pipeline;
    });
  }

  async setState(room: string, userId: string, state: PresenceState): Promise<boolean> {
    const { connections } = await this.#load(room);
    const own = [...connections].filter(([, stored]) => stored.u === userId);
    if (own.length === 0) return false;
    const fields = own.flatMap(([id, stored]) => [`c:${id}`, JSON.stringify({ ...stored, s: state })]);
    return ((await this.#redis.guard('presence', this.#replace(this.#key(room), ...fields))) as number) > 0;
  }

  /** @param forMs 0: not typing any more. */
  async setTyping(room: string, userId: string, forMs: number): Promise<boolean> {
    const { now, connections } = await this.#load(room);
    if (![...connections.values()].some((stored) => stored.u === userId)) return false;
    const key = this.#key(room);
    const { commands } = this.#redis;
    const writing = forMs > 0 ? commands.hset(key, `t:${userId}`, now + forMs) : commands.hdel(key, `t:${userId}`);
    await this.#redis.guard('presence', writing);
    return true;
  }

  async read(room: string): Promise<RoomState> {
    const { now, connections, typing } = await this.#load(room);
    // By id, which is by age: a hash has no order, and every replica must see the same connection as the newest.
    const ordered = [...connections].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, stored]) => stored);
    const byUser = Map.groupBy(ordered, (stored) => stored.u);
    const members: PresentMember[] = [];
    let typingEndsIn: number | undefined;
    for (const [userId, stored] of byUser) {
      const left = (typing.get(userId) ?? 0) - now;
      if (left > 0) typingEndsIn = Math.min(left, typingEndsIn ?? left);
      const own = stored.map(({ s, t, d }): Connection => ({ userId, state: s, since: t, details: d }));
      members.push(memberOf(userId, own, left > 0)!);
    }
    const processes = new Set([...connections.values()].map((stored) => stored.p));
    return { members: members.sort(byArrival), processes, typingEndsIn };
  }

  async touch(rooms: ReadonlySet<string>): Promise<void> {
    await this.#pipeline((pipeline) => {
      for (const room of rooms) pipeline.pexpire(this.#key(room), ROOM_TTL_MS);
      return pipeline;
    });
  }

  #stored({ userId, state, since, details }: Connection): string {
    return JSON.stringify({ u: userId, s: state, t: since, d: details, p: this.processId } satisfies Stored);
  }

  async #load(room: string) {
    const read = () => this.#redis.guard('presence', this.#read(this.#key(room), this.#processes));
    const [now, alive, flat] = (await this.#reads.run(read)) as [number, string[], string[]];
    const living = new Set(alive);
    const connections = new Map<string, Stored>();
    const typing = new Map<string, number>();
    const stale: string[] = [];
    for (let index = 0; index < flat.length; index += 2) {
      const [field, value] = [flat[index]!, flat[index + 1]!];
      if (field.startsWith('t:')) {
        typing.set(field.slice(2), Number(value));
        if (Number(value) < now) stale.push(field);
        continue;
      }
      const stored = JSON.parse(value) as Stored;
      if (living.has(stored.p)) connections.set(field.slice(2), stored);
      else stale.push(field);
    }
    // Left behind by killed processes; one that was only paused says everything again when it wakes.
    if (stale.length > 0) this.#redis.commands.hdel(this.#key(room), ...stale).catch(() => {});
    return { now, connections, typing };
  }

  async #pipeline(
    fill: (pipeline: ReturnType<RedisConnections['commands']['pipeline']>) => {
      exec(): Promise<[Error | null, unknown][] | null>;
    },
  ): Promise<void> {
    const results = await this.#redis.guard('presence', fill(this.#redis.commands.pipeline()).exec());
    for (const [error] of results ?? []) if (error) await this.#redis.guard('presence', Promise.reject(error));
  }

  #key(room: string): string {
    return `${this.#redis.prefix}presence:{${room}}`;
  }
}
