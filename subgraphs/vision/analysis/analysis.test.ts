import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import { HeavyWork } from '#platform/base/thread/heavy-work.ts';
import { HeicDecoder } from '../heic/heic.ts';
import { type AnalysisParts, analyse as analyseWith } from './analysis.ts';

const heavy = new HeavyWork({ memoryMb: 4_096 });
const heic = new HeicDecoder(heavy);
afterAll(() => heic[Symbol.asyncDispose]());
const analyse = (bytes: Uint8Array) => analyseWith(bytes, { heic, heavy });
const page = await readFile(new URL('../testing/page.png', import.meta.url));
/** Soft coloured hills, which is as near to a photograph as arithmetic gets. */
const hills = (width: number, height: number): Buffer => {
  const pixels = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [u, v] = [x / width, y / height];
      const at = 3 * (y * width + x);
      pixels[at] = 127 + 120 * Math.sin(3 * u + 5 * v);
      pixels[at + 1] = 127 + 120 * Math.sin(7 * u - 2 * v + 1);
      pixels[at + 2] = 127 + 120 * Math.cos(4 * u * v + 2 * v);
    }
  }
  return pixels;
};
const photo = () => sharp(hills(640, 480), { raw: { width: 640, height: 480, channels: 3 } });
/** Number of differing bits. */
const hashDistance = (a: bigint, b: bigint): number => [...(a ^ b).toString(2)].filter((bit) => bit === '1').length;
const hashOf = async (bytes: Buffer) => BigInt(`0x${(await analyse(bytes)).analysis.perceptualHash}`);

describe('the analysis of a picture', () => {
  it('tells a page from a photograph and from a drawing', async () => {
    const drawing = await sharp({ create: { width: 300, height: 200, channels: 3, background: '#2244cc' } })
      .png()
      .toBuffer();
    expect((await analyse(page)).analysis.kind).toBe('DOCUMENT');
    expect((await analyse(await photo().jpeg().toBuffer())).analysis.kind).toBe('PHOTO');
    expect((await analyse(drawing)).analysis.kind).toBe('GRAPHIC');
  });

  it('finds the colours and their shares', async () => {
    const red = await sharp({ create: { width: 300, height: 100, channels: 3, background: '#cc0000' } })
      .png()
      .toBuffer();
    const flag = await sharp({ create: { width: 400, height: 100, channels: 3, background: '#ffffff' } })
      .composite([{ input: red, left: 0, top: 0 }])
      .png()
      .toBuffer();
    const { palette } = (await analyse(flag)).analysis;
    expect(palette[0]).toMatchObject({ hex: '#cc0000' });
    expect(palette[0]!.share).toBeCloseTo(0.75, 1);
  });

  it('has a hash that survives another size and quality, and differs for another picture', async () => {
    const original = await hashOf(await photo().png().toBuffer());
    const copy = await hashOf(await photo().resize(200).jpeg({ quality: 40 }).toBuffer());
    expect(hashDistance(original, copy)).toBeLessThanOrEqual(10);
    expect(hashDistance(original, await hashOf(page))).toBeGreaterThan(10);
  });

  it('measures upright, whatever the camera held', async () => {
    const sideways = await photo().withMetadata({ orientation: 6 }).jpeg().toBuffer();
    expect(await analyse(sideways)).toMatchObject({ width: 480, height: 640, contentType: 'image/jpeg' });
  });

  it('keeps the place of a photograph apart from the rest of its EXIF', async () => {
    const tagged = await photo()
      .withExif({ IFD0: { Make: 'Sextant' }, IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '51/1 30/1 0/1' } })
      .jpeg()
      .toBuffer();
    const { exif, location } = (await analyse(tagged)).analysis;
    expect(exif).toMatchObject({ Make: 'Sextant' });
    expect(JSON.stringify(exif)).not.toContain('GPSLatitude"');
    expect(location).toMatchObject({ GPSLatitudeRef: 'N' });
  });

  it.each([
    ['text that calls itself a picture', Buffer.from('hello'), 'not a picture that can be read'],
    [
      'an SVG, which could hold scripts',
      Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
      'is svg',
    ],
    ['half a picture', page.subarray(0, 4000), 'damaged'],
  ])('refuses %s', async (_, bytes, problem) => {
    await expect(analyse(bytes)).rejects.toThrow(problem);
  });

  it('refuses a decompression bomb before it unpacks it', async () => {
    const bomb = await sharp({
      create: { width: 12_000, height: 12_000, channels: 3, background: '#000' },
      limitInputPixels: false,
    })
      .png({ compressionLevel: 9 })
      .toBuffer();
    expect(bomb.byteLength).toBeLessThan(1_000_000);
    await expect(analyse(bomb)).rejects.toThrow('more than 100 megapixels');
  });
});

