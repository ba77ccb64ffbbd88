/** So many streams are read as they come: nothing is gained by gathering. */
const UNGATHERED = 4;
/**
 * What each further stream adds to the time of gathering, and its longest, in ms. A person may see steps of 150 ms. It
 * was chosen so that under load a word waits as long as it did when it was gathered a second time before it was shown
 * (docs/benchmarks.md), and passes the layers between in fewer pieces.
 */
const MS_PER_STREAM = 7;
const MAX_MS = 150;

/**
 * The rhythm in which a process reads streams that have begun. A piece of a reply passes a dozen layers, each of which
 * costs it a turn of the event loop; with many streams the pieces of a moment pass them together, as one. First words
 * never wait, and a single reader's words do not either.
 *
 * It is the one place where words wait for others: what has gathered here goes on to its readers at once, so no layer
 * after this one gathers them a second time.
 */
export class Gathering {
  #streams = 0;
  #moment: Promise<void> | undefined;

  enter(): void {
    this.#streams++;
  }

  leave(): void {
    this.#streams--;
  }

  /** Returns the end of this moment, which is the same for all streams; undefined where nothing is to be gathered. */
  moment(): Promise<void> | undefined {
    const ms = Math.min(MAX_MS, (this.#streams - UNGATHERED) * MS_PER_STREAM);
    if (this.#moment !== undefined || ms <= 0) return this.#moment;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#moment = promise;
    setTimeout(() => {
      this.#moment = undefined;
      resolve();
    }, ms);
    return promise;
  }
}
