import { DocumentProblem } from './problem.ts';

/** Most text that one document may have, in UTF-16 units. */
export const MAX_TEXT = 20_000_000;

/** A heading, a paragraph, a list item, a row: a run of text that belongs together. */
export interface Block {
  /** Offsets in the outline's text, in UTF-16 units. */
  readonly start: number;
  readonly end: number;
  /** The headings above and including it, outermost first. */
  readonly headings: readonly string[];
  /** Page of a PDF or slide of a presentation, from 1. */
  readonly page: number | undefined;
  /** The first and the last cell of a row of a spreadsheet. */
  readonly cells?: Cells;
}

export interface Cells {
  readonly first: string;
  readonly last: string;
}

/** A document as text with its structure: what every reader makes of its format. */
export interface Outline {
  readonly text: string;
  readonly blocks: readonly Block[];
  /** Whether the text is the file itself, so that its lines are those of the file. */
  readonly hasLines?: boolean;
  /** Pages of a PDF that hold no text, or a stamp, and of which nothing was recognised. */
  readonly unreadPages?: readonly number[];
  /** Those of them that have a text of their own, such as a stamp, which can be read without the picture. */
  readonly stampedPages?: readonly number[];
}

/** The trail of headings that a position is under. */
export class HeadingTrail {
  #open: { level: number; title: string }[] = [];

  /** @returns the headings from the outermost to this one. */
  enter(level: number, title: string): readonly string[] {
    this.#open = [
      ...this.#open.filter((heading) => heading.level < level),
      { level, title: title.slice(0, 200).toWellFormed() },
    ];
    return this.titles();
  }

  titles(): readonly string[] {
    return this.#open.map((heading) => heading.title);
  }
}

/** A writer of an outline's text, block by block, for formats whose text is not the file itself. */
export class OutlineBuilder {
  readonly #parts: string[] = [];
  readonly #blocks: Block[] = [];
  readonly #asides = new Set<string>();
  #trail = new HeadingTrail();
  #length = 0;
  #page: number | undefined;

  heading(level: number, text: string): void {
    const title = oneLine(text);
    if (title !== '') this.#add(title, this.#trail.enter(level, title));
  }

  /** @param options.headings those that it is under; default: the last ones. */
  paragraph(text: string, options: { readonly cells?: Cells; readonly headings?: readonly string[] } = {}): void {
    const trimmed = text.trim();
    if (trimmed !== '') this.#add(trimmed, options.headings ?? this.#trail.titles(), options.cells);
  }

  /** What stands at the edge of each page, such as a letterhead: it comes once, at the end, under no heading. */
  aside(text: string): void {
    const line = oneLine(text);
    if (/\p{L}/u.test(line)) this.#asides.add(line);
  }

  /** Begins a part of the document that is under none of the headings so far, but under a title where it has one. */
  part(title?: string): void {
    this.#trail = new HeadingTrail();
    if (title) this.#trail.enter(1, oneLine(title));
  }

  /** Adds another document that is attached to this one, under its name; where it cannot be read, its name alone. */
  attach(name: string, outline: Outline | undefined): void {
    this.#page = undefined;
    const title = oneLine(name).slice(0, 200).toWellFormed();
    this.#add(`Attached: ${title}`, [title]);
    for (const { start, end, headings, cells } of outline?.blocks ?? [])
      this.#add(outline!.text.slice(start, end), [title, ...headings], cells);
  }

  get headings(): readonly string[] {
    return this.#trail.titles();
  }

  page(number: number): void {
    this.#page = number;
  }

  build(): Outline {
    this.#page = undefined;
    for (const aside of this.#asides) this.#add(aside, []);
    this.#asides.clear();
    return { text: this.#parts.join(''), blocks: this.#blocks };
  }

  #add(said: string, headings: readonly string[], cells?: Cells): void {
    // Where a word may be divided is not a letter of it: with that, no search would find it.
    const text = said.replaceAll('\u00ad', '');
    if (text === '') return;
    const separator = this.#parts.length === 0 ? '' : '\n\n';
    const start = this.#length + separator.length;
    this.#parts.push(separator, text);
    this.#length = start + text.length;
    checkLength(this.#length);
    this.#blocks.push({ start, end: this.#length, headings, page: this.#page, ...(cells && { cells }) });
  }
}

/** Returns a text on one line. */
export const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();

/** Checks the length of a document's text. */
export function checkLength(characters: number): void {
  if (characters > MAX_TEXT)
    throw new DocumentProblem('TOO_LARGE', `The document has more than ${MAX_TEXT} characters of text: split it.`);
}
