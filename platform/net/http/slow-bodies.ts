/** A body that is on its way from a client. */
export interface ArrivingBody {
  /** Bytes that were read of it. */
  readonly received: number;
  /** Whether bytes of it have come that are not read: it waits for the server, not for its client. */
  readonly isWaiting: boolean;
  /** Whether nothing more of it comes. */
  readonly isWhole: boolean;
  destroy(): void;
}

/** The time that a body may take. */
export interface BodyBounds {
  /** For any body, in milliseconds. */
  readonly bodyGraceMs: number;
  /** Each byte that comes gives it more time. */
  readonly bodyBytesPerSecond: number;
  /** For the largest, in milliseconds. */
  readonly bodyMaxMs: number;
}

/**
 * A watch over bodies: whether they come. Bytes by the minute would hold a request, its place and its connection for
 * ever; a bound for the whole of a body would refuse those whose line is slow.
 */
export class SlowBodies {
  readonly #bounds: BodyBounds;
  readonly #cut: () => void;
  readonly #begun = new Map<ArrivingBody, number>();
  #looked = 0;

  /** @param cut is told of each that is ended, before it is. */
  constructor(bounds: BodyBounds, cut: () => void) {
    this.#bounds = bounds;
    this.#cut = cut;
  }

  /** @param now as `performance.now()` tells. */
  add(body: ArrivingBody, now: number): void {
    this.#begun.set(body, now);
  }

  delete(body: ArrivingBody): void {
    this.#begun.delete(body);
  }

  /** Ends what comes too slowly. @param now as `performance.now()` tells. */
  look(now: number): void {
    const { bodyGraceMs, bodyBytesPerSecond, bodyMaxMs } = this.#bounds;
    for (const [body, begun] of this.#begun) {
      if (body.isWhole) this.#begun.delete(body);
      else if (body.isWaiting) this.#begun.set(body, begun + now - Math.max(begun, this.#looked));
      else if (now - begun >= Math.min(bodyMaxMs, bodyGraceMs + (body.received / bodyBytesPerSecond) * 1_000)) {
        this.#begun.delete(body);
        this.#cut();
        body.destroy();
      }
    }
    this.#looked = now;
  }
}
