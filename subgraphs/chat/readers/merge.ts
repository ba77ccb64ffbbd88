/**
 * Merges the events of several iterations as they come. It takes one event of each ahead, no more, so every source
 * keeps its own way with a slow consumer. It ends when all have ended; leaving it ends them.
 */
export async function* merge<T>(...sources: readonly AsyncIterable<T>[]): AsyncGenerator<T, void> {
  const iterators = sources.map((source) => source[Symbol.asyncIterator]());
  const advance = async (iterator: AsyncIterator<T>) => ({ iterator, step: await iterator.next() });
  const pending = new Map(iterators.map((iterator) => [iterator, advance(iterator)]));
  try {
    while (pending.size > 0) {
      const { iterator, step } = await Promise.race(pending.values());
      if (step.done) {
        pending.delete(iterator);
        continue;
      }
      pending.set(iterator, advance(iterator));
      yield step.value;
    }
  } finally {
    // Not awaited: a source that waits for its next event would hold up the end.
    for (const promise of pending.values()) promise.catch(() => {});
    for (const iterator of iterators) void iterator.return?.()?.catch(() => {});
  }
}
