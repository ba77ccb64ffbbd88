/** Events that the watchers of all rooms of a process are told in a second, about, while more happens. */
const EVENTS_PER_SECOND = 1_000;
/** So many events of one look, such as of two people who type, are told at once, whatever happens in other rooms. */
const FEW_EVENTS = 4;
/** At most so often is a room read again, in ms: many changes at once are one look. */
const PAUSE_MS = 20;
/** No room is left alone for longer, in ms, however many watch it. */
const MAX_PAUSE_MS = 5_000;

/**
 * The pace at which rooms that change are read again. What changes between two looks is told as one event, and each
 * watcher is told each event: the rest of a room after a look is the longer, the more events the look has caused and
 * the more others cause at the time. So a storm of people who come back tells everybody the same in fewer words.
 *
 * Rooms share the events of a second evenly, and one that does not need its share leaves it to the others: a room slows
 * others by what it costs, so a person's hundred rooms without others slow no room.
 */
export class RoomPace {
  /** What the last look at each room that changes has caused, where that was more than few. */
  readonly #costs = new Map<object, number>();

  /** Returns the time before a room is read again, in ms. @param tookMs of the look. @param events that it caused. */
  pauseAfter(room: object, tookMs: number, events: number): number {
    // A large room that changes all the time is read for half of the time at most.
    const least = Math.max(PAUSE_MS, tookMs);
    this.#costs.delete(room);
    if (events <= FEW_EVENTS) return least;
    this.#costs.set(room, events);
    let shared = 0;
    for (const cost of this.#costs.values()) shared += Math.min(cost, events);
    return Math.max(least, Math.min((shared * 1_000) / EVENTS_PER_SECOND, MAX_PAUSE_MS));
  }

  /** A room has come to rest. */
  ends(room: object): void {
    this.#costs.delete(room);
  }
}
