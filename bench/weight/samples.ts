import sharp, { type Sharp } from 'sharp';
import { docx, pdf, scannedPdf } from '#subgraphs/memory/reader/testing/files.ts';

const WORDS =
  `harbour lantern invoice machine account window number summer contract delivery station payment sextant measure angle
  between objects navigator position compass weather report captain voyage storage material quality service`.split(
    /\s+/,
  );

/** Repeatable: the same files in every run. */
let seed = 7;
const random = (): number => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return seed / 2 ** 32;
};
const words = (count: number): string =>
  Array.from({ length: count }, () => WORDS[Math.floor(random() * WORDS.length)]).join(' ');

/** Draws a page of so many lines, lit from one side, with the noise of a sensor. */
async function drawn(width: number, height: number, lines: number, size: number): Promise<Sharp> {
  const rows = Array.from(
    { length: lines },
    (_, i) =>
      `<text x="${width * 0.06}" y="${height * 0.06 + i * size * 1.6}" font-size="${size}" font-family="DejaVu Serif">${words(9)}</text>`,
  );
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><defs><linearGradient id="g" x2="1" y2="0.4"><stop offset="0" stop-color="#fff"/><stop offset="1" stop-color="#999"/></linearGradient></defs><rect width="100%" height="100%" fill="url(#g)"/>${rows.join('')}</svg>`;
  const { data, info } = await sharp(Buffer.from(svg)).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  for (let i = 0; i < data.length; i++) data[i] = Math.max(0, Math.min(255, data[i]! + (random() - 0.5) * 24));
  return sharp(data, { raw: info });
}

/** A page as a telephone of 12 megapixels photographs it. */
export const photo = async (): Promise<Sharp> => drawn(3_024, 4_032, 45, 58);

export const receipt = async (): Promise<Buffer> => (await drawn(900, 1_600, 30, 30)).jpeg({ quality: 70 }).toBuffer();

/** A PDF of so many scanned pages of A4, 200 dots an inch. */
export async function scan(pages: number): Promise<Uint8Array> {
  const size = { width: 1_654, height: 2_339 };
  const jpeg = await (await drawn(size.width, size.height, 50, 28)).greyscale().jpeg({ quality: 75 }).toBuffer();
  return scannedPdf(Array.from({ length: pages }, () => ({ jpeg, ...size })));
}

/** A PDF of so many pages of text. */
export const textPdf = (pages: number): Uint8Array =>
  pdf(Array.from({ length: pages }, () => Array.from({ length: 48 }, () => words(11)).join('\n')));

/** A DOCX of so many paragraphs. */
export const textDocx = (paragraphs: number): Uint8Array =>
  docx(Array.from({ length: paragraphs }, (_, i) => (i % 20 === 0 ? `# ${words(4)}` : words(80))));
