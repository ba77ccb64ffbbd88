import sharp, { type Sharp } from 'sharp';
import { hasLittleMemory } from '#platform/base/config/available-memory.ts';
import { openImage } from '../formats/open-image.ts';
import { type Box, Placement } from './placement.ts';
import { type Edges, edgesOf, skewOf } from './skew.ts';
import { likelyTurn, type Turn, widthInLines } from './standing.ts';

/** A page as it is read: upright, grey, of a sensible size. All treatments begin with it, so it is decoded once. */
export interface GreyPage {
  readonly data: Buffer;
  readonly width: number;
  readonly height: number;
  readonly placement: Placement;
  /** The page's own size, upright, in pixels. */
  readonly original: { readonly width: number; readonly height: number };
  /** Where dark begins; a page without any holds no text. */
  readonly edges: Edges;
  /** Degrees by which its lines are tilted, clockwise. */
  readonly skew: number;
  /** How it probably has to be turned to be upright, in degrees clockwise. */
  readonly likelyTurn: Turn;
  /** How wide its writing is, in distances between its lines; undefined where no lines are to be seen. */
  readonly widthInLines: number | undefined;
  /** Whether one part is much brighter than another, as on a photograph of a page. */
  readonly isUnevenlyLit: boolean;
}

/** A picture made ready for recognition, and the way back to the original's pixels. */
export interface Prepared {
  readonly png: Buffer;
  readonly placement: Placement;
}

/** A treatment that may help a page that the first pass read badly. */
export interface Treatment {
  /** Evens out light that falls from one side: helps photographs of pages, ruins signs. */
  readonly flatten?: boolean;
  /** Enlarges small text; costs two to three times as long. */
  readonly scale?: number;
  /** Leaves out the straightening. */
  readonly raw?: boolean;
  /** Turns it, in degrees clockwise. */
  readonly turn?: Turn;
  /** Takes a part of it alone, in pixels of the grey page. */
  readonly part?: Box;
}

/** The largest page: A4 has 300 dots an inch, or 200 where memory is little. The engine takes four bytes a pixel. */
const [MAX_WIDTH, MAX_HEIGHT] = hasLittleMemory() ? [1_800, 2_500] : [2_600, 3_600];
/** Below this median brightness the page is light on dark, which takes 40 % longer to read than the reverse. */
const DARK_MEDIAN = 110;
const [WHITE, BLACK] = ['#ffffff', '#000000'];
/** Of 255: what is written in this brightness and above, on nothing, cannot be seen on white. */
const BRIGHT_WRITING = 170;
/** White around the page, in pixels: letters that touch the edge are not seen as letters. */
const MARGIN = 12;
/** The background is a sixteenth of the page in each direction; a median of 9 needs as many pixels. */
const MEDIAN = 9;

/**
 * Decodes a page for recognition.
 *
 * @param page of the file, from 1.
 */
export async function openPage(bytes: Uint8Array, page = 1): Promise<GreyPage> {
  const options = page > 1 ? { page: page - 1 } : {};
  const { autoOrient: original, hasAlpha } = await openImage(bytes, options).metadata();
  const background = hasAlpha ? await paperOf(openImage(bytes, options)) : WHITE;
  // Shrunk while it is decoded: a hundred megapixels are never in memory at once.
  const { data, info } = await openImage(bytes, options)
    .autoOrient()
    .resize(MAX_WIDTH, MAX_HEIGHT, { fit: 'inside', withoutEnlargement: true })
    .flatten({ background })
    .greyscale()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const grey = rawGrey(data, info.width, info.height);
  const isDark = (await medianOf(grey)) < DARK_MEDIAN;
  const pixels = isDark ? await pixelsOf(grey.negate()) : data;
  const edges = await edgesOf(rawGrey(pixels, info.width, info.height));
  const skew = skewOf(edges);
  return {
    data: pixels,
    width: info.width,
    height: info.height,
    original: { width: original.width, height: original.height },
    placement: new Placement(original.width, original.height).scaled(info.width, info.height),
    edges,
    skew,
    likelyTurn: likelyTurn(edges, skew),
    widthInLines: widthInLines(edges, skew),
    isUnevenlyLit: await isUneven(rawGrey(pixels, info.width, info.height)),
  };
}

