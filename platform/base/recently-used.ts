import { LRUCache } from 'lru-cache';

const one = (): number => 1;

/**
 * Creates a map of the entries that were used last. It takes memory and time for what it holds: one that is told its
 * `max` takes them for as many entries as it may hold, when it is made, which for some 100,000 is 10 ms of a start.
 *
 * @param max how many it holds.
 * @param ttl how long it holds one, in milliseconds. Default: for as long as there is room.
 */
export const recentlyUsed = <Value extends NonNullable<unknown>>(
  max: number,
  { ttl }: { readonly ttl?: number } = {},
): LRUCache<string, Value> => new LRUCache({ maxSize: max, sizeCalculation: one, ...(ttl && { ttl }) });
