/** A connection, or a stream of HTTP/2: what bytes are sent on. */
export interface Outlet {
  /** Bytes that were written and not taken yet. */
  readonly writableLength: number;
  /** All bytes that were written. */
  readonly bytesWritten: number;
  destroy(): void;
}

/** The time that bytes may wait for their reader: one for all, and more where there are many. */
export interface ReadingBounds {
  readonly graceMs: number;
  readonly bytesPerSecond: number;
}

/** How long it has been that nothing was taken of what waits. */
interface Stuck {
  /** Bytes that were taken before. */
  readonly taken: number;
  /** When it is cut, as `performance.now()` tells. */
  readonly until: number;
}

/**
 * A watch over answers: whether they are read. A client that asks for a large answer and does not read it makes the
 * server hold it: for ever, because neither HTTP/1.1 nor HTTP/2 knows a time for that, nor forbids a window of zero.
 */
export class UnreadAnswers {
  readonly #bounds: ReadingBounds;
  readonly #cut: (outlet: Outlet) => void;
  readonly #outlets = new Map<Outlet, Stuck | undefined>();

  /** @param cut is told of each that is ended, before it is. */
  constructor(bounds: ReadingBounds, cut: (outlet: Outlet) => void) {
    this.#bounds = bounds;
    this.#cut = cut;
  }

  add(outlet: Outlet): void {
    this.#outlets.set(outlet, undefined);
  }

  delete(outlet: Outlet): void {
    this.#outlets.delete(outlet);
  }

  /** Ends what is not read. @param now as `performance.now()` tells. */
  look(now: number): void {
    for (const [outlet, stuck] of this.#outlets) {
      const { writableLength: waiting } = outlet;
      if (waiting === 0) {
        if (stuck) this.#outlets.set(outlet, undefined);
        continue;
      }
      const taken = outlet.bytesWritten - waiting;
      if (stuck?.taken !== taken) {
        const { graceMs, bytesPerSecond } = this.#bounds;
        this.#outlets.set(outlet, { taken, until: now + graceMs + (waiting / bytesPerSecond) * 1_000 });
      } else if (now >= stuck.until) {
        this.#outlets.delete(outlet);
        this.#cut(outlet);
        outlet.destroy();
      }
    }
  }
}
