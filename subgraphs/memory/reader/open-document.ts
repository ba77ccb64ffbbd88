import { Archive } from './archive.ts';
import { type Outline, OutlineBuilder } from './outline.ts';
import { DocumentProblem } from './problem.ts';
import { walkXml } from './xml.ts';

const WHAT = 'The OpenDocument file';
/** Spaces that one element may stand for. */
const MAX_SPACES = 100;
const LETTERS = 26;

/**
 * Reads the text of an ODT, ODS or ODP: headings, paragraphs and rows; each sheet and each slide is a section.
 *
 * @throws {DocumentProblem} PASSWORD_PROTECTED, DAMAGED, TOO_LARGE, NO_TEXT.
 */
export async function readOpenDocument(bytes: Uint8Array): Promise<Outline> {
  using archive = await Archive.open(bytes, WHAT);
  if (/<manifest:encryption-data/.test((await archive.text('META-INF/manifest.xml')) ?? ''))
    throw new DocumentProblem(
      'PASSWORD_PROTECTED',
      `${WHAT} is protected by a password: save a copy without one and upload that.`,
    );
  const content = await archive.required('content.xml');
  const builder = new OutlineBuilder();
  const isSheets = /<office:spreadsheet[\s>]/.test(content);
  walkXml(content, handlerOf(builder, isSheets));
  if (/<office:text[\s>]/.test(content)) edgesOf(builder, (await archive.text('styles.xml')) ?? '');
  const outline = builder.build();
  // Sheets and slides have names without anything on them.
  const isEmpty = outline.blocks.every(({ start, end, headings }) => {
    const text = outline.text.slice(start, end);
    return isSheets ? headings.at(-1) === text : /^Slide \d+$/.test(text);
  });
  if (isEmpty) throw new DocumentProblem('NO_TEXT', `${WHAT} holds no text.`);
  return outline;
}

/** What is not the author's text: notes of reviewers, deleted passages, styles, how a word is read. */
const SKIPPED = new Set([
  ...['annotation', 'tracked-changes', 'deletion', 'scripts', 'font-face-decls', 'forms', 'ruby-text'],
  ...['page-thumbnail', 'page-number', 'page-count'],
]);

/** What stands at the edge of each page of a text. */
function edgesOf(builder: OutlineBuilder, styles: string): void {
  let edges = 0;
  let text = '';
  walkXml(styles, {
    open(name) {
      if (EDGE.test(name)) edges++;
      else if (name === 'p' || name === 'h') text = '';
      else if (name === 's' || name === 'tab' || name === 'line-break') text += ' ';
    },
    text(piece) {
      text += piece;
    },
    close(name) {
      if (EDGE.test(name)) edges--;
      else if ((name === 'p' || name === 'h') && edges > 0) builder.aside(text);
    },
  });
}
const EDGE = /^(?:header|footer)(?:-left|-first)?$/;

