/** The queue of what waits for a scarce part, by client: clients take turns, however much each of them has waiting. */
export class FairQueue<T> {
  readonly #waiting = new Map<string, T[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Clients that have something waiting, the next one first. */
  get clients(): Iterable<string> {
    return this.#waiting.keys();
  }

  /** How much one client has waiting. */
  of(client: string): number {
    return this.#waiting.get(client)?.length ?? 0;
  }

  add(client: string, one: T): void {
    const own = this.#waiting.get(client);
    if (own) own.push(one);
    else this.#waiting.set(client, [one]);
    this.#size++;
  }

  /** Takes back what no longer waits. */
  remove(client: string, one: T): void {
    const own = this.#waiting.get(client);
    const place = own?.indexOf(one) ?? -1;
    if (!own || place === -1) return;
    own.splice(place, 1);
    if (own.length === 0) this.#waiting.delete(client);
    this.#size--;
  }

  /**
   * The next one's turn; undefined when nothing waits.
   *
   * @param mayGo clients for whom it says no keep their place. Default: all may.
   */
  take(mayGo?: (client: string) => boolean): T | undefined {
    for (const [client, own] of this.#waiting) {
      if (mayGo && !mayGo(client)) continue;
      const next = own.shift();
      // Behind all others that wait.
      this.#waiting.delete(client);
      if (own.length > 0) this.#waiting.set(client, own);
      this.#size--;
      return next;
    }
    return undefined;
  }
}
