import { Archive, locked } from './archive.ts';
import { HiddenText, hidesParagraph } from './open-document-hidden.ts';
import { cellValue, Rows, repeats } from './open-document-rows.ts';
import { type Outline, OutlineBuilder } from './outline.ts';
import { DocumentProblem } from './problem.ts';
import { NOTES, type Remark, remarkText } from './remarks.ts';
import { type Attributes, walkXml, type XmlHandler } from './xml.ts';

const WHAT = 'The OpenDocument file';
/** Spaces that one element may stand for. */
const MAX_SPACES = 100;

/**
 * Reads the text of an ODT, ODS or ODP: headings, paragraphs and rows, and the remarks of reviewers behind what they
 * are about; each sheet and each slide is a section.
 *
 * @throws {DocumentProblem} PASSWORD_PROTECTED, DAMAGED, TOO_LARGE, NO_TEXT.
 */
export async function readOpenDocument(bytes: Uint8Array): Promise<Outline> {
  using archive = await Archive.open(bytes, WHAT);
  if (/<manifest:encryption-data/.test((await archive.text('META-INF/manifest.xml')) ?? '')) throw locked(WHAT);
  const content = await archive.required('content.xml');
  const builder = new OutlineBuilder();
  const isSheets = /<office:spreadsheet[\s>]/.test(content);
  const styles = (await archive.text('styles.xml')) ?? '';
  walkXml(content, new Content(builder, isSheets, new HiddenText([styles, content])));
  if (/<office:text[\s>]/.test(content)) edgesOf(builder, styles, new HiddenText([styles]));
  const outline = builder.build();
  // Sheets and slides have names without anything on them.
  const isEmpty = outline.blocks.every(({ start, end, headings }) => {
    const text = outline.text.slice(start, end);
    return isSheets ? headings.at(-1) === text : /^Slide \d+$/.test(text);
  });
  if (isEmpty) throw new DocumentProblem('NO_TEXT', `${WHAT} holds no text.`);
  return outline;
}

/** What is not the author's text: deleted passages, styles, how a word is read. */
const SKIPPED = new Set([
  ...['tracked-changes', 'deletion', 'scripts', 'font-face-decls', 'forms', 'ruby-text'],
  ...['page-thumbnail', 'page-number', 'page-count'],
]);

/** What stands at the edge of each page of a text. */
function edgesOf(builder: OutlineBuilder, styles: string, hidden: HiddenText): void {
  let edges = 0;
  let text = '';
  let isHidden = false;
  /** How many open elements lie in one that is not seen, with that. */
  let unseen = 0;
  walkXml(styles, {
    open(name, attributes) {
      if (unseen > 0 || (edges > 0 && hidden.has(name, attributes))) unseen++;
      else if (EDGE.test(name)) edges++;
      else if (name === 'p' || name === 'h') [text, isHidden] = ['', false];
      else if (hidesParagraph(name, attributes)) isHidden = true;
      else if (name === 's' || name === 'tab' || name === 'line-break') text += ' ';
    },
    text(piece) {
      if (unseen === 0) text += piece;
    },
    close(name) {
      if (unseen > 0) unseen--;
      else if (EDGE.test(name)) edges--;
      else if ((name === 'p' || name === 'h') && edges > 0 && !isHidden) builder.aside(text);
    },
  });
}
const EDGE = /^(?:header|footer)(?:-left|-first)?$/;

/** A paragraph or a heading that is read: the level of a heading, or 0. */
interface Words {
  readonly level: number;
  text: string;
  isHidden?: boolean;
}

/** A remark that is read. */
interface OpenRemark {
  author: string;
  readonly texts: string[];
  /** Whether the name of its author comes now. */
  isAuthor: boolean;
  /** How many paragraphs are open around it. */
  readonly around: number;
}

/** What `content.xml` holds, as its elements come. */
class Content implements XmlHandler {
  readonly #builder: OutlineBuilder;
  readonly #isSheets: boolean;
  readonly #rows = new Rows();
  readonly #hidden: HiddenText;
  #depth = 0;
  /** How deep the element lies whose content is not read now. */
  #skippedFrom: number | undefined;
  /** The open paragraphs and headings, as notes lie in them. */
  readonly #open: Words[] = [];
  /** Notes come after the paragraph that they are about. */
  #noteDepth = 0;
  #notes: Words[] = [];
  /** A remark that is open, and those that come after what is open around them: a paragraph, a row, a slide. */
  #remark: OpenRemark | undefined;
  #remarks: Remark[] = [];
  #slides = 0;
  /** The slide that is open: its title comes before all else of it. */
  #slide: { title: string; readonly texts: string[]; isTitle: boolean } | undefined;

  constructor(builder: OutlineBuilder, isSheets: boolean, hidden: HiddenText) {
    this.#hidden = hidden;
    this.#builder = builder;
    this.#isSheets = isSheets;
  }

