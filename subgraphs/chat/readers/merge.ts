interface Arrived<T> {
  readonly iterator: AsyncIterator<T>;
  readonly step?: IteratorResult<T, unknown>;
  readonly error?: unknown;
}

type Settle<T> = (result: IteratorResult<T, undefined> | Promise<never>) => void;

/**
 * Merges the events of several iterations as they come. It takes one event of each ahead, no more, so every source
 * keeps its own way with a slow consumer. It ends when all have ended; leaving it ends them.
 *
 * A source that is silent is asked once. `Promise.race` would ask it again at each event of the others, and what it
 * notes of that would stay until the silent one speaks.
 */
export const merge = <T>(...sources: readonly AsyncIterable<T>[]): AsyncIterableIterator<T, undefined> =>
  new Merged(sources.map((source) => source[Symbol.asyncIterator]()));

/** It is not an async generator, which weighs a kilobyte while it waits: there is one for each reader of a room. */
class Merged<T> implements AsyncIterableIterator<T, undefined> {
  readonly #iterators: readonly AsyncIterator<T>[];
  /** Those that have not ended; undefined before the first event is asked for. */
  #open: number | undefined;
  #arrived: Arrived<T>[] = [];
  /** The consumer that waits. */
  #resolve: Settle<T> | undefined;

  constructor(iterators: readonly AsyncIterator<T>[]) {
    this.#iterators = iterators;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#open === undefined) {
      this.#open = this.#iterators.length;
      for (const iterator of this.#iterators) this.#advance(iterator);
    }
    return new Promise((resolve) => {
      this.#resolve = resolve;
      this.#settle();
    });
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    this.#end();
    this.#settle();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #advance(iterator: AsyncIterator<T>): void {
    iterator.next().then(
      (step) => this.#arrive({ iterator, step }),
      (error: unknown) => this.#arrive({ iterator, error }),
    );
  }

  #arrive(one: Arrived<T>): void {
    if (this.#open === 0) return;
    this.#arrived.push(one);
    this.#settle();
  }

  /** Gives the consumer that waits what has arrived. */
  #settle(): void {
    while (this.#resolve !== undefined && this.#open !== 0 && this.#arrived.length > 0) {
      const { iterator, step, error } = this.#arrived.shift()!;
      if (step === undefined) {
        this.#end();
        this.#answer(Promise.reject(error));
      } else if (step.done) this.#open!--;
      else {
        this.#advance(iterator);
        this.#answer({ done: false, value: step.value });
      }
    }
    if (this.#open !== 0) return;
    this.#end();
    this.#answer({ done: true, value: undefined });
  }

  #answer(result: IteratorResult<T, undefined> | Promise<never>): void {
    const resolve = this.#resolve;
    this.#resolve = undefined;
    resolve?.(result);
  }

  #end(): void {
    this.#open = 0;
    this.#arrived = [];
    // Not awaited: a source that waits for its next event would hold up the end.
    for (const iterator of this.#iterators) void iterator.return?.()?.catch(() => {});
  }
}
