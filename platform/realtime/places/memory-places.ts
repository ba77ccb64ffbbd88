import { createOpenCounter } from '../../base/faults/open-counter.ts';
import type { Place, Places } from './places.ts';

/** The places of one process. */
export class MemoryPlaces implements Places {
  readonly #taken = createOpenCounter(Number.POSITIVE_INFINITY);

  async enter(key: string, limit: number): Promise<Place | undefined> {
    if (!this.#taken.enter(key, limit)) return undefined;
    let isLeft = false;
    return {
      leave: () => {
        if (isLeft) return;
        isLeft = true;
        this.#taken.leave(key);
      },
    };
  }
}
