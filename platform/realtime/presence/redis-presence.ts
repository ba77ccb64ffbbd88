import type { Registry } from 'prom-client';
import { v7 as uuidv7 } from 'uuid';
import type { CancelSignal } from '../../base/cancellation/cancellation.ts';
import { guarded } from '../../base/faults/guarded.ts';
import type { JsonObject } from '../../base/json/json.ts';
import type { Logger } from '../../base/log/log.ts';
import { type StoreMetrics, storeMetrics } from '../../base/metrics/store-metrics.ts';
import type { RedisConnections } from '../redis/redis.ts';
import type { Topics } from '../topics/topics.ts';
import {
  PRESENCE_TTL_MS,
  type Presence,
  type PresenceConnection,
  type PresenceEvent,
  type PresenceState,
  type PresentMember,
  TYPING_TTL_MS,
} from './presence.ts';
import { RedisRooms } from './redis-rooms.ts';
import { RoomChanges } from './room-changes.ts';
import { RoomPace } from './room-pace.ts';
import { RoomView } from './room-view.ts';
import { type Connection, checkPresence } from './roster.ts';
import { watchRoom } from './watchers.ts';

interface LocalConnection {
  readonly room: string;
  readonly id: string;
  connection: Connection;
  /** Redis does not know what we know. */
  dirty: boolean;
}

/**
 * The presence among all processes of one Redis. A connection's record names the process that holds it, and a process
 * shows life for all its connections with one heartbeat: ten thousand subscriptions cost as much as one. The record of
 * a room is always read as a whole, so every replica gives the same answer; what passes by pub/sub is only "look
 * again".
 */
export class RedisPresence implements Presence {
  readonly #topics: Topics;
  readonly #rooms: RedisRooms;
  readonly #changes: RoomChanges;
  readonly #log: Logger;
  readonly #metrics: StoreMetrics;
  readonly #typingTtlMs: number;
  readonly #local = new Map<string, LocalConnection>();
  /** Connections that left while Redis did not listen. */
  readonly #leaving = new Map<string, string>();
  readonly #views = new Map<string, RoomView>();
  readonly #pace = new RoomPace();
  readonly #heart: NodeJS.Timeout;
  #beats = 0;
  #believedAlive = false;
  #alive = new Set<string>();

