import sharp, { type Sharp } from 'sharp';
import { openImage } from '../analysis.ts';
import { Placement } from './placement.ts';
import { skewOf } from './skew.ts';

/** A picture made ready for recognition, and the way back to the original's pixels. */
export interface Prepared {
  readonly png: Buffer;
  readonly placement: Placement;
}

/** A treatment that may help a picture that the first pass read badly. */
export interface Treatment {
  /** Evens out light that falls from one side: helps photographs of pages, ruins signs. */
  readonly flatten?: boolean;
  /** Enlarges small text; costs two to three times as long. */
  readonly upscale?: boolean;
  /** Leaves out the straightening. */
  readonly raw?: boolean;
  /** Turns it, in degrees clockwise. */
  readonly turn?: 0 | 90 | 180 | 270;
}

const WIDEST = 2600;
const TALLEST = 3600;
/** Below this median brightness the page is light on dark, which takes 40 % longer to read than the reverse. */
const DARK_MEDIAN = 110;

/** Prepares a picture for recognition: upright, grey, of a sensible size, dark on light, and straight. */
export async function prepare(bytes: Uint8Array, treatment: Treatment = {}): Promise<Prepared> {
  const { autoOrient: original } = await openImage(bytes).metadata();
  const lying = treatment.turn === 90 || treatment.turn === 270;
  // Shrunk while it is decoded: a hundred megapixels are never in memory at once.
  const oriented = await openImage(bytes)
    .autoOrient()
    .resize(lying ? TALLEST : WIDEST, lying ? WIDEST : TALLEST, { fit: 'inside', withoutEnlargement: true })
    .flatten({ background: '#ffffff' })
    .greyscale()
    .raw()
    .toBuffer({ resolveWithObject: true });
  let placement = new Placement(original.width, original.height).scaled(oriented.info.width, oriented.info.height);
  let image = rawGrey(oriented.data, oriented.info.width, oriented.info.height);

  if (treatment.turn) {
    image = await materialise(image.rotate(treatment.turn));
    placement = placement.turned(treatment.turn);
  }
  const scale = scaleFor(placement.width, placement.height, treatment.upscale === true);
  if (scale !== 1) {
    const [width, height] = [
      Math.max(1, Math.round(placement.width * scale)),
      Math.max(1, Math.round(placement.height * scale)),
    ];
    image = await materialise(image.resize(width, height, { fit: 'fill', kernel: 'lanczos3' }));
    placement = placement.scaled(width, height);
  }
  if ((await medianOf(image)) < DARK_MEDIAN) image = await materialise(image.negate());
  if (treatment.flatten) image = await flattenLight(image, placement.width, placement.height);
  if (!treatment.raw) {
    const skew = await skewOf(image.clone());
    if (Math.abs(skew) >= 0.2) {
      const { data, info } = await image
        .rotate(-skew, { background: '#ffffff' })
        .greyscale()
        .raw()
        .toBuffer({ resolveWithObject: true });
      image = rawGrey(data, info.width, info.height);
      placement = placement.rotated(-skew, info.width, info.height);
    }
  }
  return { png: await image.png({ compressionLevel: 1 }).toBuffer(), placement };
}

/** One channel; sharp answers with three unless each raw output asks for grey again. */
const rawGrey = (data: Buffer, width: number, height: number) => sharp(data, { raw: { width, height, channels: 1 } });

async function materialise(image: Sharp): Promise<Sharp> {
  const { data, info } = await image.greyscale().raw().toBuffer({ resolveWithObject: true });
  return rawGrey(data, info.width, info.height);
}

function scaleFor(width: number, height: number, upscale: boolean): number {
  const largest = Math.min(WIDEST / width, TALLEST / height);
  if (largest < 1) return largest;
  return upscale && width < 1300 ? Math.min(largest, 2) : 1;
}

async function medianOf(image: Sharp): Promise<number> {
  const pixels = await image.clone().resize(64, 64, { fit: 'fill' }).greyscale().raw().toBuffer();
  return pixels.toSorted()[pixels.length >> 1]!;
}

/** Divides by the background, which is what remains when everything as thin as writing is blurred away. */
async function flattenLight(image: Sharp, width: number, height: number): Promise<Sharp> {
  const pixels = await image.clone().greyscale().raw().toBuffer();
  const [coarseWidth, coarseHeight] = [Math.max(1, width >> 4), Math.max(1, height >> 4)];
  // Two steps: within one pipeline sharp would do both resizes as one.
  const coarse = await image
    .clone()
    .resize(coarseWidth, coarseHeight, { fit: 'fill' })
    .median(9)
    .blur(4)
    .greyscale()
    .raw()
    .toBuffer();
  const background = await sharp(coarse, { raw: { width: coarseWidth, height: coarseHeight, channels: 1 } })
    .resize(width, height, { fit: 'fill', kernel: 'cubic' })
    .greyscale()
    .raw()
    .toBuffer();
  for (let i = 0; i < pixels.length; i++)
    pixels[i] = Math.min(255, Math.round((pixels[i]! * 235) / Math.max(16, background[i]!)));
  return materialise(rawGrey(pixels, width, height).median(3));
}
