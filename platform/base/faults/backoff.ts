/** The pauses between the tries of something that fails. */
export interface Backoff {
  /** After the first failure, in milliseconds; after each further one twice as long. */
  readonly firstMs: number;
  readonly maxMs: number;
  /** Whether a pause is between half and one and a half of that: those that failed together do not return together. */
  readonly isSpread?: boolean;
}

/**
 * Returns how long to wait before the next try, in milliseconds.
 *
 * @param failures in a row, the last one included: from 1.
 */
export function backoff(failures: number, { firstMs, maxMs, isSpread = false }: Backoff): number {
  const pauseMs = Math.min(firstMs * 2 ** (failures - 1), maxMs);
  return isSpread ? pauseMs * (0.5 + Math.random()) : pauseMs;
}
