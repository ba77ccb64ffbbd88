import type { Sharp } from 'sharp';

/**
 * Returns the 64-bit difference hash (Krawetz, "Kind of like that"): bit by bit, whether a pixel of a 9 x 8 grey
 * miniature is brighter than its right neighbour. Copies in other sizes, qualities and brightness differ in up to 10
 * bits.
 */
export async function differenceHash(image: Sharp): Promise<bigint> {
  const grey = await image
    .flatten({ background: '#ffffff' })
    .greyscale()
    .resize(9, 8, { fit: 'fill' })
    .raw()
    .toBuffer();
  let hash = 0n;
  for (let row = 0; row < 8; row++) {
    for (let column = 0; column < 8; column++) {
      const left = grey[row * 9 + column]!;
      hash = (hash << 1n) | (left > grey[row * 9 + column + 1]! ? 1n : 0n);
    }
  }
  return hash;
}
