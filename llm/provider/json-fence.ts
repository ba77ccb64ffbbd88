const OPENING = /^\s*```(?:json|JSON)?[ \t]*\r?\n/;
/** What may still become an opening fence. */
const MAYBE = /^\s*(?:`{0,3}|```(?:j|js|jso|json|J|JS|JSO|JSON)?[ \t]*\r?)$/;
const CLOSING = '```';

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
    const text = beforeClosing(this.#held);
    this.#held = this.#held.slice(text.length);
    return text;
  }

  /** What is left at the end: of a fenced text nothing. */
  end(): string {
    const rest = this.#state === 'fenced' && this.#held.trim() === CLOSING ? '' : this.#held;
    this.#held = '';
    return rest;
  }
}

/** Returns a text without what may be a closing fence at its end, or the beginning of one. */
function beforeClosing(text: string): string {
  const open = text.trimEnd();
  let ticks = 0;
  while (ticks < CLOSING.length && open.at(-1 - ticks) === '`') ticks++;
  return open.slice(0, open.length - ticks).trimEnd();
}
