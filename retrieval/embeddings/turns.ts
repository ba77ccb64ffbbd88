/**
 * The turns at something that does one thing at a time. Who has least left goes on first, so that a query overtakes
 * documents.
 */
export class Turns {
  #busy = false;
  readonly #waiting: { readonly left: number; readonly go: () => void }[] = [];

  /** Runs the work when its turn has come. @param left what its caller has still to do, in any unit. */
  async take<T>(left: number, work: () => Promise<T>): Promise<T> {
    await this.#turn(left);
    try {
      return await work();
    } finally {
      this.#next();
    }
  }

  #turn(left: number): Promise<void> | void {
    if (!this.#busy) {
      this.#busy = true;
      return;
    }
    return new Promise((go) => this.#waiting.push({ left, go }));
  }

  #next(): void {
    this.#waiting.sort((a, b) => a.left - b.left);
    const next = this.#waiting.shift();
    if (next) next.go();
    else this.#busy = false;
  }
}