/** Prepares a page for recognition: dark on light, straight, with a margin, and treated as asked. */
export async function prepare(page: GreyPage, treatment: Treatment = {}): Promise<Prepared> {
  let image = rawGrey(page.data, page.width, page.height);
  let { placement } = page;
  const { part, turn, scale = 1 } = treatment;
  if (part) {
    image = await materialise(image.extract({ left: part.x, top: part.y, width: part.width, height: part.height }));
    placement = placement.cut(part);
  }
  if (turn) {
    image = await materialise(image.rotate(turn));
    placement = placement.turned(turn);
  }
  const fitting = Math.min(scale, MAX_WIDTH / placement.width, MAX_HEIGHT / placement.height);
  if (fitting !== 1) {
    const [width, height] = [atLeastOne(placement.width * fitting), atLeastOne(placement.height * fitting)];
    image = await materialise(image.resize(width, height, { fit: 'fill', kernel: 'lanczos3' }));
    placement = placement.scaled(width, height);
  }
  if (treatment.flatten) image = await flattenLight(image, placement.width, placement.height);
  const skew = turn === 90 || turn === 270 ? skewOf(await edgesOf(image.clone())) : page.skew;
  if (!treatment.raw && Math.abs(skew) >= 0.2) {
    const { data, info } = await image
      .rotate(-skew, { background: '#ffffff' })
      .greyscale()
      .raw()
      .toBuffer({ resolveWithObject: true });
    image = rawGrey(data, info.width, info.height);
    placement = placement.rotated(-skew, info.width, info.height);
  }
  const png = await image
    .extend({ top: MARGIN, bottom: MARGIN, left: MARGIN, right: MARGIN, background: '#ffffff' })
    // One channel: greyscale() alone makes a PNG of three, which the engine unpacks to four bytes a pixel and more.
    .toColourspace('b-w')
    .png({ compressionLevel: 1 })
    .toBuffer();
  return { png, placement: placement.padded(MARGIN) };
}

/** One channel; sharp answers with three unless each raw output asks for grey again. */
const rawGrey = (data: Buffer, width: number, height: number) => sharp(data, { raw: { width, height, channels: 1 } });
const pixelsOf = (image: Sharp): Promise<Buffer> => image.greyscale().raw().toBuffer();
const atLeastOne = (pixels: number): number => Math.max(1, Math.round(pixels));

async function materialise(image: Sharp): Promise<Sharp> {
  const { data, info } = await image.greyscale().raw().toBuffer({ resolveWithObject: true });
  return rawGrey(data, info.width, info.height);
}

/** The paper for a picture that is transparent: white, or black for bright writing on nothing, as of a logo. */
async function paperOf(image: Sharp): Promise<string> {
  const pixels = await image.resize(64, 64, { fit: 'fill' }).toColourspace('srgb').raw().toBuffer();
  let [opaque, light] = [0, 0];
  for (let at = 0; at + 3 < pixels.length; at += 4) {
    const alpha = pixels[at + 3]!;
    opaque += alpha;
    light += (alpha * (pixels[at]! + pixels[at + 1]! + pixels[at + 2]!)) / 3;
  }
  const isMostlyNothing = opaque < (255 * pixels.length) / 4 / 2;
  return isMostlyNothing && light > BRIGHT_WRITING * opaque ? BLACK : WHITE;
}

async function medianOf(image: Sharp): Promise<number> {
  const pixels = await pixelsOf(image.clone().resize(64, 64, { fit: 'fill' }));
  return pixels.toSorted()[pixels.length >> 1]!;
}

async function isUneven(image: Sharp): Promise<boolean> {
  const pixels = (await pixelsOf(image.resize(12, 16, { fit: 'fill' }))).toSorted();
  return pixels[Math.floor(pixels.length * 0.95)]! - pixels[Math.floor(pixels.length * 0.05)]! > 90;
}

/** Divides by the background, which is what remains when everything as thin as writing is blurred away. */
async function flattenLight(image: Sharp, width: number, height: number): Promise<Sharp> {
  const pixels = await pixelsOf(image.clone());
  const [coarseWidth, coarseHeight] = [Math.max(MEDIAN, width >> 4), Math.max(MEDIAN, height >> 4)];
  // Two steps: within one pipeline sharp would do both resizes as one.
  const coarse = await pixelsOf(
    image.clone().resize(coarseWidth, coarseHeight, { fit: 'fill' }).median(MEDIAN).blur(4),
  );
  const background = await pixelsOf(
    rawGrey(coarse, coarseWidth, coarseHeight).resize(width, height, { fit: 'fill', kernel: 'cubic' }),
  );
  for (let i = 0; i < pixels.length; i++)
    pixels[i] = Math.min(255, Math.round((pixels[i]! * 235) / Math.max(16, background[i]!)));
  const flat = rawGrey(pixels, width, height);
  return Math.min(width, height) > 3 ? materialise(flat.median(3)) : flat;
}
