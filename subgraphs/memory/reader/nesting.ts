import { DocumentProblem } from './problem.ts';

/**
 * Elements that may be open at a time in a marked-up document; browsers keep 512. Readers need time, and a place on
 * their stack, for each that is open, so that a small file could keep them busy for minutes.
 */
export const MAX_NESTING = 1_000;

/** Returns the refusal of a document that nests deeper. */
export const tooNested = (): DocumentProblem =>
  new DocumentProblem(
    'TOO_EXPENSIVE',
    `The document nests elements more than ${MAX_NESTING} deep: save it more simply, or as text.`,
  );

const [EXCLAMATION, QUOTE, APOSTROPHE, HYPHEN, SLASH, LESS, GREATER, QUESTION, OPEN, CLOSE] = [
  ...new TextEncoder().encode('!"\'-/<>?[]'),
] as [number, number, number, number, number, number, number, number, number, number];

type State = 'text' | 'begin' | 'tag' | 'quoted' | 'declaration' | 'comment' | 'cdata' | 'instruction';

/**
 * A follower of the nesting of an XML file byte by byte, in constant space, as no parser would that builds a tree of
 * it.
 */
export class XmlNesting {
  #state: State = 'text';
  #depth = 0;
  #closing = false;
  #quote = 0;
  /** The two bytes before. */
  #last = 0;
  #lastButOne = 0;

  /** @throws {DocumentProblem} TOO_EXPENSIVE for more than MAX_NESTING. */
  push(bytes: Uint8Array): void {
    for (const byte of bytes) {
      // In UTF-16 each of these characters has a zero beside it.
      if (byte === 0) continue;
      this.#state = this.#next(byte);
      this.#lastButOne = this.#last;
      this.#last = byte;
    }
  }

  #next(byte: number): State {
    switch (this.#state) {
      case 'text':
        return byte === LESS ? 'begin' : 'text';
      case 'begin':
        this.#closing = byte === SLASH;
        return byte === EXCLAMATION ? 'declaration' : byte === QUESTION ? 'instruction' : 'tag';
      case 'tag':
        if (byte === QUOTE || byte === APOSTROPHE) {
          this.#quote = byte;
          return 'quoted';
        }
        if (byte !== GREATER) return 'tag';
        if (this.#closing) this.#depth--;
        else if (this.#last !== SLASH && ++this.#depth > MAX_NESTING) throw tooNested();
        return 'text';
      case 'quoted':
        return byte === this.#quote ? 'tag' : 'quoted';
      case 'declaration':
        if (this.#last === EXCLAMATION && byte === OPEN) return 'cdata';
        if (this.#last === HYPHEN && this.#lastButOne === EXCLAMATION && byte === HYPHEN) return 'comment';
        return byte === GREATER ? 'text' : 'declaration';
      case 'comment':
        return this.#ends(byte, HYPHEN) ? 'text' : 'comment';
      case 'cdata':
        return this.#ends(byte, CLOSE) ? 'text' : 'cdata';
      case 'instruction':
        return byte === GREATER && this.#last === QUESTION ? 'text' : 'instruction';
    }
  }

  /** Whether `-->` or `]]>` is complete. */
  #ends(byte: number, twice: number): boolean {
    return byte === GREATER && this.#last === twice && this.#lastButOne === twice;
  }
}
