import { Cancellation, type CancelSignal } from '#platform/base/cancellation/cancellation.ts';

/** Something shares the work of an equal one that began at most this long ago, in milliseconds. */
export const SHARING_WINDOW_MS = 50;

/** A run of work that several equal callers wait for. */
export interface Flight<Answer> {
  readonly key: string;
  readonly answer: Promise<Answer>;
  readonly cancellation: Cancellation;
  readonly began: number;
  waiting: number;
  /** What those who wait have left behind at their signals. */
  readonly listeners: { readonly signal: CancelSignal; readonly leave: () => void }[];
}

/** A power of two, many times what is under way at once. */
const SLOTS = 4_096;
/** Characters of a key that say in which slot it is; keys are compared whole. */
const SAMPLES = 512;

/**
 * The flights by their keys, a slot for each; two keys of one slot cost the earlier one its company. Not a Map: one
 * that thousands come and go in makes new tables all the time, and each old table keeps the next one, with all that is
 * in it, from the garbage collector's quick rounds. That took 7 % of a small operation.
 */
export class Flights<Answer> {
  readonly #slots = new Array<Flight<Answer> | undefined>(SLOTS).fill(undefined);

  /** Returns the flight that an equal caller may join. One that everybody has left comes to nothing. */
  running(key: string, now: number): Flight<Answer> | undefined {
    const flight = this.#slots[slotOf(key)];
    if (flight?.key !== key || flight.cancellation.aborted) return undefined;
    return now - flight.began <= SHARING_WINDOW_MS ? flight : undefined;
  }

  /** Begins one that others can join until it is over. */
  begin(key: string, now: number, start: (cancellation: Cancellation) => Promise<Answer>): Flight<Answer> {
    const cancellation = new Cancellation();
    const answer = start(cancellation);
    const flight: Flight<Answer> = { key, answer, cancellation, began: now, waiting: 0, listeners: [] };
    const slot = slotOf(key);
    this.#slots[slot] = flight;
    const over = (): void => {
      if (this.#slots[slot] === flight) this.#slots[slot] = undefined;
      // A signal may last for much longer than the work, and for that of others.
      for (const { signal, leave } of flight.listeners) signal.removeEventListener('abort', leave);
    };
    flight.answer.then(over, over);
    return flight;
  }
}

/** FNV-1a. */
function slotOf(key: string): number {
  let hash = 0x811c9dc5 ^ key.length;
  const step = key.length > SAMPLES ? Math.ceil(key.length / SAMPLES) : 1;
  for (let i = 0; i < key.length; i += step) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return (hash ^ (hash >>> 16)) & (SLOTS - 1);
}

/** Waits with the others; the work is given up when the last of them has left. */
export function join<Answer>(flight: Flight<Answer>, signal: CancelSignal | undefined): Promise<Answer> {
  flight.waiting++;
  if (signal) {
    const leave = (): void => {
      if (--flight.waiting === 0) flight.cancellation.abort(signal.reason);
    };
    signal.addEventListener('abort', leave);
    flight.listeners.push({ signal, leave });
  }
  return flight.answer;
}
