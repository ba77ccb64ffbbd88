/** One turn of so many goes to who waits longest: a document goes on though queries never cease. */
const TURNS_A_LONGEST = 4;

/**
 * The turns at something that does one thing at a time. Who has least left goes on first, so that a query overtakes
 * documents; but for one turn of four, which goes to who waits longest.
 */
export class Turns {
  #busy = false;
  /** In the order in which they came. */
  readonly #waiting: { readonly left: number; readonly go: () => void }[] = [];
  /** Turns since one went to who waited longest. */
  #passed = 0;

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
    let next = 0;
    if (++this.#passed < TURNS_A_LONGEST)
      this.#waiting.forEach(({ left }, index) => {
        if (left < this.#waiting[next]!.left) next = index;
      });
    if (next === 0) this.#passed = 0;
    const [one] = this.#waiting.splice(next, 1);
    if (one) one.go();
    else this.#busy = false;
  }
}
