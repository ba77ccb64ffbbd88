import type { CallWindow } from './call-windows.ts';

/** The rule of a circuit. */
export interface BreakerRule {
  /** The calls by which it is judged. */
  readonly window: CallWindow;
  /** How long an open circuit stays so before one call may try; doubles with every failed trial, up to the most. */
  readonly openMs: number;
  readonly maxOpenMs: number;
}

/**
 * The circuit of one server (M. Nygard, Release It!): while it does not answer, calls fail at once instead of each
 * waiting for its time limit. Told of calls instead of wrapped around them, as every subgraph request passes it and a
 * wrapper's promises cost more than the decision.
 */
export class Breaker {
  readonly #changed: (isOpen: boolean) => void;
  readonly #rule: BreakerRule;
  readonly #calls: CallWindow;
  #openings = 0;
  #openUntil = 0;
  #openSince = 0;
  #isGone = false;
  #isTrying = false;

  /** @param changed told when it opens and when it is closed again. */
  constructor(rule: BreakerRule, changed: (isOpen: boolean) => void = () => undefined) {
    this.#rule = rule;
    this.#calls = rule.window;
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

  /** How long it lets no call through, in milliseconds; 0 when it is closed, or when one call may try. */
  get restMs(): number {
    return this.#openings === 0 ? 0 : Math.max(0, this.#openUntil - performance.now());
  }

  /** Whether `enter` would let a call through. */
  get admits(): boolean {
    return this.#openings === 0 || (!this.#isTrying && performance.now() >= this.#openUntil);
  }

  /** Opens it at once: it is known from elsewhere that calls would only wait for their time limits. */
  trip(): void {
    if (this.#openings === 0) this.#open(false);
  }

  /** Whether a call may be made. Each that may is told of by exactly one of the methods below. */
  enter(): boolean {
    if (!this.admits) return false;
    this.#isTrying = this.#openings > 0;
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

  /** @param isGone whether there was no connection, or it was lost. Default false. */
  failed(isGone = false): void {
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
    this.#openUntil = performance.now() + Math.min(this.#rule.openMs * 2 ** this.#openings, this.#rule.maxOpenMs);
    this.#openings++;
  }

  /** The call ended without saying anything about the server, e.g. because the caller left. */
  abandoned(): void {
    this.#isTrying = false;
  }
}
