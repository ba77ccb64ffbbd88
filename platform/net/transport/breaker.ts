/** Open when more than half of the calls of the last seconds failed, of which there must be this many. */
const SECONDS = 5;
const THRESHOLD = 0.5;
const LEAST_CALLS = 10;
/** How long an open circuit stays so before one call may try; doubles with every failed trial. */
const OPEN_MS = 500;
const MAX_OPEN_MS = 10_000;

/**
 * The circuit of one subgraph (M. Nygard, Release It!): while it does not answer, calls fail at once instead of each
 * waiting for its time limit. Told of calls instead of wrapped around them, as every subgraph request passes it and a
 * wrapper's promises cost more than the decision.
 */
export class Breaker {
  readonly #changed: (isOpen: boolean) => void;
  readonly #calls = new LastSeconds();
  #openings = 0;
  #openUntil = 0;
  #openSince = 0;
  #isGone = false;
  #isTrying = false;

  /** @param changed told when it opens and when it is closed again. */
  constructor(changed: (isOpen: boolean) => void) {
    this.#changed = changed;
  }

  get isOpen(): boolean {
    return this.#openings > 0;
  }

  /**
   * How long it has been open because there is no connection, in milliseconds: it may be a restart. Infinite when it is
   * open because calls took too long.
   */
  get goneForMs(): number {
    return this.#isGone ? performance.now() - this.#openSince : Number.POSITIVE_INFINITY;
  }

  /** Opens it at once: it is known from elsewhere that calls would only wait for their time limits. */
  trip(): void {
    if (this.#openings === 0) this.#open(false);
  }

  /** Whether a call may be made. Each that may is told of by exactly one of the methods below. */
  enter(): boolean {
    if (this.#openings === 0) return true;
    if (this.#isTrying || performance.now() < this.#openUntil) return false;
    this.#isTrying = true;
    return true;
  }

  succeeded(): void {
    if (this.#openings === 0) {
      this.#calls.count(false);
      return;
    }
    // Also one that was made before it opened: an answer is an answer.
    this.#calls.clear();
    this.#openings = 0;
    this.#isTrying = false;
    this.#changed(false);
  }

  /** @param isGone whether there was no connection, or it was lost. */
  failed(isGone: boolean): void {
    if (this.#openings === 0) {
      this.#calls.count(true);
      if (this.#calls.isBad()) this.#open(isGone);
      return;
    }
    if (!this.#isTrying) return; // made before it opened
    this.#isTrying = false;
    this.#rest();
  }

  #open(isGone: boolean): void {
    this.#isGone = isGone;
    this.#openSince = performance.now();
    this.#rest();
    this.#changed(true);
  }

  #rest(): void {
    this.#openUntil = performance.now() + Math.min(OPEN_MS * 2 ** this.#openings, MAX_OPEN_MS);
    this.#openings++;
  }

  /** The call ended without saying anything about the subgraph, e.g. because the caller left. */
  abandoned(): void {
    this.#isTrying = false;
  }
}

/** Calls of the last seconds, a slot for each. */
class LastSeconds {
  readonly #slots = Array.from({ length: SECONDS }, () => ({ second: -1, calls: 0, failures: 0 }));

  count(isFailure: boolean): void {
    const second = Math.floor(performance.now() / 1_000);
    const slot = this.#slots[second % SECONDS]!;
    if (slot.second !== second) {
      slot.second = second;
      slot.calls = 0;
      slot.failures = 0;
    }
    slot.calls++;
    if (isFailure) slot.failures++;
  }

  isBad(): boolean {
    const oldest = Math.floor(performance.now() / 1_000) - SECONDS;
    let calls = 0;
    let failures = 0;
    for (const slot of this.#slots) {
      if (slot.second <= oldest) continue;
      calls += slot.calls;
      failures += slot.failures;
    }
    return calls >= LEAST_CALLS && failures > THRESHOLD * calls;
  }

  clear(): void {
    for (const slot of this.#slots) slot.calls = slot.failures = 0;
  }
}
