/** Media types that are accepted, by the name that sharp gives their format. */
export const MEDIA_TYPES: Readonly<Record<string, string>> = {
  jpeg: 'image/jpeg',
  png: 'image/png',
  webp: 'image/webp',
  gif: 'image/gif',
  heif: 'image/avif',
  tiff: 'image/tiff',
};

/** The format of iPhones, which sharp can look at and not decode. */
export const HEIC = 'image/heic';

/** What an upload may be declared as. A phone may call the format `image/heif`. */
export const ACCEPTED_TYPES: readonly string[] = [...Object.values(MEDIA_TYPES), HEIC, 'image/heif'];

/** Other names of accepted types that programs and browsers use. */
const ALIASES: Readonly<Record<string, string>> = {
  'image/jpg': 'image/jpeg',
  'image/pjpeg': 'image/jpeg',
  'image/x-png': 'image/png',
  'image/apng': 'image/png',
  'image/tif': 'image/tiff',
};

/** Returns the accepted type that an upload is declared as, or undefined. */
export function declaredType(contentType: string): string | undefined {
  const name = contentType.trim().toLowerCase();
  const type = ALIASES[name] ?? name;
  return ACCEPTED_TYPES.includes(type) ? type : undefined;
}

/** Returns the media type of what sharp has looked at, or undefined if it is not accepted. */
export const mediaTypeOf = ({ format, compression }: { format?: string; compression?: string }): string | undefined =>
  format === 'heif' && compression === 'hevc' ? HEIC : MEDIA_TYPES[format ?? ''];
