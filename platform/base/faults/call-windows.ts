/** The outcomes of calls by which a circuit is judged. */
export interface CallWindow {
  count(isFailure: boolean): void;
  /** Whether too many of them failed. */
  isBad(): boolean;
  clear(): void;
}

/** The share of calls that may fail, and the number of calls before it is looked at. */
interface Tolerance {
  readonly threshold: number;
  readonly least: number;
}

/** The calls of the last seconds, a slot for each. */
export class LastSeconds implements CallWindow {
  readonly #seconds: number;
  readonly #tolerance: Tolerance;
  readonly #slots: { second: number; calls: number; failures: number }[];

  constructor(seconds: number, tolerance: Tolerance) {
    this.#seconds = seconds;
    this.#tolerance = tolerance;
    this.#slots = Array.from({ length: seconds }, () => ({ second: -1, calls: 0, failures: 0 }));
  }

  count(isFailure: boolean): void {
    const second = Math.floor(performance.now() / 1_000);
    const slot = this.#slots[second % this.#seconds]!;
    if (slot.second !== second) {
      slot.second = second;
      slot.calls = 0;
      slot.failures = 0;
    }
    slot.calls++;
    if (isFailure) slot.failures++;
  }

  isBad(): boolean {
    const oldest = Math.floor(performance.now() / 1_000) - this.#seconds;
    let calls = 0;
    let failures = 0;
    for (const slot of this.#slots) {
      if (slot.second <= oldest) continue;
      calls += slot.calls;
      failures += slot.failures;
    }
    return calls >= this.#tolerance.least && failures > this.#tolerance.threshold * calls;
  }

  clear(): void {
    for (const slot of this.#slots) slot.calls = slot.failures = 0;
  }
}

/** The last calls, whenever they were. */
export class LastCalls implements CallWindow {
  readonly #size: number;
  readonly #tolerance: Tolerance;
  #calls: boolean[] = [];

  constructor(size: number, tolerance: Tolerance) {
    this.#size = size;
    this.#tolerance = tolerance;
  }

  count(isFailure: boolean): void {
    this.#calls.push(isFailure);
    if (this.#calls.length > this.#size) this.#calls.shift();
  }

  isBad(): boolean {
    const failures = this.#calls.filter(Boolean).length;
    return this.#calls.length >= this.#tolerance.least && failures > this.#tolerance.threshold * this.#calls.length;
  }

  clear(): void {
    this.#calls = [];
  }
}
