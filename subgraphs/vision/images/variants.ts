import { createHash } from 'node:crypto';
import { SingleFlight } from '#platform/base/cancellation/single-flight.ts';
import { badInput, notFound } from '#platform/base/errors/errors.ts';
import type { HeavyWork } from '#platform/base/thread/heavy-work.ts';
import { type BlobStore, readBlob } from '#platform/data/blobs/blob-store.ts';
import { DIRECT_S, seeOther } from '#platform/identity/signed-urls/direct-download.ts';
import type { UrlSigner } from '#platform/identity/signed-urls/url-signer.ts';
import type { Analysis } from '../analysis/analysis.ts';
import { HEIC, MEDIA_TYPES, mediaTypeOf } from '../formats/media-types.ts';
import { convertedOf, folderOf, type ImageRow, originalOf, pageCount, variantsOf } from './images.ts';
import { MakingPlaces } from './making-places.ts';

/** The way in which a picture is to be shown. */
export interface VariantRequest {
  readonly width?: number | null | undefined;
  readonly height?: number | null | undefined;
  readonly format?: 'JPEG' | 'PNG' | 'WEBP' | 'AVIF' | 'GIF' | null | undefined;
  readonly fit: 'INSIDE' | 'COVER';
  /** Of a TIFF, from 1. */
  readonly page: number;
  /** As it was uploaded, with all that the file says. */
  readonly original: boolean;
}

const MAX_SIDE = 4096;
const LINK_LIFE_S = 600;
/**
 * Variants of one picture that are kept; more are made again each time, so that no client fills the disk with sizes.
 */
const MAX_KEPT = 32;
const MAX_VARIANT_BYTES = 64 * 1024 * 1024;

/**
 * Returns a link to a picture for ten minutes: the picture as it is and without its metadata where nothing else is
 * asked for, the very file, or a variant made at its first use.
 */
export function linkTo(urls: UrlSigner, image: ImageRow, request: VariantRequest): string {
  checkRequest(image, request);
  const { name, contentType } = fileOf(image, request);
  const path = `/images/${image.id}/${name}`;
  return urls.sign({ subgraph: 'vision', method: 'GET', path, expiresInS: LINK_LIFE_S, contentType }).url;
}

/** Whether nothing else is asked for than the picture as it is. */
const isWhole = ({ width, height, format, page }: VariantRequest): boolean =>
  width == null && height == null && format == null && page === 1;

function checkRequest(image: ImageRow, request: VariantRequest): void {
  const { width, height, fit, page } = request;
  for (const [name, side] of Object.entries({ width, height })) {
    if (side != null && (side < 1 || side > MAX_SIDE))
      throw badInput(name, `is ${side}; 1 to ${MAX_SIDE} are possible.`);
  }
  if (fit === 'COVER' && (width == null || height == null))
    throw badInput('fit', 'is COVER, which needs width and height.');
  const pages = pageCount(image);
  if (page < 1 || page > pages) throw badInput('page', `is ${page}; the image has ${pages}.`);
  if (request.original && !isWhole(request))
    throw badInput('original', 'is the file as it was uploaded: leave out width, height, format and page.');
}

/** The name of what is asked for, as serveVariant knows it, and its type. */
function fileOf(image: ImageRow, request: VariantRequest): { readonly name: string; readonly contentType: string } {
  if (!isWhole(request)) {
    const { width, height, fit, page } = request;
    const format = (request.format ?? 'WEBP').toLowerCase();
    const ofPage = page > 1 ? `-page-${page}` : '';
    const name = `${width ?? 0}x${height ?? 0}-${fit.toLowerCase()}${ofPage}.${format}`;
    return { name, contentType: `image/${format}` };
  }
  if (request.original || !mayTell(image)) return { name: ORIGINAL, contentType: image.contentType };
  return { name: WHOLE, contentType: image.contentType === HEIC ? 'image/jpeg' : image.contentType };
}

/** The file as it was uploaded; the same picture without its metadata. */
const [ORIGINAL, WHOLE] = ['original', 'picture'];

/** Whether a file may say more than its pixels. Browsers do not show HEIC either way. */
const mayTell = ({ contentType, analysis }: ImageRow): boolean =>
  contentType === HEIC || (analysis as unknown as Analysis | null)?.saysPixelsOnly !== true;

/** One making of a variant at a time, however often its link is opened before it is there. */
const making = new SingleFlight();
const places = new MakingPlaces();
const VARIANT = /^(\d{1,4})x(\d{1,4})-(inside|cover)(?:-page-(\d{1,3}))?\.(jpeg|png|webp|avif|gif)$/;

export interface VariantParts {
  readonly urls: UrlSigner;
  readonly blobs: BlobStore;
  readonly heavy: HeavyWork;
}

