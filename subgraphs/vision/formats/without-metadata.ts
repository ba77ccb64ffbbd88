import { crc32 } from 'node:zlib';
import type { Metadata } from 'sharp';
import { AVIF_EFFORT, openImage } from './open-image.ts';
import { tiffWithoutMetadata } from './tiff-without-metadata.ts';

/**
 * Returns a file without what it says beside its pixels: where it was taken, by which camera, by whom. Colour profile
 * and orientation stay. JPEG, PNG, WebP, GIF and TIFF lose their blocks and no pixel changes; AVIF is written again
 * where it may say more, TIFF where its tables lead nowhere.
 */
export async function withoutMetadata(bytes: Uint8Array, contentType: string): Promise<Uint8Array> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (contentType) {
    case 'image/jpeg':
      return jpeg(buffer);
    case 'image/png':
      return png(buffer);
    case 'image/webp':
      return webp(buffer);
    case 'image/gif':
      return gif(buffer);
    case 'image/tiff':
      return tiff(buffer);
    default:
      if (hasPictureBoxesOnly(buffer)) return bytes;
      return openImage(bytes).autoOrient().keepIccProfile().avif({ quality: 80, effort: AVIF_EFFORT }).toBuffer();
  }
}

/** Where a table leads out of the file, what lies behind it is not known: its pixels are written again. */
async function tiff(bytes: Buffer): Promise<Uint8Array> {
  const { file, isWhole } = tiffWithoutMetadata(bytes);
  if (isWhole) return file;
  try {
    return await openImage(file, { animated: true }).keepIccProfile().tiff({ compression: 'lzw' }).toBuffer();
  } catch {
    // Pages of several sizes, or a file that shows nothing: the tables that there are say no more.
    return file;
  }
}

/**
 * Returns whether a file says nothing beside its pixels: no EXIF, no comment or text, nothing behind its end, as the
 * film of a telephone's moving picture is.
 */
export async function saysPixelsOnly(
  bytes: Uint8Array,
  contentType: string,
  { exif, xmp, iptc }: Pick<Metadata, 'exif' | 'xmp' | 'iptc'>,
): Promise<boolean> {
  if (exif ?? xmp ?? iptc) return false;
  // Its tables are in an order of their own.
  if (contentType === 'image/tiff') return false;
  if (contentType === 'image/avif') return hasPictureBoxesOnly(Buffer.from(bytes));
  return Buffer.from(bytes).equals(await withoutMetadata(bytes, contentType));
}

/** The boxes of an AVIF: what it is, what is in it, how it moves, its data, and room that is left free. */
const AVIF_BOXES = new Set(['ftyp', 'meta', 'moov', 'mdat', 'free']);
/** What is in it beside a picture: EXIF, XMP, the words and places of a film. */
const AVIF_TALK = /Exif|mime|uri |uuid|udta|moov.*meta/s;

function hasPictureBoxesOnly(file: Buffer): boolean {
  let at = 0;
  while (at + 8 <= file.length) {
    const size = file.readUInt32BE(at);
    const name = file.toString('latin1', at + 4, at + 8);
    // Sizes of 0 and 1, to the end of the file and of 64 bits, are for files larger than a picture.
    if (size < 8 || !AVIF_BOXES.has(name)) return false;
    const box = file.subarray(at + 4, at + size);
    if (name === 'free' && box.subarray(4).some((byte) => byte !== 0)) return false;
    if (name !== 'mdat' && AVIF_TALK.test(box.toString('latin1'))) return false;
    at += size;
  }
  return at === file.length;
}

const [SOI_LENGTH, MARKER, FRAME, RESTART, END, SCAN, APP0, APP2, APP14] = [
  2, 0xff, 0xc0, 0xd0, 0xd9, 0xda, 0xe0, 0xe2, 0xee,
];

