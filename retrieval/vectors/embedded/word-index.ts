import { BM25, hasOtherWords, indexedWords, searchWords } from '../words.ts';

/**
 * BM25 over the words of one tenant. SQLite's FTS5 was measured for this and set aside: its `bm25()` costs about a
 * microsecond a match, 80 ms for a query with common words over 100 000 texts, and its word statistics mix all tenants.
 */

/** Occurrences of one word: slots and counts, in the order they were added. */
interface Postings {
  slots: Int32Array;
  counts: Uint8Array;
  length: number;
}

export class WordIndex {
  readonly #postings = new Map<number, Postings>();
  /** Number of words in each slot; 0 for a slot that is empty or deleted. */
  #lengths = new Int32Array(64);
  #slots = 0;
  #documents = 0;
  #totalLength = 0;

  /** @param encoded what `encodeWords` made of the text. */
  add(slot: number, encoded: Uint8Array): void {
    if (slot >= this.#lengths.length) {
      const larger = new Int32Array(Math.max(slot + 1, this.#lengths.length * 2));
      larger.set(this.#lengths);
      this.#lengths = larger;
    }
    this.#slots = Math.max(this.#slots, slot + 1);
    const entries = new Int32Array(encoded.buffer.slice(encoded.byteOffset, encoded.byteOffset + encoded.byteLength));
    const length = entries[0] ?? 0;
    this.#lengths[slot] = length;
    if (length === 0) return;
    this.#documents++;
    this.#totalLength += length;
    for (let i = 1; i < entries.length; i += 2)
      if (entries[i] !== EDITION) this.#append(entries[i]!, slot, entries[i + 1]!);
  }

  /** The word's entries stay until the index is built again; an empty slot is passed over. */
  delete(slot: number): void {
    const length = slot < this.#slots ? this.#lengths[slot]! : 0;
    if (length === 0) return;
    this.#lengths[slot] = 0;
    this.#documents--;
    this.#totalLength -= length;
  }

  /** BM25 of the query for slots 0 to `slots - 1`; 0 where no word matches. */
  score(query: string, slots: number): Float32Array {
    const scores = new Float32Array(slots);
    const average = this.#totalLength / Math.max(1, this.#documents);
    for (const word of searchWords(query)) {
      const postings = this.#postings.get(hash(word));
      if (postings === undefined) continue;
      const weight = this.#weight(postings);
      for (let i = 0; i < postings.length; i++) {
        const slot = postings.slots[i]!;
        const length = this.#lengths[slot]!;
        if (length === 0 || slot >= slots) continue;
        const count = postings.counts[i]!;
        const added = (weight * count) / (count + BM25.k1 * (1 - BM25.b + (BM25.b * length) / average));
        scores[slot] = scores[slot]! + added;
      }
    }
    return scores;
  }

  /** Inverse document frequency, in the form that is never negative. */
  #weight(postings: Postings): number {
    let found = 0;
    for (let i = 0; i < postings.length; i++) if (this.#lengths[postings.slots[i]!]! > 0) found++;
    return Math.log(1 + (this.#documents - found + 0.5) / (found + 0.5));
  }

  #append(word: number, slot: number, count: number): void {
    let postings = this.#postings.get(word);
    if (postings === undefined) {
      postings = { slots: new Int32Array(2), counts: new Uint8Array(2), length: 0 };
      this.#postings.set(word, postings);
    }
    if (postings.length === postings.slots.length) {
      const slots = new Int32Array(postings.length * 2);
      slots.set(postings.slots);
      postings.slots = slots;
      const counts = new Uint8Array(postings.length * 2);
      counts.set(postings.counts);
      postings.counts = counts;
    }
    postings.slots[postings.length] = slot;
    postings.counts[postings.length++] = count;
  }
}

/** In place of a hash, which is never negative: what follows is the edition of `words` that a row was made by. */
const EDITION = -1;
/** Counted up when `words` gives others for texts beyond ASCII; the words of ASCII are as they were. */
const CURRENT_EDITION = 2;

/** SQL: the text of a row whose words are of an edition before, from which they are to be made again; else null. */
export const OUTDATED_TEXT = `CASE WHEN octet_length(text) <> length(text) AND coalesce(hex(substr(words, -8)), '') <> '${Buffer.from(
  Int32Array.of(EDITION, CURRENT_EDITION).buffer,
)
  .toString('hex')
  .toUpperCase()}' THEN text END`;

/**
 * Returns a text as its row stores it: the number of words, then the hash and the count (at most 255) of each different
 * one, then of the characters that are words in a query alone, which do not make the text longer; and the edition.
 */
export function encodeWords(text: string): Uint8Array {
  const { words, characters } = indexedWords(text);
  const counts = new Map<number, number>();
  for (const term of [...words, ...characters]) {
    const key = hash(term);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  counts.set(EDITION, CURRENT_EDITION);
  const entries = new Int32Array(1 + counts.size * 2);
  entries[0] = words.length;
  let at = 1;
  for (const [key, count] of counts) {
    entries[at++] = key;
    entries[at++] = Math.min(count, 255);
  }
  return new Uint8Array(entries.buffer);
}

/**
 * Returns the words of a row of an edition before, made again where they would be others: most of such texts have but
 * accents, which both take off.
 */
export const renewedWords = (text: string, stored: Uint8Array): Uint8Array =>
  hasOtherWords(text) ? encodeWords(text) : stored;

/**
 * FNV-1a with a final mix: 31 bits, so that engines keep it as a small integer. Fifty thousand words share about one.
 */
function hash(word: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < word.length; i++) h = Math.imul(h ^ word.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  return (h ^ (h >>> 13)) & 0x7fffffff;
}