/** Serves the original or a variant of a signed link. The signature is the permission: it was given for this path. */
export async function serveVariant(
  { urls, blobs, heavy }: VariantParts,
  id: string,
  variant: string,
  request: Request,
): Promise<Response> {
  const grant = urls.verify('vision', request);
  const contentType = grant.contentType ?? 'application/octet-stream';
  if (variant === ORIGINAL) {
    const options = { expiresInS: DIRECT_S, contentType, disposition: 'inline' };
    const direct = await blobs.downloadUrl(originalOf(id), options);
    if (direct !== undefined) return seeOther(direct);
  }
  const bytes =
    variant === ORIGINAL
      ? await readBlob(blobs, originalOf(id), request.signal)
      : await variantOf({ blobs, heavy }, id, variant, contentType, request.signal);
  if (bytes === undefined) throw notFound('The image');
  const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
  if (request.headers.get('if-none-match') === etag) return new Response(null, { status: 304, headers: { etag } });
  return new Response(bytes as BodyInit, {
    headers: {
      'content-type': contentType,
      'content-length': String(bytes.byteLength),
      etag,
      // The link ends, so only its holder may keep the answer; a picture is never run as a page.
      'cache-control': `private, max-age=${LINK_LIFE_S}`,
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
    },
  });
}

async function variantOf(
  { blobs, heavy }: Omit<VariantParts, 'urls'>,
  id: string,
  variant: string,
  contentType: string,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  const match = VARIANT.exec(variant);
  if (!match && variant !== WHOLE) return undefined;
  const key = `${variantsOf(id)}${variant}`;
  const kept = await readBlob(blobs, key, signal);
  if (kept) return kept;
  const { value } = await making.run(key, (stopped) => places.run(id, stopped, () => make(stopped)), signal);
  return value;

  async function make(stopped: AbortSignal): Promise<Uint8Array | undefined> {
    const picture =
      (await readBlob(blobs, convertedOf(id), stopped)) ?? (await readBlob(blobs, originalOf(id), stopped));
    if (picture === undefined) return undefined;
    const { AVIF, openImage } = await import('../formats/open-image.ts');
    const write = async (): Promise<Uint8Array> =>
      match
        ? resized(picture, match)
        : (await import('../formats/without-metadata.ts')).withoutMetadata(picture, contentType);
    const types = [contentType, mediaTypeOf(await openImage(picture).metadata())];
    const made = types.includes(MEDIA_TYPES['heif']) ? await heavy.run(AVIF, stopped, write) : await write();
    let variants = 0;
    for await (const _ of blobs.list(variantsOf(id))) variants++;
    if (variants >= MAX_KEPT) return made;
    await blobs.put(key, made, { maxBytes: MAX_VARIANT_BYTES, signal: stopped });
    // Deleted meanwhile: what was just written must not outlive it.
    if ((await blobs.head(originalOf(id))) === undefined) await blobs.deleteAll(folderOf(id));
    return made;
  }
}

/** Formats that move. */
const MOVING = new Set(['webp', 'gif']);

async function resized(picture: Uint8Array, match: RegExpExecArray): Promise<Uint8Array> {
  const { openImage, AVIF_EFFORT, MAX_AVIF_WRITTEN, MAX_PIXELS } = await import('../formats/open-image.ts');
  const [, width, height, fit, page, format = ''] = match;
  const metadata = await openImage(picture).metadata();
  const { width: across, pages = 1, pageHeight, format: source } = metadata;
  // An animation whose frames are too many pixels together is shown by its first.
  const animated =
    MOVING.has(format) && MOVING.has(source) && pages > 1 && across * (pageHeight ?? across) * pages <= MAX_PIXELS;
  const opened = animated
    ? openImage(picture, { animated })
    : openImage(picture, page ? { page: Number(page) - 1 } : {}).autoOrient();
  // JPEG knows no transparency, and would show black.
  const sized = (format === 'jpeg' ? opened.flatten({ background: '#ffffff' }) : opened).resize(
    Number(width) || null,
    Number(height) || null,
    { fit: fit as 'inside' | 'cover', withoutEnlargement: fit === 'inside' },
  );
  if (format !== 'avif') return sized.toFormat(format as 'jpeg' | 'png' | 'webp' | 'gif').toBuffer();
  const pixels = writtenPixels(metadata, match);
  if (pixels > MAX_AVIF_WRITTEN)
    throw badInput(
      'format',
      `is AVIF, and the picture would have ${Math.ceil(pixels / 1e6)} megapixels; at most ${MAX_AVIF_WRITTEN / 1e6} are written as AVIF here: ask for a smaller width, or for WEBP.`,
    );
  return sized.avif({ effort: AVIF_EFFORT }).toBuffer();
}

/** Returns the pixels of a variant. */
function writtenPixels(
  { autoOrient: picture }: { readonly autoOrient: { readonly width: number; readonly height: number } },
  [, width, height, fit]: RegExpExecArray,
): number {
  if (fit === 'cover') return Number(width) * Number(height);
  const across = (Number(width) || picture.width) / picture.width;
  const down = (Number(height) || picture.height) / picture.height;
  return picture.width * picture.height * Math.min(across, down, 1) ** 2;
}
