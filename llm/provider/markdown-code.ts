/** Ticks or tildes that follow one another. */
interface Run {
  readonly mark: string;
  length: number;
  /** Whether only blanks stand before it on its line. */
  readonly isFirst: boolean;
}

interface Fence {
  readonly mark: string;
  readonly length: number;
  /** Blanks before it. */
  readonly indent: number;
  /** The span that it would have been in, on the line that opens it: ticks behind it make it a span itself. */
  outer: number | undefined;
}

/**
 * A reader of a text in pieces that tells what of it is code in Markdown: fences of ticks and tildes, and spans of
 * ticks up to the end of their paragraph.
 */
export class MarkdownCode {
  #run: Run | undefined;
  #fence: Fence | undefined;
  /** Whether the fence closes if no more than blanks follow on the line. */
  #closes = false;
  /** The ticks that have opened a span, until as many close it. */
  #span = 0;
  #indent = 0;
  #isBlankLine = true;
  #isLineStart = true;

  /** Whether nothing has come of a line yet. */
  get isLineStart(): boolean {
    return this.#isLineStart;
  }

  /** Returns whether what follows is code, where that is neither a tick nor a tilde. */
  isOpen(): boolean {
    this.#endRun();
    return this.#span > 0 || (this.#fence !== undefined && !this.#closes);
  }

  /** Takes the next piece of the text. */
  note(piece: string): void {
    for (const character of piece) this.#step(character);
  }

  #step(character: string): void {
    if (character === '`' || character === '~') {
      if (this.#run?.mark === character) {
        this.#run.length++;
        return;
      }
      this.#endRun();
      this.#run = { mark: character, length: 1, isFirst: this.#isBlankLine };
      this.#isBlankLine = false;
      this.#isLineStart = false;
      return;
    }
    this.#endRun();
    if (character === '\n') {
      this.#endLine();
      return;
    }
    this.#isLineStart = false;
    if (character === ' ' || character === '\t' || character === '\r') {
      if (this.#isBlankLine) this.#indent += character === '\t' ? 4 : 1;
      return;
    }
    this.#isBlankLine = false;
    this.#closes = false;
  }

  #endRun(): void {
    const run = this.#run;
    if (!run) return;
    this.#run = undefined;
    const { mark, length, isFirst } = run;
    const fence = this.#fence;
    if (fence && !isFirst && mark === '`' && fence.mark === '`' && fence.outer !== undefined) {
      this.#fence = undefined;
      this.#span = fence.outer;
      this.#toggle(fence.length);
      this.#toggle(length);
    } else if (fence) {
      this.#closes =
        isFirst && mark === fence.mark && length >= fence.length && this.#indent <= fence.indent + MAX_INDENT;
    } else if (isFirst && length >= FENCE) {
      this.#fence = { mark, length, indent: this.#indent, outer: this.#span };
      this.#span = 0;
    } else if (mark === '`') this.#toggle(length);
  }

  #toggle(ticks: number): void {
    if (this.#span === 0) this.#span = ticks;
    else if (this.#span === ticks) this.#span = 0;
  }

  #endLine(): void {
    if (this.#closes) this.#fence = undefined;
    else if (this.#fence) this.#fence.outer = undefined;
    else if (this.#isBlankLine) this.#span = 0;
    this.#closes = false;
    this.#indent = 0;
    this.#isBlankLine = true;
    this.#isLineStart = true;
  }
}

/** Ticks or tildes of the shortest fence. */
const FENCE = 3;
/** Blanks that a closing fence may have more than its opening one; with more it is a line of code. */
const MAX_INDENT = 3;
