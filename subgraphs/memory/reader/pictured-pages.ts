import { PDFiumLibrary } from '@hyzyla/pdfium';

/** What PDFium is asked here; its library hands out no places of pictures by itself. Lengths are in points. */
interface PdfiumCalls {
  readonly HEAPU8: Uint8Array;
  readonly wasmExports: { malloc(bytes: number): number; free(at: number): void };
  _FPDF_LoadPage(document: number, index: number): number;
  _FPDF_ClosePage(page: number): void;
  _FPDF_GetPageWidth(page: number): number;
  _FPDF_GetPageHeight(page: number): number;
  _FPDFPage_CountObjects(page: number): number;
  _FPDFPage_GetObject(page: number, index: number): number;
  _FPDFPageObj_GetType(object: number): number;
  _FPDFPageObj_GetBounds(object: number, left: number, bottom: number, right: number, top: number): number;
  _FPDFFormObj_CountObjects(form: number): number;
  _FPDFFormObj_GetObject(form: number, index: number): number;
}

const IMAGE = 3;
const FORM = 5;
/** Groups in one another that are looked into. */
const MAX_DEPTH = 4;
/** Objects of a page that are looked at: a drawing of a million lines is not a scan. */
const MAX_OBJECTS = 2_000;
/** The share of a page from which on its pictures are what it shows. */
const MOST = 0.5;

/**
 * Returns which of these pages are pictures for the most part. No picture is decoded.
 *
 * @param numbers of the pages, from 1.
 */
export async function picturedPages(bytes: Uint8Array, numbers: readonly number[]): Promise<number[]> {
  const library = await PDFiumLibrary.init();
  try {
    const document = await library.loadDocument(bytes);
    const calls = (library as unknown as { module: PdfiumCalls }).module;
    const { documentIdx } = document as unknown as { documentIdx: number };
    const pictured = numbers.filter((number) => shareOfPictures(calls, documentIdx, number - 1) >= MOST);
    document.destroy();
    return pictured;
  } catch {
    // What one reader reads and the other does not is read as the first one did.
    return [];
  } finally {
    library.destroy();
  }
}

/**
 * Returns the texts of pages as PDFium reads them, by their numbers; it brings the tables of letters along that fonts
 * outside of a file are described by.
 *
 * @param numbers of the pages, from 1.
 */
export async function textsOfPages(bytes: Uint8Array, numbers: readonly number[]): Promise<Map<number, string>> {
  const texts = new Map<number, string>();
  const library = await PDFiumLibrary.init();
  try {
    const document = await library.loadDocument(bytes);
    for (const number of numbers) {
      const text = document.getPage(number - 1).getText();
      // A word that is divided at the end of a line has a mark of its own there.
      texts.set(number, text.replaceAll('\ufffe', '-\n').replace(/\r\n?/g, '\n'));
    }
    document.destroy();
  } catch {
    // A file that PDFium cannot open was read by the other reader: it is not refused.
  } finally {
    library.destroy();
  }
  return texts;
}

function shareOfPictures(calls: PdfiumCalls, document: number, index: number): number {
  const page = calls._FPDF_LoadPage(document, index);
  if (page === 0) return 0;
  const place = calls.wasmExports.malloc(16);
  try {
    const area = (object: number): number => {
      if (!calls._FPDFPageObj_GetBounds(object, place, place + 4, place + 8, place + 12)) return 0;
      const [left, bottom, right, top] = new Float32Array(calls.HEAPU8.slice(place, place + 16).buffer);
      return Math.abs((right! - left!) * (top! - bottom!));
    };
    let pictures = 0;
    const count = Math.min(calls._FPDFPage_CountObjects(page), MAX_OBJECTS);
    for (let i = 0; i < count; i++) {
      const object = calls._FPDFPage_GetObject(page, i);
      if (isPicture(calls, object, MAX_DEPTH)) pictures += area(object);
    }
    return pictures / Math.max(1, calls._FPDF_GetPageWidth(page) * calls._FPDF_GetPageHeight(page));
  } finally {
    calls.wasmExports.free(place);
    calls._FPDF_ClosePage(page);
  }
}

/** Whether something is a picture, or a group that holds one. */
function isPicture(calls: PdfiumCalls, object: number, depth: number): boolean {
  const type = calls._FPDFPageObj_GetType(object);
  if (type !== FORM || depth === 0) return type === IMAGE;
  const count = Math.min(calls._FPDFFormObj_CountObjects(object), MAX_OBJECTS);
  for (let i = 0; i < count; i++) if (isPicture(calls, calls._FPDFFormObj_GetObject(object, i), depth - 1)) return true;
  return false;
}
