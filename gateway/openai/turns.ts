/** The turns of what has to be done one after another: of one key one at a time, in the order of asking. */
export class Turns {
  readonly #last = new Map<string, Promise<void>>();

  /** Does something when what was asked for before, of the same key, has ended in whatever way. */
  async take<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    const before = this.#last.get(key);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last.set(key, promise);
    try {
      await before;
      return await work();
    } finally {
      resolve();
      if (this.#last.get(key) === promise) this.#last.delete(key);
    }
  }
}
