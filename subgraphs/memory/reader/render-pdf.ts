import { PDFiumLibrary } from '@hyzyla/pdfium';
import sharp from 'sharp';
import { DocumentProblem } from './problem.ts';

/** Dots an inch: what scanners take for text. */
const DENSITY = 200;
const POINTS_AN_INCH = 72;
/** Of a page, in pixels; a page of two metres is rendered more coarsely. */
const MAX_SIDE = 3_600;

/**
 * Renders pages of a PDF as grey pictures.
 *
 * @param numbers of the pages, from 1.
 * @throws {DocumentProblem} DAMAGED.
 */
export async function renderPdf(
  bytes: Uint8Array,
  numbers: readonly number[],
): Promise<{ number: number; png: Uint8Array }[]> {
  const library = await PDFiumLibrary.init();
  try {
    const document = await library.loadDocument(bytes);
    const pages: { number: number; png: Uint8Array }[] = [];
    for (const number of numbers) {
      const page = document.getPage(number - 1);
      const { originalWidth, originalHeight } = page.getOriginalSize();
      const scale = Math.min(DENSITY / POINTS_AN_INCH, MAX_SIDE / Math.max(originalWidth, originalHeight, 1));
      const { data } = await page.render({
        scale,
        colorSpace: 'Gray',
        render: async ({ data: pixels, width, height }) =>
          sharp(pixels, { raw: { width, height, channels: 1 } })
            .png({ compressionLevel: 3 })
            .toBuffer(),
      });
      pages.push({ number, png: new Uint8Array(data) });
    }
    document.destroy();
    return pages;
  } catch {
    throw new DocumentProblem('DAMAGED', 'The pages of the PDF cannot be shown: save it again and upload that.');
  } finally {
    library.destroy();
  }
}
