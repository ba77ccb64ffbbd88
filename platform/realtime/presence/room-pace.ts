/** Events that the watchers of all rooms of a process are told in a second, about, while more happens. */
const EVENTS_PER_SECOND = 1_000;
/** At most so often is a room read again, in ms: many changes at once are one look. */
const PAUSE_MS = 20;
/** No room is left alone for longer, in ms, however many watch it. */
const MAX_PAUSE_MS = 5_000;

/**
 * The pace at which rooms that change are read again. What changes between two looks is told as one event, and each
 * watcher is told each event: the rest of a room after a look is the longer, the more events the look has caused and
 * the more rooms change at the time. So a storm of people who come back tells everybody the same in fewer words.
 */
export class RoomPace {
  #changing = 0;

  /** A room begins to be read again. */
  begins(): void {
    this.#changing++;
  }

  /** It has come to rest. */
  ends(): void {
    this.#changing--;
  }

  /** Returns the time before a room is read again, in ms. @param tookMs of the look. @param events that it caused. */
  pauseAfter(tookMs: number, events: number): number {
    // A large room that changes all the time is read for half of the time at most.
    const least = Math.max(PAUSE_MS, tookMs);
    return Math.max(least, Math.min((events * this.#changing * 1_000) / EVENTS_PER_SECOND, MAX_PAUSE_MS));
  }
}
