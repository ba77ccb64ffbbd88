import exifReader from 'exif-reader';
import sharp, { type Metadata, type Sharp } from 'sharp';
import { rgbaToThumbHash } from 'thumbhash';
import type { HeavyWork } from '#platform/base/thread/heavy-work.ts';
import { JobRefused } from '#platform/data/jobs/jobs.ts';
import { ACCEPTED_TYPES, HEIC, MEDIA_TYPES, mediaTypeOf } from '../formats/media-types.ts';
import { AVIF, MAX_AVIF_PIXELS, MAX_PIXELS, openImage } from '../formats/open-image.ts';
import { saysPixelsOnly } from '../formats/without-metadata.ts';
import type { HeicDecoder } from '../heic/heic.ts';
import { kindOf } from './kind.ts';
import { type PaletteColour, paletteOf } from './palette.ts';
import { differenceHash } from './perceptual-hash.ts';

const THUMBHASH_SIDE = 100;
/** Pages of a TIFF; each is decoded by itself. */
const MAX_PAGES = 500;

/** The findings of analysis.ts; kept as JSON. */
export interface Analysis {
  readonly kind: 'PHOTO' | 'DOCUMENT' | 'GRAPHIC';
  readonly palette: readonly PaletteColour[];
  /** 16 hexadecimal digits. */
  readonly perceptualHash: string;
  /** Base64. */
  readonly thumbhash: string;
  readonly sharpness: number;
  readonly entropy: number;
  readonly transparent: boolean;
  readonly frames: number;
  /** Whether the file says nothing beside its pixels, so that it can be served as it is. Older analyses do not tell. */
  readonly saysPixelsOnly?: boolean;
  readonly density: number | null;
  readonly exif: Record<string, unknown> | null;
  readonly location: Record<string, unknown> | null;
}

export interface AnalysedImage {
  readonly contentType: string;
  /** Upright, in pixels. */
  readonly width: number;
  readonly height: number;
  readonly analysis: Analysis;
  /** The picture in a format that all programs show, where its own is not one. */
  readonly picture?: Uint8Array;
}

export interface AnalysisParts {
  readonly heic: Pick<HeicDecoder, 'convert'>;
  readonly heavy: Pick<HeavyWork, 'run'>;
}

/**
 * Looks at a picture with nothing but arithmetic.
 *
 * @throws {JobRefused} when the bytes are not a picture of an accepted type: its message is for the user.
 */
export async function analyse(
  bytes: Uint8Array,
  { heic, heavy }: AnalysisParts,
  signal?: AbortSignal,
): Promise<AnalysedImage> {
  const metadata = await readMetadata(bytes);
  const contentType = mediaTypeOf(metadata);
  if (contentType === undefined)
    throw new JobRefused(`The file is ${metadata.format}; ${ACCEPTED_TYPES.join(', ')} are accepted.`);
  const { pages = 1 } = metadata;
  if (contentType === MEDIA_TYPES['tiff'] && pages > MAX_PAGES)
    throw new JobRefused(`The TIFF has ${pages} pages; at most ${MAX_PAGES} are accepted: split it.`);
  if (contentType === MEDIA_TYPES['heif']) {
    const pixels = metadata.width * metadata.height;
    if (pixels > MAX_AVIF_PIXELS)
      throw new JobRefused(
        `The picture has ${Math.ceil(pixels / 1e6)} megapixels; as AVIF at most ${MAX_AVIF_PIXELS / 1e6} are accepted here: send it smaller, or as JPEG.`,
      );
    return heavy.run(AVIF, signal, () => describe(bytes, metadata, contentType));
  }
  if (contentType !== HEIC) return describe(bytes, metadata, contentType);
  const picture = await heic.convert(bytes, { icc: metadata.icc }, signal);
  return { ...(await describe(picture, metadata, contentType)), picture };
}

/** @param metadata of the original; what was converted has lost it. */
async function describe(bytes: Uint8Array, metadata: Metadata, contentType: string): Promise<AnalysedImage> {
  try {
    // Decoded once, upright and small: what follows looks at colours and shapes, for which a quarter megapixel is
    // plenty.
    const upright = openImage(bytes).autoOrient();
    const { data, info } = await upright
      .resize(512, 512, { fit: 'inside', withoutEnlargement: true })
      .ensureAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    const small = () => sharp(data, { raw: { width: info.width, height: info.height, channels: 4 } });
    const [palette, hash, thumbhash, stats, kind] = await Promise.all([
      paletteOf(small()),
      differenceHash(small()),
      thumbhashOf(small()),
      small().stats(),
      kindOf(small()),
    ]);
    const { exif, location } = readExif(metadata.exif);
    const size = contentType === HEIC ? await openImage(bytes).metadata() : metadata.autoOrient;
    return {
      contentType,
      width: size.width,
      height: size.height,
      analysis: {
        kind,
        palette,
        perceptualHash: hash.toString(16).padStart(16, '0'),
        thumbhash,
        sharpness: round(stats.sharpness),
        entropy: round(stats.entropy),
        transparent: !stats.isOpaque,
        // A HEIC may hold a burst; one picture of it is shown.
        frames: contentType === HEIC ? 1 : (metadata.pages ?? 1),
        saysPixelsOnly: await saysPixelsOnly(bytes, contentType, metadata),
        density: metadata.density ?? null,
        exif,
        location,
      },
    };
  } catch {
    throw new JobRefused('The file is damaged: it cannot be decoded to its end.');
  }
}

async function readMetadata(bytes: Uint8Array): Promise<Metadata> {
  try {
    return await openImage(bytes).metadata();
  } catch (error) {
    const large = /pixel limit/i.test((error as Error).message);
    throw new JobRefused(
      large
        ? `The picture has more than ${MAX_PIXELS / 1e6} megapixels.`
        : 'The file is not a picture that can be read.',
    );
  }
}

async function thumbhashOf(image: Sharp): Promise<string> {
  const { data, info } = await image
    .resize(THUMBHASH_SIDE, THUMBHASH_SIDE, { fit: 'inside', withoutEnlargement: true })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return Buffer.from(rgbaToThumbHash(info.width, info.height, data)).toString('base64');
}

/** The place is kept apart, because a picture must not tell where its owner lives unless that is asked for. */
function readExif(buffer: Buffer | undefined): Pick<Analysis, 'exif' | 'location'> {
  if (buffer === undefined) return { exif: null, location: null };
  try {
    const { Image, Photo, GPSInfo } = exifReader(buffer);
    const exif = { ...plain(Image), ...plain(Photo) };
    return { exif: Object.keys(exif).length > 0 ? exif : null, location: GPSInfo ? plain(GPSInfo) : null };
  } catch {
    return { exif: null, location: null };
  }
}

/** Text, numbers and dates; binary blocks (maker notes, previews) are left out. */
const plain = (block: object | undefined): Record<string, unknown> =>
  Object.fromEntries(Object.entries(block ?? {}).filter(([, value]) => !(value instanceof Uint8Array)));

const round = (value: number): number => Math.round(value * 1000) / 1000;
