import { getDocumentProxy } from 'unpdf';
import { type Outline, OutlineBuilder } from './outline.ts';
import { DocumentProblem } from './problem.ts';

const MAX_PAGES = 5_000;

/**
 * Reads the text of a PDF, page by page.
 *
 * @param recognised what was read in pages that are pictures, by their number.
 * @throws {DocumentProblem} PASSWORD_PROTECTED, DAMAGED, TOO_LARGE.
 */
export async function readPdf(bytes: Uint8Array, recognised: Readonly<Record<number, string>> = {}): Promise<Outline> {
  const pdf = await getDocumentProxy(bytes, { verbosity: 0 }).catch((error: unknown) => {
    throw problemOf(error);
  });
  try {
    if (pdf.numPages > MAX_PAGES)
      throw new DocumentProblem('TOO_LARGE', `The PDF has ${pdf.numPages} pages; at most ${MAX_PAGES} are read.`);
    const builder = new OutlineBuilder();
    const unreadPages: number[] = [];
    for (let number = 1; number <= pdf.numPages; number++) {
      builder.page(number);
      const page = await pdf.getPage(number);
      const content = await page.getTextContent();
      const lines = content.items.map((item) => ('str' in item ? item.str + (item.hasEOL ? '\n' : '') : '')).join('');
      const text = lines.trim() === '' ? recognised[number] : lines;
      if (text === undefined) unreadPages.push(number);
      else for (const paragraph of text.split(/\n\s*\n/)) builder.paragraph(joinLines(paragraph));
      page.cleanup();
    }
    return { ...builder.build(), unreadPages };
  } catch (error) {
    throw problemOf(error);
  } finally {
    await pdf.loadingTask.destroy();
  }
}

/** Lines of a printed paragraph as running text; words that were divided at the end of a line are joined. */
const joinLines = (text: string): string => text.replace(/(\p{Ll})-\n(?=\p{Ll})/gu, '$1').replace(/\s+/g, ' ');

function problemOf(error: unknown): Error {
  if (error instanceof DocumentProblem) return error;
  const name = error instanceof Error ? error.name : '';
  if (name === 'PasswordException')
    return new DocumentProblem(
      'PASSWORD_PROTECTED',
      'The PDF is protected by a password: save a copy without one and upload that.',
    );
  if (
    /PDFException|FormatError|XRef/.test(name) ||
    (error instanceof Error && /invalid|missing|bad/i.test(error.message))
  )
    return new DocumentProblem('DAMAGED', 'The PDF is damaged and cannot be read: save it again and upload that.');
  return error instanceof Error ? error : new Error(String(error));
}
