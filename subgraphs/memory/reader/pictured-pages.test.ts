import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { picturedPages } from './pictured-pages.ts';
import { readDocument } from './read-document.ts';
import { pdf, scannedPdf } from './testing/files.ts';

const PDF = 'application/pdf';
const pictureOf = async (width: number, height: number, stamp?: string) => ({
  jpeg: await sharp({ create: { width, height, channels: 3, background: '#ddd' } })
    .greyscale()
    .jpeg()
    .toBuffer(),
  width,
  height,
  ...(stamp !== undefined && { stamp }),
});

describe('a scanned page with a stamp in its text layer', async () => {
  const scan = await pictureOf(100, 140, 'Received 12 May 2026 - Page 1 of 3');
  const logo = await pictureOf(100, 20, 'A letter with a picture at its top.');
  const file = scannedPdf([scan, 'A page of text.', logo, await pictureOf(100, 140)]);

  it('is told from a page of text, and from one with a small picture', async () => {
    expect(await picturedPages(file, [1, 2, 3, 4])).toEqual([1, 4]);
    const { text, unreadPages } = await readDocument(file, PDF);
    expect(unreadPages).toEqual([1, 4]);
    expect(text).toContain('Received 12 May 2026');
  });

  it('has what was read in it, and the stamp once', async () => {
    const read = 'The tenant pays 700 euros on the first of each month.';
    const { text, passages } = await readDocument(file, PDF, { recognised: { 1: read, 4: 'The end.' } });
    expect(text.split('\n\n')).toEqual([
      ...['Received 12 May 2026 - Page 1 of 3', read, 'A page of text.', 'A letter with a picture at its top.'],
      'The end.',
    ]);
    expect(passages.map(({ page }) => page)).toEqual([1, 2, 3, 4]);
    const both = await readDocument(file, PDF, { recognised: { 1: `${read}\nRECEIVED 12 May 2026 — page 1 of 3` } });
    expect(both.text.match(/12 May/g)).toHaveLength(1);
  });

  it('keeps its own text where the picture says less', async () => {
    const { text } = await readDocument(file, PDF, { recognised: { 1: 'x7' } });
    expect(text).not.toContain('x7');
    expect(text).toContain('Received 12 May 2026');
  });

  it('is not looked for in a file that PDFium cannot open', async () => {
    expect(await picturedPages(pdf(['Locked.'], { encrypted: true }), [1])).toEqual([]);
  });
});

it('slides with a picture behind their titles are left as they are after the first ones, and stamps that count are not', async () => {
  const slide = await pictureOf(10, 14);
  const name = (i: number) => String.fromCharCode(...[i % 26, Math.trunc(i / 26)].map((letter) => 97 + letter));
  const stamps = Array.from({ length: 203 }, (_, i) => `Title ${name(i)}`);
  const file = scannedPdf([...stamps, 'Page 1', 'Page 2'].map((stamp) => ({ ...slide, stamp })));
  const { unreadPages, stampedPages, text } = await readDocument(file, PDF);
  expect(unreadPages).toEqual([...Array.from({ length: 200 }, (_, i) => i + 1), 204, 205]);
  expect(stampedPages).toEqual(unreadPages);
  expect(text).toContain(stamps[202]);
});
