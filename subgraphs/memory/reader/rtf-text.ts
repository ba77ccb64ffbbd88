import { type Outline, OutlineBuilder } from './outline.ts';

/** A place beside the paragraphs: a note or a box, which comes after its paragraph, or the edge of a page. */
export type Elsewhere = 'note' | 'edge';

/** The text of an RTF file as its control words divide it: paragraphs, rows of cells, and what stands elsewhere. */
export class RtfText {
  readonly #builder = new OutlineBuilder();
  #text = '';
  /** The cells of the row that is open. */
  #row: string[] | undefined;
  /** What is interrupted by a text that stands elsewhere. */
  readonly #interrupted: { readonly text: string; readonly row: string[] | undefined }[] = [];
  /** The notes of the paragraph that is being read. */
  #notes: string[] = [];
  #noteNumber = 0;

  add(text: string): void {
    this.#text += text;
  }

  /** Sets the mark of a note in the paragraph that the note belongs to. */
  addNoteMark(): void {
    if (this.#interrupted.length === 0) this.add(`[${++this.#noteNumber}]`);
  }

  /** Ends a paragraph; one in a cell, or elsewhere, is a part of that. */
  endParagraph(): void {
    if (this.#row || this.#interrupted.length > 0) this.#text += ' ';
    else {
      this.#builder.paragraph(this.#text.replace(/[^\S\n]+/g, ' '));
      this.#text = '';
      this.#endNotes();
    }
  }

  /** Begins a row, where none is open. */
  beginRow(): void {
    this.#row ??= [];
  }

  /** Forgets a row that has no cell: what comes is a paragraph. */
  leaveRow(): void {
    if (this.#row?.length === 0) this.#row = undefined;
  }

  endCell(): void {
    if (!this.#row) return;
    this.#row.push(onOneLine(this.#text));
    this.#text = '';
  }

  endRow(): void {
    if (!this.#row) return;
    const cells = this.#row.join(' | ');
    this.#row = undefined;
    if (this.#interrupted.length > 0) this.#text = `${cells} `;
    else {
      this.#builder.paragraph(cells);
      this.#text = '';
      this.#endNotes();
    }
  }

  /** Begins a text that stands elsewhere than in the paragraph in which it is written. */
  begin(): void {
    this.#interrupted.push({ text: this.#text, row: this.#row });
    this.#text = '';
    this.#row = undefined;
  }

  /** Ends a text that stands elsewhere, and goes on with what it has interrupted. */
  end(elsewhere: Elsewhere): void {
    const said = onOneLine(this.#text);
    if (elsewhere === 'edge') this.#builder.aside(said);
    else this.#notes.push(said);
    const before = this.#interrupted.pop();
    this.#text = before?.text ?? '';
    this.#row = before?.row;
  }

  build(): Outline {
    while (this.#interrupted.length > 0) this.end('note');
    this.endParagraph();
    this.#endNotes();
    return this.#builder.build();
  }

  #endNotes(): void {
    for (const note of this.#notes) this.#builder.paragraph(note);
    this.#notes = [];
  }
}

const onOneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();