describe('an AVIF', () => {
  it('is decoded in its turn, where there are turns: it takes as much memory as a page whose text is read', async () => {
    const needed: number[] = [];
    const turns: AnalysisParts['heavy'] = {
      run: (kind, _, work) => {
        needed.push(kind.needsMb);
        return work();
      },
    };
    const { contentType } = await analyseWith(await photo().avif({ effort: 0 }).toBuffer(), { heic, heavy: turns });
    await analyseWith(await photo().jpeg().toBuffer(), { heic, heavy: turns });
    expect([contentType, needed]).toEqual(['image/avif', [144]]);
  });
});

describe('a picture of an iPhone', () => {
  const file = () => readFile(new URL('../testing/text.heic', import.meta.url));

  it('is converted to JPEG, of its size and its colours', async () => {
    const { contentType, width, height, picture, analysis } = await analyse(await file());
    expect({ contentType, width, height, frames: analysis.frames }).toEqual({
      contentType: 'image/heic',
      width: 600,
      height: 400,
      frames: 1,
    });
    expect(await sharp(picture).metadata()).toMatchObject({ format: 'jpeg', width: 600, height: 400 });
    expect(analysis.palette[0]!.hex).toBe('#ffffff');
  });

  it('keeps the colour profile of the file', async () => {
    const icc = (
      await sharp(page)
        .withIccProfile('p3')
        .png()
        .toBuffer()
        .then((png) => sharp(png).metadata())
    ).icc!;
    const jpeg = await heic.convert(await file(), { icc });
    expect((await sharp(jpeg).metadata()).icc).toEqual(icc);
  });

  it.each([
    ['cut in half', (bytes: Buffer) => bytes.subarray(0, bytes.length >> 1)],
    ['with a hole', (bytes: Buffer) => Buffer.from(bytes).fill(0, bytes.length - 1500, bytes.length - 200)],
    [
      'that says it is 60,000 pixels wide',
      (bytes: Buffer) => {
        const bomb = Buffer.from(bytes);
        for (let at = bomb.indexOf('ispe'); at !== -1; at = bomb.indexOf('ispe', at + 1)) {
          bomb.writeUInt32BE(60_000, at + 8);
          bomb.writeUInt32BE(60_000, at + 12);
        }
        return bomb;
      },
    ],
  ])('is refused %s, or shown as far as it goes, and the next is converted', async (_, broken) => {
    await analyse(broken(await file())).then(
      ({ width }) => expect(width).toBe(600),
      (error) => expect(error).toMatchObject({ name: 'JobRefused' }),
    );
    expect((await analyse(await file())).width).toBe(600);
  });
});

it('a TIFF of thousands of pages is refused', async () => {
  const dot = await sharp({ create: { width: 2, height: 2, channels: 3, background: '#fff' } })
    .png()
    .toBuffer();
  const bomb = await sharp(
    Array.from({ length: 501 }, () => dot),
    { join: { animated: true } },
  )
    .tiff()
    .toBuffer();
  await expect(analyse(bomb)).rejects.toThrow('501 pages; at most 500');
});
