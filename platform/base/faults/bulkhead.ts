/** A limit of work that is done at once, and of work that waits for its turn. */
export class Bulkhead {
  readonly #atOnce: number;
  readonly #mayWait: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(atOnce: number, mayWait = Number.POSITIVE_INFINITY) {
    this.#atOnce = atOnce;
    this.#mayWait = mayWait;
  }

  /** Whether further work would find no place. */
  get isFull(): boolean {
    return this.#running >= this.#atOnce && this.#waiting.length >= this.#mayWait;
  }

  /** Does the work in its turn, first come first served. Look at `isFull` before. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running < this.#atOnce) this.#running++;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      // The place goes to the next in line, so that none who comes meanwhile takes it.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running--;
    }
  }
}
