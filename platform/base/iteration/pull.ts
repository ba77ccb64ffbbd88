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

type Settle<T> = (result: IteratorResult<T, undefined> | Promise<never>) => void;

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
  #opening: Promise<void> | undefined;
  #isOpened = false;
  #ended = false;
  /** That of a consumer that waits. */
  #resolve: Settle<T> | undefined;

  constructor(source: PullSource<T>) {
    this.#source = source;
    if (source.signal?.aborted) this.#end();
    else source.signal?.addEventListener('abort', this.#onAbort);
  }

  /** Tells a waiting consumer to take again, when this turn is over. Cheap when no consumer waits. */
  wake(): void {
    const resolve = this.#resolve;
    if (resolve === undefined) return;
    this.#resolve = undefined;
    queueMicrotask(() => this.#settle(resolve));
  }

  // Not async: what an async function keeps while it waits is most of a silent iteration.
  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#source.open && !this.#isOpened && !this.#ended) return this.#nextOpened();
    return new Promise((resolve) => this.#settle(resolve));
  }

  async #nextOpened(): Promise<IteratorResult<T, undefined>> {
    try {
      this.#opening ??= this.#open();
      await this.#opening;
      this.#isOpened = true;
      this.#opening = undefined;
    } catch (error) {
      const isWanted = !this.#ended;
      this.#end();
      if (isWanted) throw error;
    }
    return this.next();
  }

  /** Resolves with the next event; where there is none yet, `wake` tries again. */
  #settle(resolve: Settle<T>): void {
    try {
      const event = this.#ended ? DONE : this.#source.take();
      if (event === WAIT) this.#resolve = resolve;
      else if (event !== DONE) resolve({ done: false, value: event });
      else this.#finish(resolve, { done: true, value: undefined });
    } catch (error) {
      // What fails after the end is of no interest to the consumer.
      this.#finish(resolve, this.#ended ? { done: true, value: undefined } : Promise.reject(error));
    }
  }

  #finish(resolve: Settle<T>, result: Parameters<Settle<T>>[0]): void {
    this.#end();
    resolve(result);
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
