import os from 'node:os';

const MIB = 1024 ** 2;

/** A process that may use less, in MiB, does with less: smaller caches, fewer threads, one heavy work at a time. */
const LITTLE_MEMORY_MB = 1_024;
/** With little memory a cache has its share of this many parts. */
const PARTS = 4;

/** Returns the memory that this process may use, in MiB: the limit of its container, or all of the machine. */
export function availableMemoryMb(): number {
  const limit = process.constrainedMemory();
  return Math.floor(Math.min(os.totalmem(), limit > 0 ? limit : Number.POSITIVE_INFINITY) / MIB);
}

/**
 * Tells whether so much is little.
 *
 * @param memoryMb default: MEMORY_MB or what there is, for what runs before the settings are read.
 */
export const hasLittleMemory = (memoryMb = Number(process.env['MEMORY_MB']) || availableMemoryMb()): boolean =>
  memoryMb < LITTLE_MEMORY_MB;

/** Returns how large a cache may become: as large as given, or with little memory an eighth of that in 512 MiB. */
export const cacheSize = (size: number, memoryMb = Number.POSITIVE_INFINITY): number =>
  hasLittleMemory(memoryMb) ? Math.floor((size * memoryMb) / LITTLE_MEMORY_MB / PARTS) : size;
