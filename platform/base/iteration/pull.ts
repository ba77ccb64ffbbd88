import { Cancellation, type CancelSignal } from '../cancellation/cancellation.ts';

/** What a Pull's `take` answers when there is nothing to take yet, or nothing ever again. */
export const WAIT = Symbol('wait');
export const DONE = Symbol('done');

/** Why an iteration closes: one for all, because a new one would record its stack each time. */
const OVER = new DOMException('The iteration is over', 'AbortError');

export interface PullSource<T> {
  /** Runs before the first `take`, when iteration starts. A throw ends the iteration with it. */
  readonly open?: (signal: CancelSignal) => Promise<void>;
  /** The next event, WAIT until `wake` is called, or DONE. A throw ends the iteration with it. */
  readonly take: () => T | typeof WAIT | typeof DONE;
  /** Runs once, however the iteration ends. */
  readonly close?: () => void;
  readonly signal?: CancelSignal | undefined;
}

/**
 * An async iteration that pulls from a state instead of being pushed into a queue: a slow consumer finds one newer
 * state, not a thousand events.
 *
 * It is not an async generator because of `return`: a generator's waits until the pending `next` settles, so a
 * subscription that is closed while nothing happens would never be cleaned up.
 */
export class Pull<T> implements AsyncIterableIterator<T, undefined> {
  readonly #source: PullSource<T>;
  readonly #onAbort = () => this.#end();
  /** Ends what opens. Thousands of iterations are open and silent: none of them keeps it longer. */
  #closing: Cancellation | undefined;
  #opened: Promise<void> | undefined;
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(source: PullSource<T>) {
    this.#source = source;
    if (source.signal?.aborted) this.#end();
    else source.signal?.addEventListener('abort', this.#onAbort);
  }

  /** Tells a waiting consumer to take again. Cheap when no consumer waits. */
  wake(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    try {
      if (!this.#ended) {
        this.#opened ??= this.#open();
        await this.#opened;
      }
      while (!this.#ended) {
        const event = this.#source.take();
        if (event === DONE) break;
        if (event !== WAIT) return { done: false, value: event };
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } catch (error) {
      const wanted = !this.#ended;
      this.#end();
      if (wanted) throw error;
    }
    this.#end();
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    this.#end();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Opening does not outlive the iteration: `return` and an abort are not held up by it. */
  async #open(): Promise<void> {
    if (!this.#source.open) return;
    const closing = new Cancellation();
    this.#closing = closing;
    await new Promise<void>((resolve, reject) => {
      closing.addEventListener('abort', () => resolve());
      this.#source.open!(closing).then(resolve, reject);
    });
    this.#closing = undefined;
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#source.signal?.removeEventListener('abort', this.#onAbort);
    this.#closing?.abort(OVER);
    this.#source.close?.();
    this.wake();
  }
}
