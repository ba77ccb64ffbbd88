import { Archive, damaged } from './archive.ts';
import { columnName, columnNumber } from './columns.ts';
import { excelDate, excelDuration, isDateFormat, isDuration } from './excel-dates.ts';
import { isLabel } from './merged-cells.ts';
import { type Outline, OutlineBuilder } from './outline.ts';
import { DocumentProblem } from './problem.ts';
import { relationshipsOf } from './relationships.ts';
import { NOTES } from './remarks.ts';
import { cellRemarks, personsOf } from './xlsx-comments.ts';
import { type Attributes, walkXml } from './xml.ts';

const WHAT = 'The spreadsheet';
const MAX_SHEETS = 1_000;
const MAX_CELLS = 5_000_000;

/**
 * Reads the text of an XLSX: each sheet, hidden or not, a section, each row a paragraph with its cells; remarks on
 * cells come behind the rows. Formulas are not computed; what the program that saved them computed is read, or the
 * formula where it computed nothing.
 *
 * @throws {DocumentProblem} DAMAGED, TOO_LARGE, NO_TEXT.
 */
export async function readXlsx(bytes: Uint8Array): Promise<Outline> {
  using archive = await Archive.open(bytes, WHAT);
  const workbook = 'xl/workbook.xml';
  const targets = await relationshipsOf(archive, workbook);
  const sheets: { name: string; file: string }[] = [];
  let from1904 = false;
  walkXml(await archive.required(workbook), {
    open(name, attributes) {
      const file = name === 'sheet' ? targets.get(attributes['r:id'] ?? attributes['id'] ?? '') : undefined;
      if (file) sheets.push({ name: attributes['name'] ?? '', file });
      if (name === 'workbookPr') from1904 = /^(1|true)$/.test(attributes['date1904'] ?? '');
    },
  });
  if (sheets.length > MAX_SHEETS)
    throw new DocumentProblem('TOO_LARGE', `${WHAT} has ${sheets.length} sheets; at most ${MAX_SHEETS} are read.`);
  const shared = [...targets.values()].find((file) => STRINGS.test(file)) ?? 'xl/sharedStrings.xml';
  const strings = sharedStrings((await archive.text(shared)) ?? '');
  const styles = numberStyles((await archive.text('xl/styles.xml')) ?? '');
  const persons = await personsOf(archive, [...targets.values()]);
  const builder = new OutlineBuilder();
  let cells = 0;
  for (const { name, file } of sheets) {
    builder.heading(1, name);
    // A sheet that the workbook names and that is not there was lost.
    const xml = await archive.required(file);
    walkXml(
      xml,
      rowsOf(builder, { strings, ...styles, from1904 }, mergedRows(xml), () => {
        if (++cells > MAX_CELLS)
          throw new DocumentProblem('TOO_LARGE', `${WHAT} has more than ${MAX_CELLS} cells: split it.`);
      }),
    );
    const parts = [...(await relationshipsOf(archive, file)).values()];
    for (const drawing of parts.filter((one) => DRAWING.test(one)))
      cells += boxesOf(builder, (await archive.text(drawing)) ?? '');
    for (const { cell, text } of await cellRemarks(archive, parts, persons)) {
      builder.paragraph(text, { headings: [name, NOTES], cells: { first: cell, last: cell } });
      cells++;
    }
  }
  const outline = builder.build();
  if (cells === 0) throw new DocumentProblem('NO_TEXT', `${WHAT} has no cells with content.`);
  return outline;
}

/** Where texts are that cells share, by any program. */
const STRINGS = /strings\d*\.xml$/i;

interface Meaning {
  readonly strings: readonly string[];
  /** Numbers of the styles that show a number as a date. */
  readonly dates: ReadonlySet<number>;
  /** Of those that show it as a time that passed. */
  readonly durations: ReadonlySet<number>;
  /** And of those that show it as hundredths. */
  readonly percents: ReadonlySet<number>;
  /** How many digits the styles of numbers show at least, as of postal codes. */
  readonly digits: ReadonlyMap<number, number>;
  readonly from1904: boolean;
}

