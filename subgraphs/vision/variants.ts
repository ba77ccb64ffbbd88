import { createHash } from 'node:crypto';
import { SingleFlight } from '#platform/base/cancellation/single-flight.ts';
import { badInput, notFound } from '#platform/base/errors/errors.ts';
import { type BlobStore, readBlob } from '#platform/data/blobs/blob-store.ts';
import { DIRECT_S, seeOther } from '#platform/identity/signed-urls/direct-download.ts';
import type { UrlSigner } from '#platform/identity/signed-urls/url-signer.ts';
import { folderOf, originalOf, variantsOf } from './images.ts';

/** The way in which a picture is to be shown. */
export interface VariantRequest {
  readonly width?: number | null | undefined;
  readonly height?: number | null | undefined;
  readonly format?: 'JPEG' | 'PNG' | 'WEBP' | 'AVIF' | null | undefined;
  readonly fit: 'INSIDE' | 'COVER';
}

const MAX_SIDE = 4096;
const LINK_LIFE_S = 600;
/**
 * Variants of one picture that are kept; more are made again each time, so that no client fills the disk with sizes.
 */
const MAX_KEPT = 32;
const MAX_VARIANT_BYTES = 64 * 1024 * 1024;

/**
 * Returns a link to a picture for ten minutes: the original where nothing else is asked for, or a variant made at its
 * first use.
 */
export function linkTo(
  urls: UrlSigner,
  image: { id: string; contentType: string; fileName: string },
  request: VariantRequest,
): string {
  const { width, height, format, fit } = request;
  for (const [name, side] of Object.entries({ width, height })) {
    if (side != null && (side < 1 || side > MAX_SIDE))
      throw badInput(name, `is ${side}; 1 to ${MAX_SIDE} are possible.`);
  }
  if (fit === 'COVER' && (width == null || height == null))
    throw badInput('fit', 'is COVER, which needs width and height.');
  const original = width == null && height == null && format == null;
  const target = format ?? 'WEBP';
  const path = original
    ? `/images/${image.id}/original`
    : `/images/${image.id}/${width ?? 0}x${height ?? 0}-${fit.toLowerCase()}.${target.toLowerCase()}`;
  const contentType = original ? image.contentType : `image/${target.toLowerCase()}`;
  return urls.sign({ subgraph: 'vision', method: 'GET', path, expiresInS: LINK_LIFE_S, contentType }).url;
}

/** One making of a variant at a time, however often its link is opened before it is there. */
const making = new SingleFlight();
const VARIANT = /^(\d{1,4})x(\d{1,4})-(inside|cover)\.(jpeg|png|webp|avif)$/;

/** Serves the original or a variant of a signed link. The signature is the permission: it was given for this path. */
export async function serveVariant(
  urls: UrlSigner,
  blobs: BlobStore,
  id: string,
  variant: string,
  request: Request,
): Promise<Response> {
  const grant = urls.verify('vision', request);
  const contentType = grant.contentType ?? 'application/octet-stream';
  if (variant === 'original') {
    const options = { expiresInS: DIRECT_S, contentType, disposition: 'inline' };
    const direct = await blobs.downloadUrl(originalOf(id), options);
    if (direct !== undefined) return seeOther(direct);
  }
  const bytes =
    variant === 'original'
      ? await readBlob(blobs, originalOf(id), request.signal)
      : await variantOf(blobs, id, variant, request.signal);
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
  blobs: BlobStore,
  id: string,
  variant: string,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  const match = VARIANT.exec(variant);
  if (!match) return undefined;
  const key = `${variantsOf(id)}${variant}`;
  const kept = await readBlob(blobs, key, signal);
  if (kept) return kept;
  const [, width, height, fit, format] = match;
  const { value } = await making.run(key, (stopped) => make(stopped), signal);
  return value;

  async function make(stopped: AbortSignal): Promise<Uint8Array | undefined> {
    const original = await readBlob(blobs, originalOf(id), stopped);
    if (original === undefined) return undefined;
    const { openImage } = await import('./analysis.ts');
    const picture = openImage(original).autoOrient();
    // JPEG knows no transparency, and would show black.
    const made = await (format === 'jpeg' ? picture.flatten({ background: '#ffffff' }) : picture)
      .resize(Number(width) || null, Number(height) || null, {
        fit: fit as 'inside' | 'cover',
        withoutEnlargement: fit === 'inside',
      })
      .toFormat(format as 'jpeg' | 'png' | 'webp' | 'avif')
      .toBuffer();
    let variants = 0;
    for await (const _ of blobs.list(variantsOf(id))) variants++;
    if (variants >= MAX_KEPT) return made;
    await blobs.put(key, made, { maxBytes: MAX_VARIANT_BYTES, signal: stopped });
    // Deleted meanwhile: what was just written must not outlive it.
    if ((await blobs.head(originalOf(id))) === undefined) await blobs.deleteAll(folderOf(id));
    return made;
  }
}
