import { guarded } from '../../base/faults/guarded.ts';
import type { Subscription, Topics } from '../topics/topics.ts';
import type { PresentMember } from './presence.ts';
import type { RedisRooms } from './redis-rooms.ts';
import type { RoomPace } from './room-pace.ts';
import { byArrival, changeOf } from './roster.ts';
import { Watchers } from './watchers.ts';

/** After a look that failed: a Redis that answers too late is not asked at once again. */
const PAUSE_AFTER_FAILURE_MS = 500;

/** A room as this process' watchers see it: read again whenever a process says that it changed, and compared. */
export class RoomView {
  readonly #room: string;
  readonly #rooms: RedisRooms;
  readonly #topics: Topics;
  readonly #pace: RoomPace;
  readonly #watchers = new Watchers();
  #members = new Map<string, PresentMember>();
  #processes = new Set<string>();
  #opening: Promise<void> | undefined;
  #subscription: Subscription | undefined;
  #looking = false;
  #again = false;
  #closed = false;
  #typingTimer: NodeJS.Timeout | undefined;
  /** Watchers that are there or about to be. */
  #visitors = 0;

  constructor(room: string, rooms: RedisRooms, topics: Topics, pace: RoomPace) {
    this.#room = room;
    this.#rooms = rooms;
    this.#topics = topics;
    this.#pace = pace;
  }

  /** One more visitor. Resolves when the room is known; `release` is due even if it rejects. */
  async hold(): Promise<void> {
    this.#visitors++;
    this.#opening ??= this.#open();
    await this.#opening;
  }

  /** @returns whether it was the last visitor. */
  release(): boolean {
    this.#visitors--;
    return this.#visitors === 0;
  }

  state(): { watchers: Watchers; members: PresentMember[] } {
    return { watchers: this.#watchers, members: [...this.#members.values()].sort(byArrival) };
  }

  shows(process: string): boolean {
    return this.#processes.has(process);
  }

  /** Something may have changed. */
  look(): void {
    this.#again = true;
    if (this.#looking || this.#closed) return;
    this.#looking = true;
    void this.#lookUntilQuiet();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#typingTimer);
    this.#subscription?.close();
  }

  async #open(): Promise<void> {
    try {
      const subscription = await this.#topics.subscribe(`presence:${this.#room}`, () => this.look());
      if (this.#closed) subscription.close();
      else this.#subscription = subscription;
      await this.#lookOnce();
    } catch (error) {
      // The next watcher tries again.
      this.#subscription?.close();
      this.#opening = undefined;
      throw error;
    }
  }

  async #lookUntilQuiet(): Promise<void> {
    while (this.#again && !this.#closed) {
      this.#again = false;
      // When Redis is away the view stays as it is; its return makes us look again.
      const began = performance.now();
      const pause = await this.#lookOnce().then(
        (changes) => this.#pace.pauseAfter(this, performance.now() - began, changes * this.#watchers.size),
        () => PAUSE_AFTER_FAILURE_MS,
      );
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
    this.#looking = false;
    this.#pace.ends(this);
  }

  /** Reads the room and tells what is new. Returns the number of people whom that is about. */
  async #lookOnce(): Promise<number> {
    const { members, processes, typingEndsIn } = await this.#rooms.read(this.#room);
    if (this.#closed) return 0;
    const before = this.#members;
    let changes = 0;
    this.#members = new Map(members.map((member) => [member.userId, member]));
    this.#processes = processes;
    for (const userId of new Set([...before.keys(), ...this.#members.keys()])) {
      const change = changeOf(before.get(userId), this.#members.get(userId));
      if (!change) continue;
      changes++;
      this.#watchers.tell(change);
    }
    clearTimeout(this.#typingTimer);
    if (typingEndsIn !== undefined)
      this.#typingTimer = setTimeout(
        guarded({ where: 'presence' }, () => this.look()),
        typingEndsIn + 1,
      ).unref();
    return changes;
  }
}