/** Keeps JFIF (APP0), the colour profile (APP2) and Adobe's mark of the colour space (APP14). */
function jpeg(file: Buffer): Buffer {
  const kept: Buffer[] = [file.subarray(0, SOI_LENGTH)];
  let at = SOI_LENGTH;
  let orientation = 1;
  while (at + 2 <= file.length) {
    const kind = file[at + 1]!;
    // Programs that show it pass over what stands between segments: more bytes of 255, or anything else.
    if (file[at] !== MARKER || kind === MARKER) {
      at++;
      continue;
    }
    if (kind === END) {
      // What lies behind it, as other pictures of a telephone do, carries metadata too.
      kept.push(file.subarray(at, at + 2));
      break;
    }
    if (!hasLength(kind)) {
      at += 2;
      continue;
    }
    if (at + 4 > file.length) break;
    const head = Math.min(file.length, at + 2 + file.readUInt16BE(at + 2));
    const end = kind === SCAN ? endOfScan(file, head) : head;
    const segment = file.subarray(at, end);
    if (kind === 0xe1 && segment.subarray(4, 10).toString('latin1') === 'Exif\0\0')
      orientation = orientationOf(segment.subarray(10));
    // Behind APP2 there may be other things than the profile, as a second picture with metadata of its own.
    const isProfile = kind === APP2 && segment.subarray(4, 15).toString('latin1') === 'ICC_PROFILE';
    if ((kind >= FRAME && kind <= APP0) || isProfile || kind === APP14) kept.push(segment);
    at = end;
  }
  if (orientation !== 1) kept.splice(1, 0, EXIF_HEAD, exifOf(orientation));
  return Buffer.concat(kept);
}

/**
 * Whether a length follows a marker: not behind those of restarts, and not behind a zero, which makes a byte of 255.
 */
const hasLength = (kind: number): boolean => kind > 0x01 && (kind < 0xd0 || kind > 0xd8);

/** Returns where the data of a scan end: at a marker other than of a restart; a progressive picture has several. */
function endOfScan(file: Buffer, from: number): number {
  for (let at = file.indexOf(MARKER, from); at !== -1 && at + 1 < file.length; at = file.indexOf(MARKER, at + 1)) {
    const kind = file[at + 1]!;
    if (kind >= FRAME && kind !== MARKER && (kind < RESTART || kind >= END)) return at;
  }
  return file.length;
}

/** The tag of the orientation in a block of EXIF, 1 where there is none. */
function orientationOf(tiff: Buffer): number {
  try {
    const little = tiff.toString('latin1', 0, 2) === 'II';
    const short = (at: number) => (little ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at));
    const start = little ? tiff.readUInt32LE(4) : tiff.readUInt32BE(4);
    for (let i = 0; i < short(start); i++) {
      const entry = start + 2 + 12 * i;
      if (short(entry) === 0x0112) return Math.min(8, Math.max(1, short(entry + 8)));
    }
  } catch {
    // A block that breaks off says nothing.
  }
  return 1;
}

/** A block of EXIF that says how the picture is held, and nothing else. */
const exifOf = (orientation: number): Buffer =>
  Buffer.from([0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0]);
/** What stands before it in a JPEG: the marker, the length, the name. */
const EXIF_HEAD = Buffer.from([0xff, 0xe1, 0, 34, 0x45, 0x78, 0x69, 0x66, 0, 0]);

const PNG_SIGNATURE = 8;
/** Chunks that are needed to show the picture, its animation and its colours; `tIME` and texts are not. */
const PNG_KEPT =
  /^(?:[A-Z]...|tRNS|gAMA|cHRM|sRGB|iCCP|cICP|mDCV|cLLI|mDCv|cLLi|sBIT|bKGD|pHYs|hIST|sPLT|acTL|fcTL|fdAT)$/;

function png(file: Buffer): Buffer {
  const kept: Buffer[] = [file.subarray(0, PNG_SIGNATURE)];
  for (let at = PNG_SIGNATURE; at + 12 <= file.length; ) {
    const end = Math.min(file.length, at + 12 + file.readUInt32BE(at));
    const name = file.toString('latin1', at + 4, at + 8);
    if (PNG_KEPT.test(name)) kept.push(file.subarray(at, end));
    const orientation = name === 'eXIf' ? orientationOf(file.subarray(at + 8, end)) : 1;
    if (orientation !== 1) kept.push(pngChunk('eXIf', exifOf(orientation)));
    if (name === 'IEND') break;
    at = end;
  }
  return Buffer.concat(kept);
}

function pngChunk(name: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), data]);
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, checksum]);
}

