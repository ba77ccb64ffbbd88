/** What may run for so long. */
export interface Limited {
  /** Called once, when it has run for too long. */
  expire(timeoutMs: number): void;
}

/** Each is looked at so many times in its course: it ends at most a twentieth late. */
const LOOKS = 20;
const MOST_MS = 500;

/**
 * One time limit for all executions, looked after by one timer: nearly all end long before, and a timer for each would
 * be made and cleared with every request.
 */
export class Deadlines {
  readonly #timeoutMs: number;
  /** With the times at which they end, in the order they began, which is that of their ends. */
  readonly #running = new Map<Limited, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  begin(limited: Limited): void {
    this.#running.set(limited, performance.now() + this.#timeoutMs);
    this.#timer ??= setInterval(this.#look, Math.min(MOST_MS, Math.max(1, this.#timeoutMs / LOOKS))).unref();
  }

  end(limited: Limited): void {
    this.#running.delete(limited);
  }

  readonly #look = (): void => {
    if (this.#running.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      return;
    }
    const now = performance.now();
    for (const [limited, until] of this.#running) {
      if (until > now) return;
      this.#running.delete(limited);
      limited.expire(this.#timeoutMs);
    }
  };
}
