import type { Place, Places } from './places.ts';

/** The places of one process. */
export class MemoryPlaces implements Places {
  readonly #taken = new Map<string, number>();

  async enter(key: string, limit: number): Promise<Place | undefined> {
    const taken = this.#taken.get(key) ?? 0;
    if (taken >= limit) return undefined;
    this.#taken.set(key, taken + 1);
    let isLeft = false;
    return {
      leave: () => {
        if (isLeft) return;
        isLeft = true;
        const left = this.#taken.get(key)! - 1;
        if (left === 0) this.#taken.delete(key);
        else this.#taken.set(key, left);
      },
    };
  }
}