/** Cells that run down several rows: the last row of each, by its first cell. They are told behind the rows. */
function mergedRows(xml: string): ReadonlyMap<string, number> {
  const merged = new Map<string, number>();
  for (const [, first, row, last] of xml.matchAll(MERGED)) if (row !== last) merged.set(`${first}${row}`, Number(last));
  return merged;
}
const MERGED = /<(?:\w+:)?mergeCell\s[^<>]*?ref="([A-Z]+)(\d+):[A-Z]+(\d+)"/g;

/** What stands at the edges of each printed page. */
const EDGE = /^(?:odd|even|first)(?:Header|Footer)$/;
/** Fonts, sizes, colours, numbers of pages and places within an edge. */
const EDGE_CODES = /&(?:"[^"]*"|K(?:[\dA-F]{6}|\d{2}[+-]\d{3})|\d+|[A-Z])/gi;

/** Returns what stands left, centred and right at an edge; a number of a page is not one by itself. */
const edgeTexts = (edge: string): string[] =>
  edge
    .split(/&[LCR]/)
    .map((part) => ({
      text: part
        .split('&&')
        .map((one) => one.replace(EDGE_CODES, ' '))
        .join('&'),
      counts: /&P/i.test(part),
    }))
    .filter(({ text, counts }) => !counts || (text.match(/\p{L}+/gu)?.length ?? 0) >= MIN_WORDS)
    .map(({ text }) => text);
/** Beside the number of a page: "Page 1 of 2" has two. */
const MIN_WORDS = 3;

/** @param merged cells that run down several rows: what they say is said in each row. */
function rowsOf(builder: OutlineBuilder, meaning: Meaning, merged: ReadonlyMap<string, number>, count: () => void) {
  let row: { at: string; column: number; text: string }[] = [];
  /** What cells of rows above say of this one, by their columns. */
  const labels = new Map<number, { text: string; until: number }>();
  let edge = '';
  let cell: Attributes | undefined;
  let value = '';
  let formula = '';
  let part = '';
  let phonetic = 0;
  // Programs may leave out where rows and cells are: each is behind the one before it.
  let [line, column] = [0, 0];
  return {
    open(name: string, attributes: Attributes) {
      if (EDGE.test(name)) edge = '';
      if (name === 'row') [row, line, column] = [[], Number(attributes['r']) || line + 1, 0];
      else if (name === 'c') {
        [cell, value, formula] = [attributes, '', ''];
        const at = attributes['r'] ?? '';
        line = Number(/\d+$/.exec(at)?.[0]) || line;
        column = columnNumber(at) || column + 1;
      } else if (name === 'rPh') phonetic++;
      else part = name;
    },
    text(text: string) {
      if (EDGE.test(part)) edge += text;
      if (!cell || phonetic > 0) return;
      if (part === 'v' || part === 't') value += text;
      else if (part === 'f') formula += text;
    },
    close(name: string) {
      part = '';
      if (name === 'rPh') phonetic--;
      if (name === 'c' && cell) {
        // A text that a formula has come to may be empty; without a type it was not computed.
        const isComputed = value !== '' || cell['t'] === 'str';
        const said = !isComputed && formula !== '' ? `=${formula}` : shown(cell, value, meaning);
        const text = said.replace(/\s+/g, ' ').trim();
        if (text !== '') {
          count();
          const at = `${columnName(column)}${line}`;
          row.push({ at, column, text });
          const until = merged.get(at);
          if (until !== undefined && isLabel(text)) labels.set(column, { text, until });
        }
        cell = undefined;
      } else if (name === 'row' && row.length > 0) {
        const cells = { first: row[0]!.at, last: row.at(-1)!.at };
        const own = new Set(row.map((one) => one.column));
        const above = [...labels].filter(([at, { until }]) => !own.has(at) && until >= line);
        const all = [...row, ...above.map(([at, { text }]) => ({ column: at, text }))];
        const texts = all.sort((a, b) => a.column - b.column).map(({ text }) => text);
        builder.paragraph(texts.join(' | '), { cells });
      } else if (EDGE.test(name)) {
        for (const text of edgeTexts(edge)) builder.aside(text);
      }
    },
  };
}

