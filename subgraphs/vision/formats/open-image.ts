import sharp, { type Sharp, type SharpOptions } from 'sharp';
import { hasLittleMemory } from '#platform/base/config/available-memory.ts';
import type { HeavyKind } from '#platform/base/thread/heavy-work.ts';

/** Decoded pixels of one picture. More is a decompression bomb: 25 MiB of PNG can hold gigabytes of one colour. */
export const MAX_PIXELS = 100_000_000;

// It keeps up to 50 MB of what it did, for when the same is asked again, and lines of the picture for each thread.
if (hasLittleMemory()) {
  sharp.cache(false);
  sharp.concurrency(1);
}

/** AVIF is decoded and encoded whole, with some 12 bytes a pixel: in its turn where memory is little. */
export const AVIF: HeavyKind = { needsMb: 144, release: async () => {} };

/** How hard AVIF's encoder tries, of 9. Its own choice, 4, takes fifteen times as long for a file a tenth smaller. */
export const AVIF_EFFORT = 2;

/** The largest AVIF that is written, in pixels: its encoder takes some 35 bytes for each. */
export const MAX_AVIF_WRITTEN = hasLittleMemory() ? 6_000_000 : 17_000_000;

/** The largest AVIF that is accepted, in pixels: where memory is little, a picture of the usual telephone. */
export const MAX_AVIF_PIXELS = hasLittleMemory() ? 16_000_000 : MAX_PIXELS;

/**
 * Opens a picture with the limits that every picture of a stranger is opened with.
 *
 * @param options.page of several, from 0. @param options.animated takes all frames, below one another.
 */
export const openImage = (bytes: Uint8Array, options: Pick<SharpOptions, 'page' | 'animated'> = {}): Sharp =>
  sharp(bytes, { limitInputPixels: MAX_PIXELS, failOn: 'error', ...options });
