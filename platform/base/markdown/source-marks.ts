/** A piece of a text: words, or a mark that names a source by its number, such as `[1]`. */
export interface MarkedPiece {
  /** The words; of a mark with the blank before it. */
  readonly text: string;
  /** The number of a mark. */
  readonly mark?: number;
  /**
   * Whether a blank or a sentence's punctuation stands before the mark, or before the marks that it follows. One that
   * begins the text or stands directly behind a word may be an index of that word, though some models write marks so.
   */
  readonly isSetOff?: boolean;
}

/** The fence of a block of code, which may stand in lists and quotes. */
const FENCE = /^(?:[ \t>]|(?:[-+*]|\d{1,9}[.)])(?=[ \t]))*(`{3,}(?=[^`]*$)|~{3,})/;
/** What may end such a block. */
const END = /^[ \t>]*(`{3,}|~{3,})\s*$/;
/** A line that is code by its blanks, unless it is an item of a list. */
const INDENTED = /^(?:[ >]*>)?(?: {4}| {0,3}\t)/;
const ITEM = /^[ \t>]*(?:[-+*]|\d{1,9}[.)])[ \t]/;
/** Most characters of a line that are kept: more than a fence has. */
const MAX_LINE = 200;
/** What tells words apart; a number is a link with an address behind it, names one with `:`, and may be in a list. */
const TOKEN = /\n|`+| ?\[(\d{1,3})\](?![(:\]])/g;
/** What stands before a number that is not a mark: it is escaped, the label of a link, or in a list. */
const NO_MARK = /[\\[\]]/;
const SET_OFF = /[\s.,;!?…。，、！？；：）]/;
/** What may be the beginning of a mark, or a mark that may become a link; and how long it may be. */
const UNFINISHED = / ?(?:\[(?:\d{1,3}\]?)?)?$/;
const MAX_UNFINISHED = 6;

/**
 * A reader of Markdown that comes in pieces: it finds marks such as `[1]`, of which code has none, and knows whether
 * the text ends in a block of code. It reads each character once, and holds a few back, six at most, until it knows
 * what they are. Where it is in doubt whether a number is a mark, it is none.
 */
export class SourceMarks {
  #held = '';
  /** The beginning of the last line. */
  #line = '';
  /** The character before. */
  #before = '';
  /** Where a mark is what stands before: whether that is set off. */
  #mark: boolean | undefined;
  /** The fence of the block of code that the text is in. */
  #fence: string | undefined;
  /** Whether the text is in a list, whose items are not code however far they are indented. */
  #isList = false;
  /** Length of the run of backticks that began code within the line; 0 outside of such code. */
  #ticks = 0;
  /** Length of the run of backticks that the text ends with, which may go on. */
  #run = 0;

  /** Takes a piece of the text. @returns what is certain by now. */
  take(piece: string): MarkedPiece[] {
    const text = this.#held + piece;
    this.#held = UNFINISHED.exec(text.slice(-MAX_UNFINISHED))![0];
    return this.#read(text.slice(0, text.length - this.#held.length));
  }

  /** Returns what was held back, at the end of the text. */
  end(): MarkedPiece[] {
    const text = this.#held;
    this.#held = '';
    return this.#read(text);
  }

  /** Whether the text ends within a fenced block of code, or on the very line that ends one. */
  get block(): 'within' | 'behind' | undefined {
    const line = this.#line + this.#held;
    if (this.#fence === undefined) return FENCE.test(line) ? 'within' : undefined;
    return isEnd(line, this.#fence) ? 'behind' : 'within';
  }

  #read(text: string): MarkedPiece[] {
    const pieces: MarkedPiece[] = [];
    let told = 0;
    let seen = 0;
    for (const { 0: token, 1: number, index } of text.matchAll(TOKEN)) {
      this.#see(text.slice(seen, index));
      seen = index + token.length;
      if (token === '\n') this.#endLine();
      else if (number === undefined) this.#tick(token);
      else {
        const isSetOff = this.#markAt(token);
        this.#see(token);
        if (isSetOff === undefined) continue;
        this.#mark = isSetOff;
        if (index > told) pieces.push({ text: text.slice(told, index) });
        pieces.push({ text: token, mark: Number(number), isSetOff });
        told = seen;
      }
    }
    this.#see(text.slice(seen));
    if (told < text.length) pieces.push({ text: text.slice(told) });
    return pieces;
  }

  /** Returns whether the mark that comes is set off; undefined where the number is not a mark. */
  #markAt(token: string): boolean | undefined {
    this.#endRun();
    const hasBlank = token.startsWith(' ');
    const isCode = this.#fence !== undefined || this.#ticks > 0 || FENCE.test(this.#line);
    if (isCode || this.#isIndented(hasBlank ? `${this.#line} ` : this.#line)) return undefined;
    if (hasBlank) return this.#before !== '=';
    if (this.#mark !== undefined) return this.#mark;
    return NO_MARK.test(this.#before) ? undefined : SET_OFF.test(this.#before);
  }

  #see(words: string): void {
    if (words === '') return;
    this.#endRun();
    this.#keep(words);
  }

  #tick(ticks: string): void {
    this.#run += ticks.length;
    this.#keep(ticks);
  }

  #keep(words: string): void {
    if (this.#line.length < MAX_LINE) this.#line += words.slice(0, MAX_LINE - this.#line.length);
    this.#before = words.at(-1)!;
    this.#mark = undefined;
  }

  #endRun(): void {
    if (this.#run === 0) return;
    if (this.#ticks === 0) this.#ticks = this.#run;
    else if (this.#ticks === this.#run) this.#ticks = 0;
    this.#run = 0;
  }

  #endLine(): void {
    const line = this.#line;
    if (this.#fence === undefined) {
      this.#fence = FENCE.exec(line)?.[1];
      if (ITEM.test(line) && !this.#isIndented(line)) this.#isList = true;
      else if (/^[^ \t]/.test(line)) this.#isList = false;
    } else if (isEnd(line, this.#fence)) this.#fence = undefined;
    this.#line = '';
    this.#before = '\n';
    this.#mark = undefined;
    this.#ticks = 0;
    this.#run = 0;
  }

  /** Whether a line is code by its blanks. */
  #isIndented(line: string): boolean {
    return INDENTED.test(line) && !(this.#isList && ITEM.test(line));
  }
}

const isEnd = (line: string, open: string): boolean => END.exec(line)?.[1]?.startsWith(open) === true;
