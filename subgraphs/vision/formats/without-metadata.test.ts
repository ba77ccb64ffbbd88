import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { saysPixelsOnly, withoutMetadata } from './without-metadata.ts';

const size = { width: 60, height: 40 };
const picture = () =>
  sharp({ create: { ...size, channels: 3, background: '#cc4400' } }).withExif({
    IFD0: { Make: 'Sextant', Artist: 'Ada Lovelace', Copyright: 'hers' },
    IFD2: { BodySerialNumber: '0042' },
    IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '51/1 30/1 0/1' },
  });
const frames = async () =>
  sharp(
    await Promise.all(
      ['#f00', '#0f0', '#00f'].map((background) =>
        sharp({ create: { ...size, channels: 3, background } })
          .png()
          .toBuffer(),
      ),
    ),
    { join: { animated: true } },
  );
const pixelsOf = (bytes: Uint8Array) => sharp(bytes, { animated: true }).raw().toBuffer();

describe('a file without its metadata', () => {
  it.each([
    ['image/jpeg', () => picture().jpeg()],
    ['image/png', () => picture().png()],
    ['image/webp', () => picture().webp()],
  ])('%s has the same pixels and tells nothing of the place, the camera and the person', async (type, made) => {
    const file = await made().toBuffer();
    expect((await sharp(file).metadata()).exif).toBeDefined();
    const clean = await withoutMetadata(file, type);
    expect(Buffer.from(clean).toString('latin1')).not.toMatch(/Ada Lovelace|Sextant|0042/);
    const { exif, xmp, width, height } = await sharp(clean).metadata();
    expect({ exif, xmp, width, height }).toEqual({ exif: undefined, xmp: undefined, ...size });
    expect(await pixelsOf(clean)).toEqual(await pixelsOf(file));
  });

  it('a TIFF has the same pixels on all its pages, and its tables say no more', async () => {
    const file = await (await frames()).tiff({ compression: 'lzw' }).toBuffer();
    // Entries of a table lie in a row: the one for the resolution becomes the artist.
    const tagged = Buffer.concat([file, Buffer.from('Ada Lovelace\0')]);
    const table = tagged.readUInt32LE(4);
    const entry = table + 2 + 12 * (tagged.readUInt16LE(table) - 1);
    const before = tagged.readUInt16LE(entry);
    tagged.writeUInt16LE(315, entry);
    tagged.writeUInt16LE(2, entry + 2);
    tagged.writeUInt32LE(13, entry + 4);
    tagged.writeUInt32LE(file.length, entry + 8);
    expect(before).not.toBe(315);
    const clean = await withoutMetadata(tagged, 'image/tiff');
    expect(Buffer.from(clean).toString('latin1')).not.toContain('Ada Lovelace');
    expect(await sharp(clean).metadata()).toMatchObject({ format: 'tiff', pages: 3, ...size });
    for (const page of [0, 1, 2])
      expect(await sharp(clean, { page }).raw().toBuffer()).toEqual(await sharp(file, { page }).raw().toBuffer());
    for (const length of [3, 9, 200, file.length - 50]) await withoutMetadata(file.subarray(0, length), 'image/tiff');
  });

  it('a TIFF with a pointer that leads nowhere has what else it says taken out all the same', async () => {
    const file = await picture().tiff({ compression: 'lzw' }).toBuffer();
    const table = file.readUInt32LE(4);
    const count = file.readUInt16LE(table);
    const words = file.length;
    // The table again, behind the file: with EXIF where there is nothing, then the artist.
    const entries = file.subarray(table + 2, table + 2 + 12 * count);
    const broken = Buffer.alloc(24);
    const write = (at: number, [tag, type, count, value]: readonly [number, number, number, number]): void => {
      broken.writeUInt16LE(tag, at);
      broken.writeUInt16LE(type, at + 2);
      broken.writeUInt32LE(count, at + 4);
      broken.writeUInt32LE(value, at + 8);
    };
    write(0, [34_665, 4, 1, 0x7fffff00]);
    write(12, [315, 2, 13, words]);
    const length = Buffer.alloc(2);
    length.writeUInt16LE(count + 2);
    const tagged = Buffer.concat([file, Buffer.from('Ada Lovelace\0\0'), length, entries, broken, Buffer.alloc(4)]);
    tagged.writeUInt32LE(words + 14, 4);
    const clean = await withoutMetadata(tagged, 'image/tiff');
    expect(Buffer.from(clean).toString('latin1')).not.toContain('Ada Lovelace');
    expect(await pixelsOf(clean)).toEqual(await pixelsOf(file));
  });

  it('an AVIF too, whose pixels are nearly the same', async () => {
    const clean = await withoutMetadata(await picture().avif().toBuffer(), 'image/avif');
    expect(Buffer.from(clean).toString('latin1')).not.toMatch(/Ada Lovelace|0042/);
    expect(await sharp(clean).metadata()).toMatchObject({ format: 'heif', ...size });
  });

  it('a JPEG keeps how it is held, its colour profile, and loses what hangs behind its end', async () => {
    const held = await picture()
      .withIccProfile('p3')
      .withMetadata({ orientation: 6 })
      .jpeg({ progressive: true })
      .toBuffer();
    const clean = await withoutMetadata(Buffer.concat([held, Buffer.from('Ada Lovelace')]), 'image/jpeg');
    const { orientation, hasProfile, autoOrient } = await sharp(clean).metadata();
    expect({ orientation, hasProfile, autoOrient }).toEqual({
      orientation: 6,
      hasProfile: (await sharp(held).metadata()).hasProfile,
      autoOrient: { width: 40, height: 60 },
    });
    expect(Buffer.from(clean).toString('latin1')).not.toContain('Ada Lovelace');
  });

  it.each([
    ['more bytes of 255', [0xff, 0xff]],
    ['bytes that mean nothing', [0x41, 0xff, 0x00, 0x42]],
    ['a mark of a restart', [0xff, 0xd0]],
  ])('a JPEG with %s between its segments tells nothing either', async (_, between) => {
    const file = await picture().withMetadata({ orientation: 8 }).jpeg().toBuffer();
    const odd = Buffer.concat([file.subarray(0, 2), Buffer.from(between), file.subarray(2)]);
    const clean = await withoutMetadata(odd, 'image/jpeg');
    expect(Buffer.from(clean).toString('latin1')).not.toMatch(/Ada Lovelace|Sextant|0042/);
    expect((await sharp(clean).metadata()).orientation).toBe(8);
    expect(await pixelsOf(clean)).toEqual(await pixelsOf(file));
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('PNG and WebP stay upright that are held as number %i', async (orientation) => {
    for (const format of ['png', 'webp'] as const) {
      const file = await picture().withMetadata({ orientation }).toFormat(format, { lossless: true }).toBuffer();
      const clean = await withoutMetadata(file, `image/${format}`);
      const { autoOrient } = await sharp(clean).metadata();
      expect(autoOrient).toEqual((await sharp(file).metadata()).autoOrient);
      expect(await sharp(clean).autoOrient().raw().toBuffer()).toEqual(await sharp(file).autoOrient().raw().toBuffer());
      expect(Buffer.from(clean).toString('latin1')).not.toMatch(/Ada Lovelace|Sextant|0042/);
    }
  });

  it.each(['jpeg', 'png', 'webp', 'gif'] as const)(
    'a %s loses what hangs behind its end, and is whole',
    async (format) => {
      const file = await picture().toFormat(format).toBuffer();
      const clean = await withoutMetadata(Buffer.concat([file, Buffer.from('<script>PK\x03\x04')]), `image/${format}`);
      expect(Buffer.from(clean).toString('latin1')).not.toContain('<script>');
      expect(await pixelsOf(clean)).toEqual(await pixelsOf(file));
    },
  );

  it.each([
    ['image/gif', 'gif'],
    ['image/webp', 'webp'],
  ] as const)('an animated %s goes on moving', async (type, format) => {
    const file = await (await frames()).toFormat(format, { delay: [100, 100, 100], loop: 3 }).toBuffer();
    const comment = Buffer.from([0x21, 0xfe, 3, 0x41, 0x64, 0x61, 0]);
    const talking = format === 'gif' ? Buffer.concat([file.subarray(0, -1), comment, file.subarray(-1)]) : file;
    const clean = await withoutMetadata(talking, type);
    const { pages, delay, loop } = await sharp(clean, { animated: true }).metadata();
    expect({ pages, delay, loop }).toEqual({ pages: 3, delay: [100, 100, 100], loop: 3 });
    expect(await pixelsOf(clean)).toEqual(await pixelsOf(file));
    expect(Buffer.from(clean).toString('latin1')).not.toContain('Ada');
  });

  it('a JPEG loses what stands between its scans', async () => {
    const file = await picture().jpeg({ progressive: true }).toBuffer();
    const segment = (kind: number) => Buffer.concat([Buffer.from([0xff, kind, 0, 14]), Buffer.from('Ada Lovelace')]);
    const scan = file.lastIndexOf(Buffer.from([0xff, 0xda]));
    expect(scan).toBeGreaterThan(file.indexOf(Buffer.from([0xff, 0xda])));
    const talking = Buffer.concat([file.subarray(0, scan), segment(0xfe), segment(0xe5), file.subarray(scan)]);
    const clean = Buffer.from(await withoutMetadata(talking, 'image/jpeg'));
    expect(clean).toEqual(Buffer.from(await withoutMetadata(file, 'image/jpeg')));
    expect(clean.toString('latin1')).not.toContain('Ada Lovelace');
    expect(await pixelsOf(clean)).toEqual(await pixelsOf(file));
  });

  it('a WebP loses the chunks that nothing shows, within its frames too', async () => {
    const talk = Buffer.from('C2PA\x0c\0\0\0Ada Lovelace', 'latin1');
    const longer = (file: Buffer, at: number, by: number) => {
      const grown = Buffer.from(file);
      grown.writeUInt32LE(file.readUInt32LE(at) + by, at);
      return grown;
    };
    const still = await sharp({ create: { ...size, channels: 3, background: '#c40' } })
      .webp()
      .toBuffer();
    const moving = await (await frames()).webp({ delay: [100, 100, 100] }).toBuffer();
    const frame = moving.indexOf('ANMF');
    const end = frame + 8 + moving.readUInt32LE(frame + 4);
    const grown = longer(moving, frame + 4, talk.length);
    for (const [file, talking] of [
      [still, Buffer.concat([still, talk])],
      [moving, Buffer.concat([moving, talk])],
      [moving, Buffer.concat([grown.subarray(0, end), talk, grown.subarray(end)])],
    ] as const) {
      const said = longer(talking, 4, talk.length);
      expect(await pixelsOf(said)).toEqual(await pixelsOf(file));
      expect(await saysPixelsOnly(said, 'image/webp', {})).toBe(false);
      expect(Buffer.from(await withoutMetadata(said, 'image/webp'))).toEqual(file);
      expect(await saysPixelsOnly(file, 'image/webp', {})).toBe(true);
    }
  });

  it('an AVIF with nothing to hide stays as it is, with free room and moving too', async () => {
    const file = await sharp({ create: { ...size, channels: 3, background: '#c40' } })
      .avif()
      .toBuffer();
    const box = (name: string, content: string) => {
      const head = Buffer.alloc(4);
      head.writeUInt32BE(8 + content.length);
      return Buffer.concat([head, Buffer.from(name + content, 'latin1')]);
    };
    for (const more of ['', box('free', '\0\0\0'), box('moov', 'trak')]) {
      const clean = Buffer.concat([file, Buffer.from(more)]);
      expect(Buffer.from(await withoutMetadata(clean, 'image/avif'))).toEqual(clean);
    }
    for (const more of [box('free', 'Ada Lovelace'), box('moov', 'udta Ada Lovelace'), box('uuid', 'Ada Lovelace')]) {
      const clean = await withoutMetadata(Buffer.concat([file, more]), 'image/avif');
      expect(Buffer.from(clean).toString('latin1')).not.toContain('Ada Lovelace');
    }
  });

  it.each(['image/jpeg', 'image/png', 'image/webp', 'image/gif'])(
    'a %s that breaks off does not hold it up',
    async (type) => {
      const file = await picture()
        .toFormat(type.slice(6) as 'jpeg')
        .toBuffer();
      for (const length of [2, 9, 14, 30, file.length - 5]) await withoutMetadata(file.subarray(0, length), type);
    },
  );
});
