import type { Sharp } from 'sharp';

const SIDE = 900;
const WIDEST_ANGLE = 10;

/**
 * Returns the angle in degrees, clockwise positive, by which the lines of a page are tilted; 0 when there is none to be
 * seen.
 *
 * Projection profile: at the right angle the dark pixels gather in rows, and the sum of the squared row counts is
 * largest (Postl, "Detection of linear oblique structures and skew scan in digitized documents", 1986).
 */
export async function skewOf(grey: Sharp): Promise<number> {
  const { data, info } = await grey
    .resize(SIDE, SIDE, { fit: 'inside', withoutEnlargement: true })
    .greyscale()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
  const threshold = mean * 0.7;
  const xs: number[] = [];
  const ys: number[] = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      // Only the upper edges of dark areas: solid areas say nothing of lines.
      if (data[y * width + x]! < threshold && (y === 0 || data[(y - 1) * width + x]! >= threshold)) {
        xs.push(x);
        ys.push(y);
      }
    }
  }
  if (xs.length < 200) return 0;
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
