import type { Sharp } from 'sharp';

export interface PaletteColour {
  /** #rrggbb */
  readonly hex: string;
  /** Share of the picture, 0 to 1. */
  readonly share: number;
}

const SIDE = 96;
const COLOURS = 5;
/** Euclidean distance in RGB below which two colours are shades of one. */
const ALIKE = 48;

interface Bin {
  count: number;
  red: number;
  green: number;
  blue: number;
}

/**
 * Returns the dominant colours: a histogram with 4 bits a channel whose neighbouring bins are merged, largest first.
 */
export async function paletteOf(image: Sharp): Promise<PaletteColour[]> {
  const pixels = await image
    .resize(SIDE, SIDE, { fit: 'inside', withoutEnlargement: true, kernel: 'nearest' })
    .raw()
    .toBuffer();
  const bins = new Map<number, Bin>();
  let total = 0;
  for (let i = 0; i < pixels.length; i += 4) {
    if (pixels[i + 3]! < 128) continue;
    const [red, green, blue] = [pixels[i]!, pixels[i + 1]!, pixels[i + 2]!];
    const key = ((red >> 4) << 8) | ((green >> 4) << 4) | (blue >> 4);
    const bin = bins.get(key) ?? { count: 0, red: 0, green: 0, blue: 0 };
    bin.count++;
    bin.red += red;
    bin.green += green;
    bin.blue += blue;
    bins.set(key, bin);
    total++;
  }
  const merged: Bin[] = [];
  for (const bin of [...bins.values()].sort((a, b) => b.count - a.count)) {
    const near = merged.find((other) => distance(mean(other), mean(bin)) < ALIKE);
    if (near === undefined) merged.push({ ...bin });
    else {
      near.count += bin.count;
      near.red += bin.red;
      near.green += bin.green;
      near.blue += bin.blue;
    }
  }
  return merged
    .sort((a, b) => b.count - a.count)
    .slice(0, COLOURS)
    .map((bin) => ({
      hex: `#${mean(bin).map(hexByte).join('')}`,
      share: Math.round((bin.count / total) * 1000) / 1000,
    }));
}

const mean = ({ count, red, green, blue }: Bin): [number, number, number] => [red / count, green / count, blue / count];
const distance = (a: readonly number[], b: readonly number[]): number =>
  Math.hypot(...a.map((value, i) => value - b[i]!));
const hexByte = (value: number): string => Math.round(value).toString(16).padStart(2, '0');
