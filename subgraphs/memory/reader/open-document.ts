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
  const outline = builder.build();
  if (outline.blocks.length === 0) throw new DocumentProblem('NO_TEXT', `${WHAT} holds no text.`);
  return outline;
}

/** What is not the author's text: notes of reviewers, deleted passages, styles. */
const SKIPPED = new Set(['annotation', 'tracked-changes', 'deletion', 'scripts', 'font-face-decls', 'forms']);

function handlerOf(builder: OutlineBuilder, isSheets: boolean) {
  let skipping = 0;
  let slides = 0;
  let level = 0;
  const texts: string[] = [];
  /** Rows that are open, as tables may lie in one another. */
  const rows: { cells: string[][]; first: string; last: string }[] = [];
  let [rowNumber, columnNumber, repeatedRows] = [0, 0, 1];
  const add = (text: string) => {
    const row = rows.at(-1);
    if (row && row.cells.length > 0) row.cells.at(-1)!.push(text.replace(/\s+/g, ' ').trim());
    else if (level > 0) builder.heading(level, text);
    else builder.paragraph(text);
  };
  const append = (text: string) => {
    if (texts.length > 0) texts[texts.length - 1] += text;
  };
  return {
    open(name: string, attributes: Readonly<Record<string, string>>) {
      if (SKIPPED.has(name)) skipping++;
      if (skipping > 0) return;
      if (name === 'h' || name === 'p') {
        if (name === 'h') level = Math.max(1, Number(attributes['outline-level']) || 1);
        texts.push('');
      } else if (name === 's') append(' '.repeat(Math.min(MAX_SPACES, Number(attributes['c']) || 1)));
      else if (name === 'tab' || name === 'line-break') append(name === 'tab' ? ' ' : '\n');
      else if (name === 'table' && isSheets) {
        builder.heading(1, attributes['table:name'] ?? attributes['name'] ?? '');
        rowNumber = 0;
      } else if (name === 'page') {
        builder.page(++slides);
        builder.heading(1, `Slide ${slides}`);
      } else if (name === 'table-row') {
        repeatedRows = Math.max(1, Number(attributes['number-rows-repeated']) || 1);
        rowNumber++;
        columnNumber = 0;
        rows.push({ cells: [], first: '', last: '' });
      } else if (name === 'table-cell' || name === 'covered-table-cell') {
        const row = rows.at(-1);
        row?.cells.push([]);
        // A million empty cells are written as one.
        columnNumber += Math.max(1, Number(attributes['number-columns-repeated']) || 1);
      }
    },
    text(piece: string) {
      if (skipping === 0) append(piece);
    },
    close(name: string) {
      if (SKIPPED.has(name)) skipping--;
      else if (skipping > 0) return;
      else if (name === 'h' || name === 'p') {
        add(texts.pop() ?? '');
        level = 0;
      } else if (name === 'table-cell' || name === 'covered-table-cell') {
        const row = rows.at(-1);
        if (!row?.cells.at(-1)?.some((text) => text !== '')) return;
        const at = `${columnName(columnNumber)}${rowNumber}`;
        row.first ||= at;
        row.last = at;
      } else if (name === 'table-row') {
        const row = rows.pop();
        const filled = row?.cells.map((cell) => cell.join(' ').trim()).filter((text) => text !== '') ?? [];
        if (row && filled.length > 0) {
          const cells = isSheets ? { cells: { first: row.first, last: row.last } } : {};
          if (rows.length > 0) add(filled.join(' | '));
          else builder.paragraph(filled.join(' | '), cells);
        }
        rowNumber += repeatedRows - 1;
      }
    },
  };
}

/** Returns the name of a column: A, Z, AA. @param number from 1. */
function columnName(number: number): string {
  let name = '';
  for (let rest = number; rest > 0; rest = Math.floor((rest - 1) / LETTERS))
    name = String.fromCharCode(65 + ((rest - 1) % LETTERS)) + name;
  return name;
}
