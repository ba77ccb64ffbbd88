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

/** Each pixel takes six bytes while it is decoded: where memory is little, a picture of the usual telephone. */
const MAX_HEIC_PIXELS = hasLittleMemory() ? 16_000_000 : MAX_PIXELS;

/** What libheif offers of a picture. */
interface HeifImage {
  get_width(): number;
  get_height(): number;
  is_primary(): boolean;
  display(target: { data: Uint8ClampedArray; width: number; height: number }, done: (shown: unknown) => void): void;
  free(): void;
}

interface LibHeif {
  readonly HeifDecoder: new () => { decode(bytes: Uint8Array): HeifImage[] };
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
    const data = new Uint8ClampedArray(width * height * 4);
    const shown = await new Promise((resolve) => image.display({ data, width, height }, resolve));
    if (!shown) throw refused('The file is damaged: it cannot be decoded to its end.');
    const jpeg = await sharp(Buffer.from(data.buffer), { raw: { width, height, channels: 4 } })
      .flatten({ background: '#ffffff' })
      .jpeg({ quality: QUALITY, chromaSubsampling: '4:4:4' })
      .toBuffer();
    return icc === undefined ? jpeg : withProfile(jpeg, icc);
  } finally {
    for (const one of images) one.free();
  }
}

const refused = (message: string): CodedError => new CodedError('BAD_USER_INPUT', message);

const methods = { convert };
export type HeicMethods = typeof methods;

giveWay(10);
serve(() => methods);