function handlerOf(builder: OutlineBuilder, isSheets: boolean) {
  let skipping = 0;
  let slides = 0;
  /** The open paragraphs and headings, as notes lie in them: a heading's level, or 0. */
  const texts: { level: number; text: string }[] = [];
  /** Notes come after the paragraph that they are about. */
  let noteDepth = 0;
  let notes: string[] = [];
  /** The slide that is open: its title comes before all else of it. */
  let slide: { title: string; texts: string[]; isTitle: boolean } | undefined;
  /** Rows that are open, as tables may lie in one another. */
  const rows: { cells: string[][]; first: string; last: string }[] = [];
  let [rowNumber, columnNumber, repeatedRows, repeatedColumns] = [0, 0, 1, 1];
  const add = ({ level, text }: { level: number; text: string }) => {
    const row = rows.at(-1);
    if (row && row.cells.length > 0) row.cells.at(-1)!.push(text.replace(/\s+/g, ' ').trim());
    else if (slide?.isTitle) slide.title += ` ${text}`;
    else if (slide) slide.texts.push(text);
    else if (level > 0) builder.heading(level, text);
    else builder.paragraph(text);
  };
  const append = (text: string) => {
    const open = texts.at(-1);
    if (open) open.text += text;
  };
  return {
    open(name: string, attributes: Readonly<Record<string, string>>) {
      if (SKIPPED.has(name)) skipping++;
      if (skipping > 0) return;
      if (name === 'h' || name === 'p') {
        texts.push({ level: name === 'h' ? Math.max(1, Number(attributes['outline-level']) || 1) : 0, text: '' });
      } else if (name === 's') append(' '.repeat(Math.min(MAX_SPACES, Number(attributes['c']) || 1)));
      else if (name === 'tab' || name === 'line-break') append(name === 'tab' ? ' ' : '\n');
      else if (name === 'table' && isSheets) {
        builder.heading(1, attributes['table:name'] ?? attributes['name'] ?? '');
        rowNumber = 0;
      } else if (name === 'page') {
        builder.page(++slides);
        slide = { title: '', texts: [], isTitle: false };
      } else if (name === 'frame' && slide) {
        slide.isTitle = attributes['presentation:class'] === 'title';
      } else if (name === 'note') noteDepth++;
      else if (name === 'note-citation') append('[');
      else if (name === 'table-row') {
        repeatedRows = repeats(attributes['number-rows-repeated']);
        rowNumber++;
        columnNumber = 0;
        rows.push({ cells: [], first: '', last: '' });
      } else if (name === 'table-cell' || name === 'covered-table-cell') {
        const row = rows.at(-1);
        row?.cells.push([]);
        // A million empty cells are written as one.
        repeatedColumns = repeats(attributes['number-columns-repeated']);
        columnNumber += repeatedColumns;
      }
    },
    text(piece: string) {
      if (skipping === 0) append(piece);
    },
    close(name: string) {
      if (SKIPPED.has(name)) skipping--;
      else if (skipping > 0) return;
      else if (name === 'h' || name === 'p') {
        const ended = texts.pop() ?? { level: 0, text: '' };
        if (noteDepth > 0) notes.push(ended.text);
        else {
          const noted = notes;
          notes = [];
          for (const one of [ended, ...noted.map((text) => ({ level: 0, text }))]) add(one);
        }
      } else if (name === 'note') noteDepth--;
      else if (name === 'note-citation') append(']');
      else if (name === 'frame' && slide) slide.isTitle = false;
      else if (name === 'page' && slide) {
        const { title, texts: said } = slide;
        slide = undefined;
        builder.heading(1, title.trim() || `Slide ${slides}`);
        for (const text of said) builder.paragraph(text);
      } else if (name === 'table-cell' || name === 'covered-table-cell') {
        const row = rows.at(-1);
        if (!row?.cells.at(-1)?.some((text) => text !== '')) return;
        row.first ||= `${columnName(columnNumber - repeatedColumns + 1)}${rowNumber}`;
        row.last = `${columnName(columnNumber)}${rowNumber + repeatedRows - 1}`;
      } else if (name === 'table-row') {
        const row = rows.pop();
        const filled = row?.cells.map((cell) => cell.join(' ').trim()).filter((text) => text !== '') ?? [];
        if (row && filled.length > 0) {
          const cells = isSheets ? { cells: { first: row.first, last: row.last } } : {};
          if (rows.length > 0 || slide) add({ level: 0, text: filled.join(' | ') });
          else builder.paragraph(filled.join(' | '), cells);
        }
        rowNumber += repeatedRows - 1;
      }
    },
  };
}

/** Returns the name of a column: A, Z, AA. @param number from 1. */
/** Rows that a sheet may have, and more than its columns. */
const MAX_REPEATS = 1_048_576;

/** How many times a row or a cell stands there. */
const repeats = (said: string | undefined): number => Math.min(MAX_REPEATS, Math.max(1, Number(said) || 1));

function columnName(number: number): string {
  let name = '';
  for (let rest = number; rest > 0; rest = Math.floor((rest - 1) / LETTERS))
    name = String.fromCharCode(65 + ((rest - 1) % LETTERS)) + name;
  return name;
}