const RIFF_HEAD = 12;
/** Bits of the header of a WebP: of what it has, only a profile, transparency and animation stay; and that of EXIF. */
const [WEBP_KEPT, WEBP_EXIF] = [0b0011_0010, 0b0000_1000];
/** Chunks that are needed to show the picture, its animation and its colours. */
const WEBP_CHUNKS = new Set(['VP8 ', 'VP8L', 'VP8X', 'ALPH', 'ANIM', 'ANMF', 'ICCP']);
/** Those within a frame of an animation, behind its place and time. */
const FRAME_CHUNKS = new Set(['VP8 ', 'VP8L', 'ALPH']);
const FRAME_HEAD = 24;

function webp(file: Buffer): Buffer {
  if (file.length < RIFF_HEAD) return file;
  const kept: Buffer[] = [];
  let header: Buffer | undefined;
  // What hangs behind the length that the file says is not a part of it.
  const whole = file.subarray(0, Math.min(file.length, 8 + file.readUInt32LE(4)));
  for (const chunk of riffChunks(whole, RIFF_HEAD)) {
    const name = nameOf(chunk);
    if (name === 'VP8X' && chunk.length > 8) {
      header = Buffer.from(chunk);
      header[8]! &= WEBP_KEPT;
      kept.push(header);
    } else if (name === 'EXIF') {
      const named = chunk.toString('latin1', 8, 14) === 'Exif\0\0';
      const orientation = orientationOf(chunk.subarray(named ? 14 : 8));
      if (orientation !== 1 && header) {
        header[8]! |= WEBP_EXIF;
        kept.push(riffChunk('EXIF', exifOf(orientation)));
      }
    } else if (WEBP_CHUNKS.has(name)) kept.push(name === 'ANMF' ? webpFrame(chunk) : chunk);
  }
  const body = Buffer.concat(kept);
  const head = Buffer.from(file.subarray(0, RIFF_HEAD));
  head.writeUInt32LE(body.length + 4, 4);
  return Buffer.concat([head, body]);
}

function webpFrame(frame: Buffer): Buffer {
  const picture = riffChunks(frame, FRAME_HEAD).filter((chunk) => FRAME_CHUNKS.has(nameOf(chunk)));
  return riffChunk('ANMF', Buffer.concat([frame.subarray(8, FRAME_HEAD), ...picture]));
}

/** The chunks of a file or of a frame from a place on, each with its head and with what makes its length even. */
function riffChunks(whole: Buffer, from: number): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = from; at + 8 <= whole.length; at += chunks.at(-1)!.length) {
    const size = whole.readUInt32LE(at + 4);
    chunks.push(whole.subarray(at, Math.min(whole.length, at + 8 + size + (size & 1))));
  }
  return chunks;
}

const nameOf = (chunk: Buffer): string => chunk.toString('latin1', 0, 4);

function riffChunk(name: string, data: Buffer): Buffer {
  const head = Buffer.from(`${name}\0\0\0\0`, 'latin1');
  head.writeUInt32LE(data.length, 4);
  return Buffer.concat([head, data]);
}

const [GIF_EXTENSION, GIF_IMAGE, GIF_COMMENT, GIF_APPLICATION] = [0x21, 0x2c, 0xfe, 0xff];

/** Leaves out comments and what programs added, but for the number of repetitions of the animation. */
function gif(file: Buffer): Buffer {
  const tableAt = (flags: number) => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0);
  const endOfBlocks = (from: number): number => {
    let at = from;
    while (at < file.length && file[at] !== 0) at += file[at]! + 1;
    return Math.min(file.length, at + 1);
  };
  const head = 13 + tableAt(file[10] ?? 0);
  const kept: Buffer[] = [file.subarray(0, head)];
  for (let at = head; at < file.length; ) {
    const kind = file[at];
    if (kind === GIF_IMAGE) {
      const end = endOfBlocks(at + 10 + tableAt(file[at + 9] ?? 0) + 1);
      kept.push(file.subarray(at, end));
      at = end;
    } else if (kind === GIF_EXTENSION) {
      const end = endOfBlocks(at + 2);
      const label = file[at + 1];
      const isLoop = /^(NETSCAPE2\.0|ANIMEXTS1\.0)$/.test(file.toString('latin1', at + 3, at + 14));
      if (label !== GIF_COMMENT && (label !== GIF_APPLICATION || isLoop)) kept.push(file.subarray(at, end));
      at = end;
    } else {
      kept.push(file.subarray(at, at + 1));
      break;
    }
  }
  return Buffer.concat(kept);
}
