interface Arrived<T> {
  readonly iterator: AsyncIterator<T>;
  readonly step?: IteratorResult<T, unknown>;
  readonly error?: unknown;
}

/**
 * Merges the events of several iterations as they come. It takes one event of each ahead, no more, so every source
 * keeps its own way with a slow consumer. It ends when all have ended; leaving it ends them.
 *
 * A source that is silent is asked once. `Promise.race` would ask it again at each event of the others, and what it
 * notes of that would stay until the silent one speaks.
 */
export async function* merge<T>(...sources: readonly AsyncIterable<T>[]): AsyncGenerator<T, void> {
  const iterators = sources.map((source) => source[Symbol.asyncIterator]());
  const arrived: Arrived<T>[] = [];
  let wake: (() => void) | undefined;
  const arrive = (one: Arrived<T>): void => {
    arrived.push(one);
    wake?.();
  };
  const advance = (iterator: AsyncIterator<T>): void => {
    iterator.next().then(
      (step) => arrive({ iterator, step }),
      (error: unknown) => arrive({ iterator, error }),
    );
  };
  for (const iterator of iterators) advance(iterator);
  try {
    for (let open = iterators.length; open > 0; ) {
      const one = arrived.shift();
      if (one === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      } else if (one.step === undefined) throw one.error;
      else if (one.step.done) open--;
      else {
        advance(one.iterator);
        yield one.step.value;
      }
    }
  } finally {
    // Not awaited: a source that waits for its next event would hold up the end.
    for (const iterator of iterators) void iterator.return?.()?.catch(() => {});
  }
}
