const OPENING = /^\s*```(?:json|JSON)?[ \t]*\r?\n/;
/** What may still become an opening fence. */
const MAYBE = /^\s*(?:`{0,3}|```(?:j|js|jso|json|J|JS|JSO|JSON)?[ \t]*\r?)$/;
/** What may be a closing fence, or the beginning of one. */
const CLOSING = /\s*`{0,3}\s*$/;

/**
 * A filter that takes the fence of Markdown off a JSON text, piece by piece: models that are only asked in words for
 * JSON like to wrap it.
 */
export class JsonFence {
  #held = '';
  #state: 'beginning' | 'fenced' | 'plain' = 'beginning';

  take(piece: string): string {
    if (this.#state === 'plain') return piece;
    this.#held += piece;
    if (this.#state === 'beginning') {
      const fence = OPENING.exec(this.#held);
      if (!fence) {
        if (MAYBE.test(this.#held)) return '';
        this.#state = 'plain';
        return this.end();
      }
      this.#held = this.#held.slice(fence[0].length);
      this.#state = 'fenced';
    }
    const keep = CLOSING.exec(this.#held)?.[0].length ?? 0;
    const text = this.#held.slice(0, this.#held.length - keep);
    this.#held = this.#held.slice(this.#held.length - keep);
    return text;
  }

  /** What is left at the end: of a fenced text nothing. */
  end(): string {
    const rest = this.#state === 'fenced' ? this.#held.replace(/\s*`{3}\s*$/, '') : this.#held;
    this.#held = '';
    return rest;
  }
}
