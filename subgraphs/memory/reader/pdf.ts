import { getDocumentProxy } from 'unpdf';
import { type Outline, OutlineBuilder } from './outline.ts';
import { DocumentProblem } from './problem.ts';

const MAX_PAGES = 5_000;

/**
 * Reads the text of a PDF, page by page, with what was filled into its forms.
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
      const lines = linesOf(content.items);
      const text = lines.trim() === '' ? recognised[number] : lines;
      // The page is read where one of them is broken.
      const filled = filledIn(await page.getAnnotations().catch(() => []));
      if (text === undefined) unreadPages.push(number);
      for (const paragraph of text?.split(/\n\s*\n/) ?? []) builder.paragraph(joinLines(paragraph));
      for (const value of filled) builder.paragraph(value);
      page.cleanup();
    }
    return { ...builder.build(), unreadPages };
  } catch (error) {
    throw problemOf(error);
  } finally {
    await pdf.loadingTask.destroy();
  }
}

interface Run {
  readonly str: string;
  readonly height: number;
  readonly hasEOL: boolean;
}

/** The number of a note, which is small and stands at a word, is not a part of it. */
function linesOf(items: readonly (Run | object)[]): string {
  let text = '';
  let height = 0;
  for (const item of items) {
    if (!('str' in item)) continue;
    const isMark =
      /^\d{1,3}$/.test(item.str) && item.height < 0.8 * height && /[\p{L}]{3}[.,;:!?’”»)]*$/u.test(text.slice(-20));
    text += (isMark ? `[${item.str}]` : item.str) + (item.hasEOL ? '\n' : '');
    if (item.str.trim() !== '') height = item.height;
  }
  return text;
}

/**
 * Lines of a printed paragraph as running text; words that were divided at the end of a line are joined, and scripts
 * that write without spaces get none.
 */
const joinLines = (text: string): string =>
  text
    .replace(/(\p{Ll})[-\u00ad]\n(?=\p{Ll})/gu, '$1')
    .replace(
      /(?<=[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}。、，；：！？）」』])[^\S\n]*\n\s*(?=[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}（「『])/gu,
      '',
    )
    .replace(/\s+/g, ' ');

/** The flag of what is not shown. */
const HIDDEN = 2;

/** What was filled into a form, each with what its field is called, and what was written onto the page. */
function filledIn(annotations: readonly Record<string, unknown>[]): string[] {
  return annotations.flatMap((annotation) => {
    const { subtype, fieldType, fieldValue, alternativeText, fieldName, contentsObj, annotationFlags } = annotation;
    if (typeof annotationFlags === 'number' && (annotationFlags & HIDDEN) !== 0) return [];
    if (subtype === 'FreeText') return textsOf((contentsObj as { str?: unknown } | undefined)?.str);
    if (subtype !== 'Widget') return [];
    const [name] = textsOf(alternativeText || fieldName);
    if (fieldType === 'Btn') return name && isTicked(annotation) ? [`${name}: ${fieldValue}`] : [];
    if (fieldType !== 'Tx' && fieldType !== 'Ch') return [];
    return textsOf(Array.isArray(fieldValue) ? fieldValue.join(', ') : fieldValue).map((value) =>
      name ? `${name}: ${value}` : value,
    );
  });
}

/** Whether a box is ticked, or is the one that was chosen of several. */
const isTicked = ({ checkBox, radioButton, fieldValue, exportValue, buttonValue }: Readonly<Record<string, unknown>>) =>
  typeof fieldValue === 'string' &&
  fieldValue !== 'Off' &&
  ((checkBox === true && fieldValue === exportValue) || (radioButton === true && fieldValue === buttonValue));

const textsOf = (value: unknown): string[] => (typeof value === 'string' && value.trim() !== '' ? [value.trim()] : []);

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
