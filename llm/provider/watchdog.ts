/** A signal that aborts when the caller's does, or when the provider is awaited for too long. */
export class Watchdog {
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal;
  #timer: NodeJS.Timeout;
  #waiting = true;
  #over = false;
  stalled = false;

  constructor(outer: AbortSignal, stallMs: number) {
    this.#outer = outer;
    this.#timer = setTimeout(() => this.#expire(), stallMs);
    if (outer.aborted) this.#controller.abort();
    else outer.addEventListener('abort', this.#abort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** A piece has come; until `wait` the consumer works on it. */
  rest(): void {
    this.#waiting = false;
  }

  wait(): void {
    this.#waiting = true;
    this.#timer.refresh();
  }

  /** The provider has said that it is there: it is waited for from now on again. */
  refresh(): void {
    if (!this.#over) this.#timer.refresh();
  }

  /** From here on so many milliseconds are waited for the next piece. */
  allow(stallMs: number): void {
    if (this.#over) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#expire(), stallMs);
  }

  /** The answer is complete: there is nothing left to abort. */
  complete(): void {
    clearTimeout(this.#timer);
    this.#outer.removeEventListener('abort', this.#abort);
    this.#over = true;
  }

  end(): void {
    if (this.#over) return;
    this.complete();
    this.#controller.abort();
  }

  readonly #abort = (): void => this.#controller.abort();

  #expire(): void {
    if (!this.#waiting) return;
    this.stalled = true;
    this.#controller.abort();
  }
}
