/**
 * The places of something of which a key may have so many at a time, among all processes: what is counted as it begins
 * and ends. (What is counted by the minute is a rate: platform/identity/limits.)
 *
 * Two faces: memory and Redis. places.contract.ts is their common definition. While Redis is away, each process counts
 * its own: too generous for a while, and no request fails for it.
 */
export interface Places {
  /**
   * Takes one of the places of a key, exactly: what comes at the same time does not pass the limit together. One whose
   * process died is free again after a minute.
   *
   * @param key for what and whom, e.g. `completions:<id of a user>`, at most 256 characters.
   * @param limit how many may be taken at a time.
   * @returns the place; undefined when all are taken.
   */
  enter(key: string, limit: number): Promise<Place | undefined>;
}

/** A place that is taken. */
export interface Place {
  /** Gives it back. Idempotent; never throws. */
  leave(): void;
}
