// The thread of HeicDecoder.
import { createRequire } from 'node:module';
import sharp from 'sharp';
import { hasLittleMemory } from '#platform/base/config/available-memory.ts';
import { CodedError } from '#platform/base/errors/errors.ts';
import { giveWay } from '#platform/base/thread/priority.ts';
import { serve } from '#platform/base/thread/thread-rpc.ts';
import { MAX_PIXELS } from '../formats/open-image.ts';
import { withProfile } from './colour-profile.ts';

const QUALITY = 92;

/** Each pixel takes ten bytes until it is written: where memory is little, a picture of the usual telephone. */
const MAX_HEIC_PIXELS = hasLittleMemory() ? 16_000_000 : MAX_PIXELS;

/** What libheif offers of a picture. */
interface HeifImage {
  readonly handle: unknown;
  get_width(): number;
  get_height(): number;
  is_primary(): boolean;
  free(): void;
}

/** What is decoded: its pixels lie in libheif's own memory, row by row. */
interface Decoded {
  /** Present where it failed. */
  readonly code?: unknown;
  readonly image: unknown;
  readonly channels: readonly { readonly id: unknown; readonly stride: number; readonly data: Uint8Array }[];
}

interface LibHeif {
  readonly HeifDecoder: new () => { decode(bytes: Uint8Array): HeifImage[] };
  readonly heif_channel: { readonly heif_channel_interleaved: unknown };
  readonly heif_colorspace: { readonly heif_colorspace_RGB: unknown };
  readonly heif_chroma: {
    readonly heif_chroma_interleaved_RGB: unknown;
    readonly heif_chroma_interleaved_RGBA: unknown;
  };
  heif_image_handle_has_alpha_channel(handle: unknown): number;
  heif_js_decode_image2(handle: unknown, space: unknown, chroma: unknown): Promise<Decoded | undefined>;
  heif_image_release(image: unknown): void;
}

async function convert({ bytes, icc }: { bytes: Uint8Array; icc?: Uint8Array }): Promise<Uint8Array> {
  const libheif = createRequire(import.meta.url)('libheif-js/wasm-bundle.js') as LibHeif;
  const images = new libheif.HeifDecoder().decode(bytes);
  const image = images.find((one) => one.is_primary()) ?? images[0];
  try {
    if (image === undefined) throw refused('The file is not a picture that can be read.');
    const [width, height] = [image.get_width(), image.get_height()];
    // Before a pixel is decoded: 25 MiB can say that they hold gigabytes.
    if (width * height > MAX_HEIC_PIXELS)
      throw refused(
        `The picture has ${Math.ceil((width * height) / 1e6)} megapixels; as HEIC at most ${MAX_HEIC_PIXELS / 1e6} are accepted here: send it smaller, or as JPEG.`,
      );
    const jpeg = await toJpeg(libheif, image, width, height);
    return icc === undefined ? jpeg : withProfile(jpeg, icc);
  } finally {
    for (const one of images) one.free();
  }
}

/** Decodes a picture and writes it as JPEG, from where its pixels lie: a copy would take as much memory again. */
async function toJpeg(libheif: LibHeif, { handle }: HeifImage, width: number, height: number): Promise<Uint8Array> {
  const { heif_chroma: chroma, heif_colorspace: space, heif_channel: channel } = libheif;
  const isTransparent = libheif.heif_image_handle_has_alpha_channel(handle) !== 0;
  const channels = isTransparent ? 4 : 3;
  const decoded = await libheif.heif_js_decode_image2(
    handle,
    space.heif_colorspace_RGB,
    isTransparent ? chroma.heif_chroma_interleaved_RGBA : chroma.heif_chroma_interleaved_RGB,
  );
  const plane = decoded?.channels?.find(({ id }) => id === channel.heif_channel_interleaved);
  if (decoded === undefined || plane === undefined)
    throw refused('The file is damaged: it cannot be decoded to its end.');
  try {
    const { data, stride } = plane;
    const row = width * channels;
    if (stride !== row) for (let y = 1; y < height; y++) data.copyWithin(y * row, y * stride, y * stride + row);
    const picture = sharp(data.subarray(0, row * height), { raw: { width, height, channels } });
    return await (isTransparent ? picture.flatten({ background: '#ffffff' }) : picture)
      // Optimised coding would make it 7 % smaller, and hold all of the picture in a form that takes 12 bytes a pixel.
      .jpeg({ quality: QUALITY, chromaSubsampling: '4:4:4', optimiseCoding: false })
      .toBuffer();
  } finally {
    libheif.heif_image_release(decoded.image);
  }
}

const refused = (message: string): CodedError => new CodedError('BAD_USER_INPUT', message);

const methods = { convert };
export type HeicMethods = typeof methods;

giveWay(10);
serve(() => methods);
