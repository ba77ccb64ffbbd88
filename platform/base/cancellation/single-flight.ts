import { untilAborted } from './until-aborted.ts';

/**
 * The rule of one run per key at a time: a caller who asks for a key that is being worked on waits for that run. The
 * run is told to stop when no caller waits for it any more.
 */
export class SingleFlight {
  readonly #flights = new Map<string, Flight<unknown>>();

  /** @returns the result, and whether this caller joined a run that was under way. */
  async run<T>(
    key: string,
    work: (signal: AbortSignal) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<{ value: T; shared: boolean }> {
    signal?.throwIfAborted();
    let flight = this.#flights.get(key) as Flight<T> | undefined;
    const shared = flight !== undefined;
    if (!flight) {
      const aborting = new AbortController();
      const started: Flight<T> = { result: work(aborting.signal), waiting: 0, aborting };
      const land = () => {
        if (this.#flights.get(key) === started) this.#flights.delete(key);
      };
      started.result.then(land, land);
      this.#flights.set(key, started);
      flight = started;
    }
    const boarded = flight;
    boarded.waiting++;
    try {
      return { value: await (signal ? untilAborted(boarded.result, signal) : boarded.result), shared };
    } finally {
      boarded.waiting--;
      if (boarded.waiting === 0) {
        if (this.#flights.get(key) === boarded) this.#flights.delete(key);
        boarded.aborting.abort();
      }
    }
  }
}

interface Flight<T> {
  readonly result: Promise<T>;
  readonly aborting: AbortController;
  waiting: number;
}
