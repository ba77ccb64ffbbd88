const MAX_PAUSE_MS = 60_000;

/** The kinds of jobs that need something which is away: none of them is begun before its time. */
export class RestingKinds {
  readonly #firstPauseMs: number;
  readonly #kinds = new Map<string, { readonly pauseMs: number; readonly until: number }>();

  /** @param firstPauseMs in milliseconds; each later pause is twice as long, up to a minute. */
  constructor(firstPauseMs: number) {
    this.#firstPauseMs = firstPauseMs;
  }

  /** Lets a kind of job rest, for longer each time. Returns for how long, in milliseconds. */
  rest(kind: string): number {
    const last = this.#kinds.get(kind);
    const now = performance.now();
    // Jobs that were under way together find it out together: that is one time.
    if (last && last.until > now) return last.until - now;
    const pauseMs = Math.min(last ? last.pauseMs * 2 : this.#firstPauseMs, MAX_PAUSE_MS);
    const waitMs = pauseMs * (0.75 + Math.random() / 2);
    this.#kinds.set(kind, { pauseMs, until: now + waitMs });
    return waitMs;
  }

  /** Says that what a kind needs is there. */
  isBack(kind: string): void {
    this.#kinds.delete(kind);
  }

  has(kind: string): boolean {
    return (this.#kinds.get(kind)?.until ?? 0) > performance.now();
  }
}