  constructor(options: {
    redis: RedisConnections;
    topics: Topics;
    log: Logger;
    metrics: Registry;
    lifecycle: AsyncDisposableStack;
    ttlMs?: number;
    typingTtlMs?: number;
  }) {
    const ttlMs = options.ttlMs ?? PRESENCE_TTL_MS;
    this.#topics = options.topics;
    this.#log = options.log;
    this.#metrics = storeMetrics(options.metrics);
    this.#typingTtlMs = options.typingTtlMs ?? TYPING_TTL_MS;
    this.#rooms = new RedisRooms(options.redis, ttlMs);
    this.#changes = new RoomChanges(this.#rooms, (room) => void this.#tell(room));
    this.#heart = setInterval(
      guarded({ where: 'presence', log: this.#log }, () => this.#beat()),
      ttlMs / 3,
    ).unref();
    // Two connections, which come back one after the other: what was missed is known when both are there.
    const { commands, channels } = options.redis;
    const onReturn = guarded({ where: 'presence', log: this.#log }, () => this.#return());
    commands.on('ready', onReturn);
    const forgetReturn = channels.onReturn(onReturn);
    options.lifecycle.defer(async () => {
      clearInterval(this.#heart);
      forgetReturn();
      commands.off('ready', onReturn);
      for (const view of this.#views.values()) view.close();
      const last = [...this.#local.values()].map(({ room, id }) => this.#leave(room, id));
      await Promise.all(last);
    });
  }

  async join(
    room: string,
    userId: string,
    { state = 'ONLINE', details }: { readonly state?: PresenceState; readonly details?: JsonObject } = {},
  ): Promise<PresenceConnection> {
    checkPresence(room, userId, details);
    if (!this.#believedAlive) await this.#beat();
    const id = uuidv7();
    const local: LocalConnection = { room, id, connection: { userId, state, since: Date.now(), details }, dirty: true };
    this.#local.set(id, local);
    this.#metrics.presenceConnections.inc();
    await this.#register(local);
    const leave = () => this.#leave(room, id);
    return {
      connectionId: id,
      setState: async (next) => {
        if (!this.#local.has(id)) return;
        local.connection = { ...local.connection, state: next };
        local.dirty = true;
        await this.#register(local);
      },
      leave,
      [Symbol.asyncDispose]: leave,
    };
  }

  async setState(room: string, userId: string, state: PresenceState): Promise<boolean> {
    const changed = await this.#rooms.setState(room, userId, state);
    for (const local of this.#local.values()) {
      if (local.room === room && local.connection.userId === userId) local.connection = { ...local.connection, state };
    }
    if (changed) await this.#tell(room);
    return changed;
  }

  async setTyping(room: string, userId: string, typing: boolean): Promise<boolean> {
    const changed = await this.#rooms.setTyping(room, userId, typing ? this.#typingTtlMs : 0);
    if (changed) await this.#tell(room);
    return changed;
  }

  async members(room: string): Promise<PresentMember[]> {
    return (await this.#rooms.read(room)).members;
  }

  watch(room: string, { signal }: { readonly signal?: CancelSignal } = {}): AsyncIterable<PresenceEvent> {
    let view: RoomView | undefined;
    return watchRoom({
      prepare: async () => {
        view = this.#views.get(room) ?? new RoomView(room, this.#rooms, this.#topics, this.#pace);
        this.#views.set(room, view);
        await view.hold();
      },
      enter: () => view!.state(),
      leave: () => {
        if (!view?.release()) return;
        view.close();
        if (this.#views.get(room) === view) this.#views.delete(room);
      },
      signal,
      metrics: this.#metrics,
    });
  }

  async #register(local: LocalConnection): Promise<void> {
    try {
      local.dirty = false;
      await this.#changes.set(local.room, local.id, local.connection);
    } catch (error) {
      local.dirty = true;
      this.#log.debug({ err: error }, 'A connection could not be announced; the next heartbeat does it.');
    }
  }

  async #leave(room: string, id: string): Promise<void> {
    if (!this.#local.delete(id)) return;
    this.#metrics.presenceConnections.dec();
    this.#leaving.set(id, room);
    await this.#sayGoodbye(room, id);
  }

  async #sayGoodbye(room: string, id: string): Promise<void> {
    try {
      await this.#changes.set(room, id, undefined);
      this.#leaving.delete(id);
    } catch (error) {
      this.#log.debug({ err: error }, 'A leave was not heard; the next heartbeat repeats it.');
    }
  }

  /** "Look again", to everybody who watches the room. */
  #tell(room: string): Promise<void> {
    return this.#topics.publish(`presence:${room}`, null);
  }

  async #beat(): Promise<void> {
    this.#beats++;
    try {
      const { lapsed, alive } = await this.#rooms.beat();
      this.#believedAlive = true;
      // Redis thought us dead (an outage, a paused process) or has lost its memory: everything is said again.
      if (lapsed) for (const local of this.#local.values()) local.dirty = true;
      await Promise.all([...this.#local.values()].filter((local) => local.dirty).map((local) => this.#register(local)));
      await Promise.all([...this.#leaving].map(([id, room]) => this.#sayGoodbye(room, id)));
      if (this.#beats % 100 === 0)
        await this.#rooms.touch(new Set([...this.#local.values()].map((local) => local.room)));
      const gone = [...this.#alive].filter((process) => !alive.has(process));
      this.#alive = alive;
      for (const view of this.#views.values()) if (gone.some((process) => view.shows(process))) view.look();
    } catch (error) {
      this.#believedAlive = false;
      this.#log.debug({ err: error }, 'A heartbeat did not reach Redis.');
    }
  }

  /** Redis is back: whatever was said meanwhile was missed. */
  async #return(): Promise<void> {
    await this.#beat();
    for (const view of this.#views.values()) view.look();
  }
}
