/** A piece of a text: words, or a mark that names a source by its number, such as `[1]`. */
export interface MarkedPiece {
  /** The words; of a mark with the blank before it. */
  readonly text: string;
  /** The number of a mark. */
  readonly mark?: number;
}

/** The fence of a block of code. */
const FENCE = /^ {0,3}(`{3,}(?=[^`]*$)|~{3,})/;
/** Most characters of a line that are kept: more than a fence has. */
const MAX_LINE = 200;
/** What stands between words and tells what they are; a number with an address behind it is a link. */
const TOKEN = /\n|`+| ?\[(\d{1,3})\](?!\()/g;
/** What may be the beginning of a mark, or a mark that may become a link; and how long it may be. */
const UNFINISHED = / ?(?:\[(?:\d{1,3}\]?)?)?$/;
const MAX_UNFINISHED = 6;

/**
 * A reader of Markdown that comes in pieces: it finds marks such as `[1]`, of which code has none, and knows whether
 * the text ends in a block of code. It reads each character once, and holds a few back until it knows what they are.
 */
export class SourceMarks {
  #held = '';
  /** The beginning of the last line. */
  #line = '';
  /** The fence of the block of code that the text is in. */
  #fence: string | undefined;
  /** Length of the run of backticks that began code within the line; 0 outside of such code. */
  #ticks = 0;

  /** Takes a piece of the text. @returns what is certain by now. */
  take(piece: string): MarkedPiece[] {
    const text = this.#held + piece;
    this.#held = unfinishedOf(text);
    return this.#read(text.slice(0, text.length - this.#held.length));
  }

  /** Returns what was held back, at the end of the text. */
  end(): MarkedPiece[] {
    const text = this.#held;
    this.#held = '';
    return this.#read(text);
  }

  /** Whether the text ends within a block of code, or on the very line that ends one. */
  get block(): 'within' | 'behind' | undefined {
    const line = this.#line + this.#held;
    const fence = FENCE.exec(line)?.[1];
    if (this.#fence === undefined) return fence === undefined ? undefined : 'within';
    return isEnd(line, fence, this.#fence) ? 'behind' : 'within';
  }

  #read(text: string): MarkedPiece[] {
    const pieces: MarkedPiece[] = [];
    let told = 0;
    let seen = 0;
    for (const { 0: token, 1: number, index } of text.matchAll(TOKEN)) {
      this.#see(text.slice(seen, index));
      seen = index + token.length;
      if (token === '\n') this.#endLine();
      else if (number === undefined) this.#tick(token.length);
      else if (this.#fence === undefined && this.#ticks === 0 && !FENCE.test(this.#line)) {
        if (index > told) pieces.push({ text: text.slice(told, index) });
        pieces.push({ text: token, mark: Number(number) });
        told = seen;
      }
      if (token !== '\n') this.#see(token);
    }
    this.#see(text.slice(seen));
    if (told < text.length) pieces.push({ text: text.slice(told) });
    return pieces;
  }

  #see(words: string): void {
    if (this.#line.length < MAX_LINE) this.#line += words.slice(0, MAX_LINE - this.#line.length);
  }

  #tick(length: number): void {
    if (this.#ticks === 0) this.#ticks = length;
    else if (this.#ticks === length) this.#ticks = 0;
  }

  #endLine(): void {
    const fence = FENCE.exec(this.#line)?.[1];
    if (this.#fence === undefined) this.#fence = fence;
    else if (isEnd(this.#line, fence, this.#fence)) this.#fence = undefined;
    this.#line = '';
    this.#ticks = 0;
  }
}

/** Returns the end of a text of which it is not certain yet what it is: a run of backticks may go on, too. */
function unfinishedOf(text: string): string {
  if (!text.endsWith('`')) return UNFINISHED.exec(text.slice(-MAX_UNFINISHED))![0];
  let from = text.length;
  while (text[from - 1] === '`') from--;
  return text.slice(from);
}

const isEnd = (line: string, fence: string | undefined, open: string): boolean =>
  fence?.startsWith(open) === true && line.trim() === fence;
