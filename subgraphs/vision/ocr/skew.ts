import type { Sharp } from 'sharp';

const SIDE = 900;
const WIDEST_ANGLE = 10;
/** Edges from which on an angle can be told from noise. */
const ENOUGH = 200;

/** The upper edges of the dark areas of a page, in pixels of a copy that is `scale` times as large. */
export interface Edges {
  readonly xs: readonly number[];
  readonly ys: readonly number[];
  readonly width: number;
  readonly height: number;
  readonly scale: number;
  /** By how much the darkest pixel is darker than most. */
  readonly contrast: number;
  /** Of each pixel, row by row, 1 where it is dark and 0 elsewhere. */
  readonly dark: Uint8Array;
}

/** Finds where dark begins, from above. Solid areas say nothing of lines. */
export async function edgesOf(grey: Sharp): Promise<Edges> {
  const { width: whole = 1 } = await grey.metadata();
  const { data, info } = await grey
    .resize(SIDE, SIDE, { fit: 'inside', withoutEnlargement: true })
    .greyscale()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  const counts = new Uint32Array(256);
  for (let i = 0; i < data.length; i++) counts[data[i]!]!++;
  /** The brightness of the pixel at a place in their order, dark to bright. */
  const brightness = (place: number): number => {
    let passed = 0;
    return counts.findIndex((count) => {
      passed += count;
      return passed > place;
    });
  };
  const sum = counts.reduce((total, count, value) => total + count * value, 0);
  const [darkest, ink, median] = [0, Math.floor(data.length / 100), data.length >> 1].map(brightness) as [
    number,
    number,
    number,
  ];
  // The latter is for pale pages, whose black is not far from their mean.
  const threshold = Math.max((sum / data.length) * 0.7, (ink + median) / 2);
  const dark = new Uint8Array(data.length);
  const xs: number[] = [];
  const ys: number[] = [];
  for (let at = 0; at < data.length; at++) {
    if (data[at]! >= threshold) continue;
    dark[at] = 1;
    if (at >= width && dark[at - width] === 1) continue;
    xs.push(at % width);
    ys.push(Math.floor(at / width));
  }
  return { xs, ys, width, height, scale: width / whole, contrast: median - darkest, dark };
}

/**
 * Returns the angle in degrees, clockwise positive, by which the lines of a page are tilted; 0 when there is none to be
 * seen.
 *
 * Projection profile: at the right angle the dark pixels gather in rows, and the sum of the squared row counts is
 * largest (Postl, "Detection of linear oblique structures and skew scan in digitized documents", 1986).
 */
export function skewOf({ xs, ys, width, height }: Edges): number {
  if (xs.length < ENOUGH) return 0;
  const sharpnessAt = (degrees: number): number => {
    const slope = Math.tan((degrees * Math.PI) / 180);
    const offset = Math.ceil(Math.abs(slope) * width);
    const rows = new Float64Array(height + 2 * offset + 1);
    for (let i = 0; i < xs.length; i++) rows[Math.round(ys[i]! - xs[i]! * slope) + offset]! += 1;
    return rows.reduce((sum, count) => sum + count * count, 0);
  };
  const best = (from: number, to: number, step: number): number => {
    let found = { degrees: 0, sharpness: -1 };
    for (let degrees = from; degrees <= to + 1e-9; degrees += step) {
      const sharpness = sharpnessAt(degrees);
      if (sharpness > found.sharpness) found = { degrees, sharpness };
    }
    return found.degrees;
  };
  const coarse = best(-WIDEST_ANGLE, WIDEST_ANGLE, 0.5);
  const fine = best(coarse - 0.5, coarse + 0.5, 0.1);
  // A profile that is hardly better than the straight one is noise, and turning blurs.
  return sharpnessAt(fine) > sharpnessAt(0) * 1.05 ? fine : 0;
}