  open(name: string, attributes: Attributes): void {
    this.#depth++;
    if (this.#skippedFrom !== undefined) return;
    if (SKIPPED.has(name) || this.#hidden.has(name, attributes)) {
      this.#skippedFrom = this.#depth;
      return;
    }
    const around = this.#open.at(-1);
    if (around && hidesParagraph(name, attributes)) around.isHidden = true;
    switch (name) {
      case 'h':
      case 'p':
        this.#open.push({ level: name === 'h' ? Math.max(1, Number(attributes['outline-level']) || 1) : 0, text: '' });
        break;
      case 's':
        this.#append(' '.repeat(Math.min(MAX_SPACES, Number(attributes['c']) || 1)));
        break;
      case 'tab':
        this.#append(' ');
        break;
      case 'line-break':
        this.#append('\n');
        break;
      case 'note':
        this.#noteDepth++;
        break;
      case 'annotation':
        this.#remark = { author: '', texts: [], isAuthor: false, around: this.#open.length };
        break;
      case 'creator':
        if (this.#remark) this.#remark.isAuthor = true;
        break;
      case 'note-citation':
        this.#append('[');
        break;
      case 'page':
        this.#builder.page(++this.#slides);
        this.#slide = { title: '', texts: [], isTitle: false };
        break;
      case 'frame':
        if (this.#slide) this.#slide.isTitle = attributes['presentation:class'] === 'title';
        break;
      case 'table':
        if (this.#isSheets) this.#beginSheet(attributes['table:name'] ?? attributes['name'] ?? '');
        break;
      case 'table-row':
        this.#rows.begin(repeats(attributes['number-rows-repeated']));
        break;
      case 'table-cell':
      case 'covered-table-cell':
        this.#rows.beginCell(
          repeats(attributes['number-columns-repeated']),
          cellValue(attributes),
          repeats(attributes['number-rows-spanned']),
        );
    }
  }

  text(piece: string): void {
    if (this.#skippedFrom === undefined) this.#append(piece);
  }

  close(name: string): void {
    if (this.#skippedFrom === undefined) this.#close(name);
    else if (this.#skippedFrom === this.#depth) this.#skippedFrom = undefined;
    this.#depth--;
  }

  #close(name: string): void {
    switch (name) {
      case 'h':
      case 'p':
        this.#endWords(this.#open.pop() ?? { level: 0, text: '' });
        break;
      case 'note':
        this.#noteDepth--;
        break;
      case 'creator':
        if (this.#remark) this.#remark.isAuthor = false;
        break;
      case 'annotation':
        this.#endRemark();
        break;
      case 'note-citation':
        this.#append(']');
        break;
      case 'frame':
        if (this.#slide) this.#slide.isTitle = false;
        break;
      case 'page':
        this.#endSlide();
        break;
      case 'table-cell':
      case 'covered-table-cell':
        this.#rows.endCell();
        break;
      case 'table-row':
        this.#endRow();
    }
  }

  #append(text: string): void {
    const open = this.#open.at(-1);
    if (this.#remark?.isAuthor) this.#remark.author += text;
    // Beside its paragraphs, a remark has a date and initials.
    else if (open && this.#open.length > (this.#remark?.around ?? 0)) open.text += text;
  }

  #endWords(ended: Words): void {
    if (this.#remark) {
      this.#remark.texts.push(ended.text.trim());
      return;
    }
    if (this.#noteDepth > 0) {
      if (!ended.isHidden) this.#notes.push({ level: 0, text: ended.text });
      return;
    }
    const noted = this.#notes;
    this.#notes = [];
    if (ended.isHidden) {
      this.#remarks = [];
      return;
    }
    for (const words of [ended, ...noted]) this.#add(words);
    if (!this.#rows.isOpen && !this.#slide) this.#addRemarks();
  }

  #endRemark(): void {
    const { author = '', texts = [] } = this.#remark ?? {};
    this.#remark = undefined;
    const text = texts.filter((one) => one !== '').join('\n');
    if (text === '') return;
    const cell = this.#isSheets && this.#rows.isOpen ? { cell: this.#rows.cell } : {};
    this.#remarks.push({ author, text, ...cell });
    if (this.#open.length === 0 && !this.#rows.isOpen && !this.#slide) this.#addRemarks();
  }

  /** Adds the remarks on what has just ended. */
  #addRemarks(): void {
    for (const remark of this.#remarks) {
      const { cell } = remark;
      const headings = [...this.#builder.headings, NOTES];
      this.#builder.paragraph(remarkText(remark), { headings, ...(cell && { cells: { first: cell, last: cell } }) });
    }
    this.#remarks = [];
  }

  /** Adds to what is open: a cell, the title or the rest of a slide, or the text itself. */
  #add({ level, text }: Words): void {
    if (this.#rows.take(text)) return;
    if (this.#slide?.isTitle) this.#slide.title += ` ${text}`;
    else if (this.#slide) this.#slide.texts.push(text);
    else if (level > 0) this.#builder.heading(level, text);
    else this.#builder.paragraph(text);
  }

  #beginSheet(name: string): void {
    this.#builder.heading(1, name);
    this.#rows.beginSheet();
  }

  #endSlide(): void {
    if (!this.#slide) return;
    const { title, texts } = this.#slide;
    this.#slide = undefined;
    this.#builder.heading(1, title.trim() || `Slide ${this.#slides}`);
    for (const text of texts) this.#builder.paragraph(text);
    this.#addRemarks();
  }

  #endRow(): void {
    const row = this.#rows.end();
    if (row) {
      const { text, first, last } = row;
      if (this.#rows.isOpen || this.#slide) this.#add({ level: 0, text });
      else this.#builder.paragraph(text, this.#isSheets ? { cells: { first, last } } : {});
    }
    if (!this.#rows.isOpen && !this.#slide) this.#addRemarks();
  }
}
