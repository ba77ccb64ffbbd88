export interface TurnsOptions<Args extends readonly unknown[]> {
  /** Calls that may wait; further ones are not taken. */
  readonly limit: number;
  /** Milliseconds of each turn that go to calls that wait. Default 2. */
  readonly budgetMs?: number;
  /** Whether nothing is left to do of a call that waits: it costs its turn nothing. */
  readonly isOver?: (...args: Args) => boolean;
  /** Whether something came since the last turn that goes before what waits. That gives way for 10 ms at most. */
  readonly givesWay?: () => boolean;
}

/** How long calls that wait give way, in ms. */
const MAX_WAY_MS = 10;

/**
 * Returns a function that does the work in the order of the calls, for a moment of each turn of the event loop: however
 * many come at once, what else waits has its turn in between. A call that comes alone is done at once. It returns
 * whether the call is taken: as many wait as may, and no more.
 */
export function inTurns<Args extends readonly unknown[]>(
  work: (...args: Args) => void,
  { limit, budgetMs = 2, isOver, givesWay }: TurnsOptions<Args>,
): (...args: Args) => boolean {
  let waiting: (Args | undefined)[] = [];
  let next = 0;
  let isBusy = false;
  let workedAt = Number.NEGATIVE_INFINITY;

  function turn(): void {
    if (next === waiting.length) {
      isBusy = false;
      waiting = [];
      next = 0;
      return;
    }
    // Before the work: one that throws ends its turn, and not those of the others.
    setImmediate(turn);
    const began = performance.now();
    if (givesWay?.() && began - workedAt < MAX_WAY_MS) return;
    const until = began + budgetMs;
    try {
      while (next < waiting.length) {
        const args = take();
        if (isOver?.(...args)) continue;
        work(...args);
        if (performance.now() >= until) break;
      }
    } finally {
      workedAt = performance.now();
    }
  }

  /** Lets go of what it returns: calls that come all the time never leave the list empty. */
  function take(): Args {
    const args = waiting[next]!;
    waiting[next] = undefined;
    next++;
    if (next >= limit) {
      waiting = waiting.slice(next);
      next = 0;
    }
    return args;
  }

  return (...args) => {
    if (waiting.length - next >= limit) return false;
    waiting.push(args);
    if (isBusy) return true;
    isBusy = true;
    turn();
    return true;
  };
}
