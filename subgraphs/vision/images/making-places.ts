import { hasLittleMemory } from '#platform/base/config/available-memory.ts';
import { CodedError } from '#platform/base/errors/errors.ts';
import { Bulkhead } from '#platform/base/faults/bulkhead.ts';

/** Variants that are made at once: each holds a picture of up to 100 megapixels. */
const AT_ONCE = hasLittleMemory() ? 1 : 2;
const WAITING = 200;
/** Variants of one picture that are made or wait: a page shows a picture in a few sizes. */
const OF_PICTURE = 24;

/** The places where variants of pictures are made: a few in the process, pictures by turns. */
export class MakingPlaces {
  readonly #places = new Bulkhead(AT_ONCE, WAITING);
  readonly #ofPicture = new Map<string, number>();

  /**
   * Makes a variant of the picture in its turn.
   *
   * @throws {CodedError} SERVICE_UNAVAILABLE when too many wait already, of all pictures or of this one.
   */
  async run<T>(id: string, signal: AbortSignal, make: () => Promise<T>): Promise<T> {
    const count = this.#ofPicture.get(id) ?? 0;
    if (count >= OF_PICTURE || this.#places.isFull)
      throw new CodedError('SERVICE_UNAVAILABLE', 'Too many pictures are asked for at this moment: try again in 5 s.', {
        retryAfter: 5,
      });
    this.#ofPicture.set(id, count + 1);
    try {
      return await this.#places.run(make, { client: id, signal });
    } finally {
      const left = this.#ofPicture.get(id)! - 1;
      if (left > 0) this.#ofPicture.set(id, left);
      else this.#ofPicture.delete(id);
    }
  }
}
