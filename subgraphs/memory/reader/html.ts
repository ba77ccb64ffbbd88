import { Parser } from 'htmlparser2';
import { isLabel } from './merged-cells.ts';
import { MAX_NESTING, tooNested } from './nesting.ts';
import { type Outline, OutlineBuilder, oneLine } from './outline.ts';

/** Elements whose content is not text for readers. */
const SKIPPED = new Set(
  `script style noscript template iframe object embed applet svg math canvas audio video head select button textarea datalist
  rt rp`.split(/\s+/),
);
/** Elements that begin and end a paragraph. */
const BLOCKS = new Set(
  `address article aside blockquote body caption dd details dialog div dl dt fieldset figcaption figure footer form header
  hr html legend li main nav ol p pre section summary table tbody tfoot thead tr ul`.split(/\s+/),
);

/** A table whose cells hold more than this arranges a page, and holds no data. */
const MAX_PARAGRAPHS_A_CELL = 3;
const MAX_CELL = 1_000;

/**
 * Reads the text of an HTML page: headings, paragraphs, list items, rows. Nothing is run and nothing is fetched.
 * Scripts, styles and what the page hides from its readers are left out, the latter because hidden text is written for
 * machines.
 *
 * @throws {DocumentProblem} TOO_EXPENSIVE for elements nested without end, TOO_LARGE.
 */
export function readHtml(html: string): Outline {
  const builder = new OutlineBuilder();
  readHtmlInto(builder, html, { isXml: XHTML.test(html.slice(0, 1_000)) });
  return builder.build();
}

/** Pages that may close an element where it opens. */
const XHTML = /^\s*<\?xml|<html[^>]+xmlns\s*=/i;
/** What stands for the mark of a list item. */
const ITEM = '- ';
/** What stands for a note in a text, and what leads back from it. */
const NOTE_MARK = /^(?:\d{1,4}|[*†‡§]{1,3})$/;
const ROMAN = /^[ivxlc]{1,6}$/i;
const BACK = /^(?:\s|[↑↩⏎^]|\ufe0e)+$/u;
/** The ids that writers of pages give to notes: those of mammoth, pandoc, LibreOffice, Word and MediaWiki. */
const NOTE = /^(?:(?:foot|end)note-?\d+|fn:?\d+|(?:ftn|edn)\d+|sd(?:foot|end)note\d+|cite_note-.*)$/;

/**
 * Reads an HTML page as a part of a document.
 *
 * @param options.isXml whether `<script/>` is an element that has ended, as in a book, and not one that has begun.
 */
export function readHtmlInto(builder: OutlineBuilder, html: string, { isXml = false } = {}): void {
  let text = '';
  let skipping = 0;
  /** Elements that are open and whether each hides its content. */
  const open: OpenElement[] = [];
  let preformatted = 0;
  /** Rows that are open: of each cell what it holds so far. */
  const rows: Row[] = [];
  /** Of the tables that are open, the cells that run down into rows below. */
  const tables: Labels[] = [];
  /** What the place where a note is named is under, by the note's id; and that of the note that is read. */
  const noted = new Map<string, readonly string[]>();
  let note: readonly string[] | undefined;

  const put = (piece: Piece) => {
    const cell = rows.at(-1)?.cells.at(-1);
    if (cell) cell.pieces.push(piece);
    else if (piece.level > 0) {
      builder.heading(piece.level, piece.text);
      // A note without a block of its own ends here.
      note = undefined;
    } else builder.paragraph(piece.text, note && { headings: note });
  };
  const take = (level: number) => {
    const taken = text
      .replace(/[^\S\n]+/g, ' ')
      .replace(/ ?\n ?/g, '\n')
      .trim();
    text = '';
    if (taken !== '') put({ level, text: taken });
  };
  const endRow = () => {
    take(0);
    const row = rows.pop()!;
    tables.at(-1)?.end(row);
    const cells = row.cells.map(({ pieces }) => pieces);
    if (isData(cells))
      put({ level: 0, text: cells.map((cell) => cell.map((piece) => oneLine(piece.text)).join(' ')).join(' | ') });
    else for (const { pieces } of row.cells.filter((cell) => !cell.isRepeated)) for (const piece of pieces) put(piece);
  };
  /** The number of a note is not a part of the word before it, and an arrow back is left out. */
  const endLink = ({ href, at, isNoteLink }: Link) => {
    if (!href.startsWith('#') || at > text.length) return;
    const said = text.slice(at).trim();
    const id = href.slice(1).replace(/^_|(?<=^sd(?:foot|end)note\d+)(?:sym|anc)$/g, '');
    const isNamed = NOTE.test(id) || isNoteLink;
    if (isNamed && !noted.has(id)) noted.set(id, builder.headings);
    if (NOTE_MARK.test(said) || ((isNamed || note) && ROMAN.test(said))) text = `${text.slice(0, at)}[${said}]`;
    else if (said !== '' && BACK.test(said)) text = text.slice(0, at);
  };
  const close = (element: OpenElement) => {
    if (element.link && skipping === 0) endLink(element.link);
    if (element.name === 'table') tables.pop();
    if (element.name === 'tr' && skipping === 0 && rows.length > 0) endRow();
    else if (headingLevel(element.name) || BLOCKS.has(element.name))
      take(skipping === 0 ? headingLevel(element.name) : 0);
    else if (isCell(element.name)) take(0);
    if (element.hides) skipping--;
    if (element.name === 'pre') preformatted--;
    if (element.isNote) note = undefined;
  };

  const parser = new Parser(
    {
      onopentag(name, attributes) {
        if (open.length >= MAX_NESTING) throw tooNested();
        // What a list item begins with stands behind its mark.
        const isFirst = open.at(-1)?.name === 'li' && text === ITEM;
        if (!isFirst && (headingLevel(name) || BLOCKS.has(name) || isCell(name))) take(0);
        const hides = SKIPPED.has(name) || isHidden(attributes);
        if (hides) skipping++;
        if (name === 'pre') preformatted++;
        const { href, id = '' } = attributes;
        const isNote = noted.has(id);
        if (isNote) {
          note = noted.get(id);
          // A note may be named by what leads back from it.
          const paragraph = BLOCKS.has(name) ? undefined : open.findLast((element) => BLOCKS.has(element.name));
          if (paragraph) paragraph.isNote = true;
        }
        open.push({
          name,
          hides,
          isNote: isNote && BLOCKS.has(name),
          ...(name === 'a' && href && { link: { href, at: text.length, isNoteLink: isNoteLink(attributes) } }),
        });
        if (name === 'table') tables.push(new Labels());
        if (skipping > 0) return;
        if (name === 'tr') rows.push({ cells: [], column: 0 });
        else if (isCell(name)) {
          const row = rows.at(-1);
          if (row) tables.at(-1)?.before(row);
          row?.cells.push(cellOf(attributes, row));
        } else if (name === 'br') text += '\n';
        else if (name === 'li') text += ITEM;
        else if (name === 'img' && attributes['alt']) text += ` ${attributes['alt']} `;
      },
      ontext(piece) {
        if (skipping === 0) text += preformatted > 0 ? piece : piece.replace(/\s+/g, ' ');
      },
      onclosetag() {
        // The parser closes in order, so that the innermost open element is the one that ends.
        const element = open.pop();
        if (element) close(element);
      },
    },
    { decodeEntities: true, lowerCaseTags: true, recognizeSelfClosing: isXml },
  );
  // In pieces: a tag that is never closed would otherwise make the parser look at the whole rest again and again.
  for (let at = 0; at < html.length; at += 65_536) parser.write(html.slice(at, at + 65_536));
  parser.end();
  take(0);
}

