import { getDocumentProxy } from 'unpdf';
import { type Outline, OutlineBuilder } from './outline.ts';
import { filesOf, filledIn, notesOf } from './pdf-annotations.ts';
import { inReadingOrder, type PlacedRun } from './pdf-columns.ts';
import { type AttachedFile, attachedFiles } from './pdf-files.ts';
import { shownLetters } from './pdf-shown-letters.ts';
import { withSpacedWords } from './pdf-spaced-words.ts';
import { DocumentProblem } from './problem.ts';
import { NOTES } from './remarks.ts';

const MAX_PAGES = 5_000;
/** Letters that a stamp, a number of a page or a name of an archive have at most: they are laid over a scan. */
const MAX_STAMP = 200;
/** Pages whose few letters are on no other page, such as slides with their titles, of which the pictures are read. */
const MAX_LONE_STAMPS = 200;

/**
 * Reads the text of a PDF, page by page, with what was filled into its forms. A page without text of its own is a
 * picture, and so is one that holds no more of it than a stamp does, and shows pictures for the most part. What people
 * noted on a page comes with it; what is attached comes last, each file under its name.
 *
 * @param recognised what was read in pages that are pictures, by their number; undefined where none was looked at yet.
 * @param readFile reads a file that is attached; undefined where it cannot.
 * @throws {DocumentProblem} PASSWORD_PROTECTED, DAMAGED, TOO_LARGE.
 */
export async function readPdf(
  bytes: Uint8Array,
  recognised?: Readonly<Record<number, string>>,
  readFile?: (file: AttachedFile) => Promise<Outline | undefined>,
): Promise<Outline> {
  // The library takes what it is given for its own, and is to decode no picture.
  const own = new Uint8Array(bytes);
  const pdf = await getDocumentProxy(own, { verbosity: 0, maxImageSize: 1 }).catch((error: unknown) => {
    throw problemOf(error);
  });
  try {
    if (pdf.numPages > MAX_PAGES)
      throw new DocumentProblem('TOO_LARGE', `The PDF has ${pdf.numPages} pages; at most ${MAX_PAGES} are read.`);
    const pages: { readonly lines: string; readonly filled: readonly string[]; readonly notes: readonly string[] }[] =
      [];
    const atPages = new Map<string, string>();
    for (let number = 1; number <= pdf.numPages; number++) {
      const page = await pdf.getPage(number);
      const content = await page.getTextContent();
      // The page is read where one of its annotations is broken.
      const annotations = await page.getAnnotations().catch(() => []);
      const runs = await withSpacedWords(content.items, () => shownLetters(page));
      const lines = linesOf(inReadingOrder(runs));
      pages.push({ lines, filled: filledIn(annotations), notes: notesOf(annotations, lines) });
      for (const [id, name] of filesOf(annotations)) atPages.set(id, name);
      page.cleanup();
    }
    const unread = pages.flatMap(({ lines }, index) => (isLegible(lines) ? [] : [index + 1]));
    // PDFium knows the letters of fonts that are not in the file, such as those of old Chinese and Japanese ones.
    const others =
      unread.length > 0 ? await (await import('./pictured-pages.ts')).textsOfPages(bytes, unread) : undefined;
    const builder = new OutlineBuilder();
    const unreadPages: number[] = [];
    const stamps = new Map<number, string>();
    for (const [index, { lines, filled, notes }] of pages.entries()) {
      const number = index + 1;
      builder.page(number);
      const other = others?.get(number) ?? '';
      const own = isLegible(lines) ? lines : isLegible(other) ? other : '';
      const read = recognised?.[number];
      const text = own === '' ? read : withStamp(own, read);
      if (own !== '' && lettersIn(own) <= MAX_STAMP) stamps.set(number, own);
      if (text === undefined) unreadPages.push(number);
      for (const paragraph of text?.split(/\n\s*\n/) ?? []) builder.paragraph(joinLines(lettersOf(paragraph)));
      for (const value of filled) builder.paragraph(value);
      for (const note of notes) builder.paragraph(note, { headings: [NOTES] });
    }
    for await (const file of attachedFiles(pdf, atPages)) {
      const outline = await readFile?.(file);
      builder.attach(file.name, outline);
    }
    let stampedPages: number[] = [];
    if (recognised === undefined && stamps.size > 0) {
      const { picturedPages } = await import('./pictured-pages.ts');
      stampedPages = worthReading(await picturedPages(bytes, [...stamps.keys()]), stamps);
    }
    const all = [...unreadPages, ...stampedPages].sort((a, b) => a - b);
    return { ...builder.build(), unreadPages: all, stampedPages };
  } catch (error) {
    throw problemOf(error);
  } finally {
    await pdf.loadingTask.destroy();
  }
}

/**
 * Returns of the pages with a few letters over a picture those whose pictures are to be read: all that have the same
 * letters as another one, as stamps have, which count, and the first of the others.
 */
function worthReading(pages: readonly number[], stamps: ReadonlyMap<number, string>): number[] {
  const letters = (page: number) => stamps.get(page)!.replace(/[^\p{L}]+/gu, '');
  const times = new Map<string, number>();
  for (const page of pages) times.set(letters(page), (times.get(letters(page)) ?? 0) + 1);
  let lone = 0;
  return pages.filter((page) => times.get(letters(page))! > 1 || ++lone <= MAX_LONE_STAMPS);
}

/** Arabic letters by the shapes that they have within words, as fonts may name them and people do not search. */
const SHAPES = /[\ufb50-\ufdfc\ufe80-\ufefc]+/g;
const lettersOf = (text: string): string => text.replace(SHAPES, (shapes) => shapes.normalize('NFKC'));

const lettersIn = (text: string): number => text.match(/[\p{L}\p{N}]/gu)?.length ?? 0;

/** Characters that stand for no letter: a font that does not say what its letters are leaves their numbers. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is looked for.
const MEANINGLESS = /[\u0000-\u0008\u000e-\u001f\u007f-\u009f\ufffd\p{Co}]/gu;
/** A text with so many of them for each letter is not one. */
const MAX_MEANINGLESS = 0.2;

/** Whether a text has letters, and not the numbers of letters in a font. */
function isLegible(text: string): boolean {
  const letters = lettersIn(text);
  return letters > 0 && (text.match(MEANINGLESS)?.length ?? 0) <= letters * MAX_MEANINGLESS;
}

/**
 * Returns the text of a page of which a picture was read, too: what was read, after what of the page's own text is not
 * in it. A picture that says less than the page's own text, such as a photograph, adds nothing.
 */
function withStamp(own: string, read = ''): string {
  if (lettersIn(read) <= lettersIn(own)) return own;
  const known = bare(read);
  const stamp = own.split('\n').filter((line) => line.trim() !== '' && !known.includes(bare(line)));
  return [...stamp, read].join('\n\n');
}
const bare = (text: string): string => text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '');

/** The number of a note, which is small and stands at a word, is not a part of it. */
function linesOf(items: readonly (PlacedRun | object)[]): string {
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