function shown({ t: type, s: style }: Attributes, value: string, meaning: Meaning): string {
  const { strings, dates, durations, percents, digits, from1904 } = meaning;
  if (type === 's' && value !== '') {
    const text = strings[Number(value)];
    if (text === undefined) throw damaged(WHAT);
    return text;
  }
  if (type === 'b') return value === '1' ? 'TRUE' : 'FALSE';
  if (type !== undefined && type !== 'n') return unescaped(value);
  const number = Number(value);
  if (value === '' || Number.isNaN(number)) return value;
  if (durations.has(Number(style ?? 0))) return excelDuration(number);
  if (dates.has(Number(style ?? 0))) return excelDate(number, from1904);
  // As far as the program shows them: 0.1 + 0.2 is stored as 0.30000000000000004, and 19 % as 0.19.
  if (percents.has(Number(style ?? 0))) return `${Number((number * 100).toPrecision(SHOWN_DIGITS))}%`;
  const least = digits.get(Number(style ?? 0));
  if (least !== undefined && /^\d+$/.test(value)) return value.padStart(least, '0');
  return /\.\d{15,}/.test(value) ? String(Number(number.toPrecision(SHOWN_DIGITS))) : value;
}
/** Digits that spreadsheets compute with. */
const SHOWN_DIGITS = 15;

/**
 * Characters that XML cannot hold, and what looks like one, are written as `_x000D_`; control characters are not text.
 */
const unescaped = (text: string): string =>
  text
    .replace(/_x([\dA-F]{4})_/gi, (_, digits: string) => {
      const code = Number.parseInt(digits, 16);
      return code < FIRST_LETTER ? ' ' : String.fromCharCode(code);
    })
    .toWellFormed();
const FIRST_LETTER = 32;

function sharedStrings(xml: string): string[] {
  const strings: string[] = [];
  let text = '';
  let isText = false;
  // A phonetic guide says the same once more.
  let phonetic = 0;
  walkXml(xml, {
    open(name) {
      if (name === 'si') text = '';
      else if (name === 'rPh') phonetic++;
      else if (name === 't') isText = phonetic === 0;
    },
    text(piece) {
      if (isText) text += piece;
    },
    close(name) {
      if (name === 'rPh') phonetic--;
      else if (name === 't') isText = false;
      else if (name === 'si') strings.push(unescaped(text));
    },
  });
  return strings;
}

/** What lies on a sheet, and not in its cells. */
const DRAWING = /\/drawings\/drawing\d*\.xml$/;

/** The paragraphs of boxes of text. */
function boxesOf(builder: OutlineBuilder, xml: string): number {
  let text = '';
  let count = 0;
  let isText = false;
  walkXml(xml, {
    open(name) {
      if (name === 'p') text = '';
      isText = name === 't';
    },
    text(piece) {
      if (isText) text += piece;
    },
    close(name) {
      isText = false;
      if (name !== 'p' || text.trim() === '') return;
      builder.paragraph(text);
      count++;
    },
  });
  return count;
}

function numberStyles(xml: string): Pick<Meaning, 'dates' | 'durations' | 'percents' | 'digits'> {
  const formats = new Map<number, string>();
  const dates = new Set<number>();
  const durations = new Set<number>();
  const percents = new Set<number>();
  const digits = new Map<number, number>();
  let isUsed = false;
  let style = 0;
  walkXml(xml, {
    open(name, attributes) {
      if (name === 'numFmt') formats.set(Number(attributes['numFmtId']), attributes['formatCode'] ?? '');
      else if (name === 'cellXfs') isUsed = true;
      else if (name === 'xf' && isUsed) {
        const id = Number(attributes['numFmtId'] ?? 0);
        if (isDuration(id, formats.get(id))) durations.add(style);
        else if (isDateFormat(id, formats.get(id))) dates.add(style);
        else if (id === 9 || id === 10 || /%/.test((formats.get(id) ?? '').replace(/"[^"]*"|\\./g, '')))
          percents.add(style);
        else if (/^0+$/.test(formats.get(id) ?? '')) digits.set(style, formats.get(id)!.length);
        style++;
      }
    },
    close(name) {
      if (name === 'cellXfs') isUsed = false;
    },
  });
  return { dates, durations, percents, digits };
}
