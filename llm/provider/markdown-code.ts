const FENCE = '```';

/** The fences of Markdown in a text that comes in pieces. */
export class CodeFences {
  #isOpen = false;
  /** The ticks that the last piece ended with. */
  #ticks = '';

  /** Takes the next piece of the text. */
  note(piece: string): void {
    if (!piece.includes('`')) {
      if (piece !== '') this.#ticks = '';
      return;
    }
    const parts = (this.#ticks + piece).split(FENCE);
    if (parts.length % 2 === 0) this.#isOpen = !this.#isOpen;
    this.#ticks = /`*$/.exec(parts.at(-1)!)![0];
  }

  /** Returns whether a fence would be open after a piece, which is not taken. */
  openAfter(piece: string): boolean {
    const count = (this.#ticks + piece).split(FENCE).length;
    return count % 2 === 0 ? !this.#isOpen : this.#isOpen;
  }
}
