import { randomUUID } from 'node:crypto';
import type { Registry } from 'prom-client';
import type { CancelSignal } from '../../base/cancellation/cancellation.ts';
import { guarded } from '../../base/faults/guarded.ts';
import type { JsonObject } from '../../base/json/json.ts';
import { type StoreMetrics, storeMetrics } from '../../base/metrics/store-metrics.ts';
import {
  type Presence,
  type PresenceConnection,
  type PresenceEvent,
  type PresenceState,
  type PresentMember,
  TYPING_TTL_MS,
} from './presence.ts';
import { byArrival, type Connection, changeOf, checkPresence, memberOf } from './roster.ts';
import { Watchers, watchRoom } from './watchers.ts';

interface User {
  readonly connections: Map<string, Connection>;
  typing: NodeJS.Timeout | undefined;
  shown: PresentMember | undefined;
}

interface Room {
  readonly users: Map<string, User>;
  readonly watchers: Watchers;
}

/** The presence in one process. */
export class MemoryPresence implements Presence {
  readonly #rooms = new Map<string, Room>();
  readonly #metrics: StoreMetrics;
  readonly #typingTtlMs: number;

  constructor(options: { metrics: Registry; typingTtlMs?: number }) {
    this.#metrics = storeMetrics(options.metrics);
    this.#typingTtlMs = options.typingTtlMs ?? TYPING_TTL_MS;
  }

  async join(
    room: string,
    userId: string,
    { state = 'ONLINE', details }: { readonly state?: PresenceState; readonly details?: JsonObject } = {},
  ): Promise<PresenceConnection> {
    checkPresence(room, userId, details);
    const connectionId = randomUUID();
    const { users } = this.#open(room);
    const user: User = users.get(userId) ?? { connections: new Map(), typing: undefined, shown: undefined };
    users.set(userId, user);
    user.connections.set(connectionId, { userId, state, since: Date.now(), details });
    this.#metrics.presenceConnections.inc();
    this.#settle(room, userId);
    const leave = async () => {
      if (!user.connections.delete(connectionId)) return;
      this.#metrics.presenceConnections.dec();
      this.#settle(room, userId);
    };
    return {
      connectionId,
      setState: async (next) => {
        const connection = user.connections.get(connectionId);
        if (!connection) return;
        user.connections.set(connectionId, { ...connection, state: next });
        this.#settle(room, userId);
      },
      leave,
      [Symbol.asyncDispose]: leave,
    };
  }

  async setState(room: string, userId: string, state: PresenceState): Promise<boolean> {
    const user = this.#rooms.get(room)?.users.get(userId);
    if (!user) return false;
    for (const [id, connection] of user.connections) user.connections.set(id, { ...connection, state });
    this.#settle(room, userId);
    return true;
  }

  async setTyping(room: string, userId: string, typing: boolean): Promise<boolean> {
    const user = this.#rooms.get(room)?.users.get(userId);
    if (!user) return false;
    clearTimeout(user.typing);
    user.typing = typing
      ? setTimeout(
          guarded({ where: 'presence' }, () => {
            user.typing = undefined;
            this.#settle(room, userId);
          }),
          this.#typingTtlMs,
        ).unref()
      : undefined;
    this.#settle(room, userId);
    return true;
  }

  async members(room: string): Promise<PresentMember[]> {
    return this.#members(room);
  }

  watch(room: string, { signal }: { readonly signal?: CancelSignal } = {}): AsyncIterable<PresenceEvent> {
    return watchRoom({
      enter: () => ({ watchers: this.#open(room).watchers, members: this.#members(room) }),
      leave: () => this.#cleanup(room),
      signal,
      metrics: this.#metrics,
    });
  }

  #members(room: string): PresentMember[] {
    return [...(this.#rooms.get(room)?.users.values() ?? [])].map((user) => user.shown!).sort(byArrival);
  }

  #open(room: string): Room {
    const existing = this.#rooms.get(room);
    if (existing) return existing;
    const opened: Room = { users: new Map(), watchers: new Watchers() };
    this.#rooms.set(room, opened);
    return opened;
  }

  #settle(name: string, userId: string): void {
    const room = this.#rooms.get(name);
    const user = room?.users.get(userId);
    if (!room || !user) return;
    const before = user.shown;
    user.shown = memberOf(userId, user.connections.values(), user.typing !== undefined);
    if (!user.shown) {
      clearTimeout(user.typing);
      room.users.delete(userId);
    }
    const change = changeOf(before, user.shown);
    if (change) room.watchers.tell(change);
    this.#cleanup(name);
  }

  #cleanup(name: string): void {
    const room = this.#rooms.get(name);
    if (room && room.users.size === 0 && room.watchers.size === 0) this.#rooms.delete(name);
  }
}