interface OpenElement {
  readonly name: string;
  readonly hides: boolean;
  /** Whether it is a note, which stands elsewhere than what it is about. */
  isNote: boolean;
  readonly link?: Link;
}

interface Link {
  readonly href: string;
  /** Where in the text its words begin. */
  readonly at: number;
  /** Whether it says that it leads to a note, as in books. */
  readonly isNoteLink: boolean;
}

const isNoteLink = (attributes: Record<string, string>): boolean =>
  attributes['epub:type'] === 'noteref' || attributes['role'] === 'doc-noteref';

/** A heading, or a paragraph of level 0. */
interface Piece {
  readonly level: number;
  readonly text: string;
}

/** A row of a table that is open, and the number of columns that its cells take so far. */
interface Row {
  readonly cells: Cell[];
  column: number;
}

interface Cell {
  readonly column: number;
  readonly width: number;
  readonly pieces: Piece[];
  /** How many rows below it runs down into. */
  readonly down: number;
  /** Whether it is one of a row above that runs down into this one. */
  readonly isRepeated?: boolean;
}

/** Returns the next cell of a row. */
function cellOf({ rowspan, colspan }: Record<string, string>, row: Row): Cell {
  const [column, width] = [row.column, spanOf(colspan)];
  row.column += width;
  return { column, width, pieces: [], down: spanOf(rowspan) - 1 };
}

/** A cell that runs down into rows below, and how many of them are left. */
interface Label {
  readonly text: string;
  readonly width: number;
  left: number;
}

const MAX_SPAN = 1_000;
const spanOf = (said: string | undefined): number => Math.min(MAX_SPAN, Math.max(1, Number(said) || 1));

/** The cells of a table that run down into rows below, by their columns. */
class Labels {
  readonly #labels = new Map<number, Label>();

  /** Adds to a row what runs down into it where its next cell would be. */
  before(row: Row): void {
    for (let label = this.#labels.get(row.column); label; label = this.#labels.get(row.column)) this.#add(row, label);
  }

  /** Adds to a row what runs down into it behind its cells, and keeps what runs down from it. */
  end(row: Row): void {
    for (const column of [...this.#labels.keys()].filter((one) => one >= row.column).sort((a, b) => a - b)) {
      row.column = column;
      this.#add(row, this.#labels.get(column)!);
    }
    for (const { pieces, column, width, down } of row.cells) {
      const text = pieces.map((piece) => oneLine(piece.text)).join(' ');
      if (down > 0) this.#labels.set(column, { text: isLabel(text) ? text : '', width, left: down });
    }
  }

  #add(row: Row, label: Label): void {
    const { column } = row;
    const { text, width } = label;
    if (text !== '') row.cells.push({ column, width, pieces: [{ level: 0, text }], down: 0, isRepeated: true });
    row.column += width;
    if (--label.left === 0) this.#labels.delete(column);
  }
}

const isCell = (name: string): boolean => name === 'td' || name === 'th';

/** Whether a row holds data, which belongs together; else its cells arrange what stands in them. */
const isData = (cells: readonly (readonly Piece[])[]): boolean =>
  cells.length > 1 &&
  cells.some((cell) => cell.length > 0) &&
  cells.every(
    (cell) =>
      cell.length <= MAX_PARAGRAPHS_A_CELL &&
      cell.every((piece) => piece.level === 0) &&
      cell.reduce((sum, piece) => sum + piece.text.length, 0) <= MAX_CELL,
  );

const headingLevel = (name: string): number => (/^h[1-6]$/.test(name) ? Number(name[1]) : 0);

const isHidden = (attributes: Record<string, string>): boolean =>
  'hidden' in attributes ||
  attributes['aria-hidden'] === 'true' ||
  /(?:display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d])|opacity\s*:\s*0(?![.\d]))/i.test(
    attributes['style'] ?? '',
  );
