import type { CancelSignal } from '../cancellation/cancellation.ts';
import { FairQueue } from './fair-queue.ts';

/** The things that are known of work which asks for a place. */
export interface PlaceOptions {
  /** Whose it is: those who wait take turns, however much one of them asks for. Default: all is one client's. */
  readonly client?: string;
  /** Work that waits leaves the queue when it aborts, and never begins. */
  readonly signal?: CancelSignal | undefined;
}

/** A limit of work that is done at once, and of work that waits for its turn. */
export class Bulkhead {
  readonly #atOnce: number;
  readonly #mayWait: number;
  readonly #waiting = new FairQueue<() => void>();
  #running = 0;

  constructor(atOnce: number, mayWait = Number.POSITIVE_INFINITY) {
    this.#atOnce = atOnce;
    this.#mayWait = mayWait;
  }

  /** Whether further work would find no place. */
  get isFull(): boolean {
    return this.#running >= this.#atOnce && this.#waiting.size >= this.#mayWait;
  }

  /**
   * Does the work in its turn: clients by turns, each one's first come first served. Look at `isFull` before. Rejects
   * with the signal's reason if it aborts before the turn has come.
   */
  async run<T>(work: () => Promise<T>, { client = '', signal }: PlaceOptions = {}): Promise<T> {
    if (signal?.aborted) throw signal.reason;
    if (this.#running < this.#atOnce) this.#running++;
    else await this.#turn(client, signal);
    try {
      // It may have aborted between the turn and now.
      if (signal?.aborted) throw signal.reason;
      return await work();
    } finally {
      // The place goes to the next in line, so that none who comes meanwhile takes it.
      const next = this.#waiting.take();
      if (next) next();
      else this.#running--;
    }
  }

  #turn(client: string, signal: CancelSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const begin = (): void => {
        signal?.removeEventListener('abort', leave);
        resolve();
      };
      const leave = (): void => {
        signal?.removeEventListener('abort', leave);
        this.#waiting.remove(client, begin);
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', leave);
      this.#waiting.add(client, begin);
    });
  }
}
