import type { Sharp } from 'sharp';

const SIDE = 256;

/**
 * Guesses what a picture is from its colours and edges: a page is two colours with many hard edges and little
 * saturation, a drawing few colours with flat areas, a photograph everything else. Good enough to ask "should its text
 * be read?".
 */
export async function kindOf(image: Sharp): Promise<'PHOTO' | 'DOCUMENT' | 'GRAPHIC'> {
  const { data, info } = await image
    .flatten({ background: '#ffffff' })
    .resize(SIDE, SIDE, { fit: 'inside', withoutEnlargement: true })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const counts = new Map<number, number>();
  const pixels = info.width * info.height;
  let saturation = 0;
  let edges = 0;
  for (let i = 0; i < pixels; i++) {
    const [red, green, blue] = [data[3 * i]!, data[3 * i + 1]!, data[3 * i + 2]!];
    const highest = Math.max(red, green, blue);
    saturation += highest === 0 ? 0 : (highest - Math.min(red, green, blue)) / highest;
    const key = ((red >> 5) << 6) | ((green >> 5) << 3) | (blue >> 5);
    counts.set(key, (counts.get(key) ?? 0) + 1);
    const right = (i + 1) % info.width === 0 ? i : i + 1;
    if (Math.abs(green - data[3 * right + 1]!) > 60) edges++;
  }
  const ordered = [...counts.values()].sort((a, b) => b - a);
  const topTwo = ((ordered[0] ?? 0) + (ordered[1] ?? 0)) / pixels;
  const used = ordered.filter((count) => count > pixels / 500).length;
  const page =
    score(topTwo, 0.45, 0.8) + score(edges / pixels, 0.01, 0.05) + score(0.35 - saturation / pixels, 0, 0.25);
  if (page >= 2.2 && used <= 40) return 'DOCUMENT';
  return topTwo > 0.6 || used <= 8 ? 'GRAPHIC' : 'PHOTO';
}

/** 0 below `low`, 1 above `high`, in between proportionally. */
const score = (value: number, low: number, high: number): number =>
  Math.min(1, Math.max(0, (value - low) / (high - low)));
