import { overlap } from './words-in-pieces.ts';

/** A filter that ends a text before the first of some words, for models that take no `stop`, however they are torn. */
export class StopWords {
  readonly #words: readonly string[];
  #held = '';
  #met = false;

  constructor(words: readonly string[]) {
    this.#words = words.filter((word) => word !== '');
  }

  /** Whether one of the words has come: what follows is not wanted. */
  get met(): boolean {
    return this.#met;
  }

  take(piece: string): string {
    if (this.#met) return '';
    const text = this.#held + piece;
    const found = this.#words.map((word) => text.indexOf(word)).filter((at) => at >= 0);
    if (found.length > 0) {
      this.#met = true;
      this.#held = '';
      return text.slice(0, Math.min(...found));
    }
    const keep = Math.max(0, ...this.#words.map((word) => overlap(text, word)));
    this.#held = text.slice(text.length - keep);
    return text.slice(0, text.length - keep);
  }

  /** What is left at the end. */
  end(): string {
    const rest = this.#held;
    this.#held = '';
    return rest;
  }
}
