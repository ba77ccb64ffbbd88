import { randomInt } from 'node:crypto';

const QUOTE = 34;
const BACKSLASH = 92;
const COLON = 58;
const COMMA = 44;
const OPEN_BRACKET = 91;
const CLOSE_BRACKET = 93;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;

/** Lists and objects in one another that a client's JSON may have: far beyond any limit on what it means. */
export const MAX_JSON_LEVELS = 2_000;

/** The measures that decide how long a parser takes for a text, beside its length. */
export interface JsonMeasure {
  /** Lists and objects in one another. */
  readonly levels: number;
  /** Of both, also side by side. */
  readonly containers: number;
  /** Fields of all objects. */
  readonly fields: number;
  /** Fields that begin a sequence of names which no object before has: an engine makes a hidden class of each. */
  readonly shapes: number;
  /** Texts of fewer than ten bytes that are values: an engine looks for an equal one that it has already. */
  readonly shortTexts: number;
  /** Texts of ten bytes and more that are values. */
  readonly longTexts: number;
  /** Values of lists and objects, but for the first of each. */
  readonly values: number;
  /** Bytes that belong to no text. */
  readonly outside: number;
}

/** The most that is looked at of a text, since looking takes time, too. */
export interface MeasureLimits {
  readonly levels: number;
  /** Default: without limit. */
  readonly outside?: number;
  /** Lists, objects and fields together. Default: without limit. */
  readonly parts?: number;
}

/**
 * Measures a JSON text before it is parsed. A parser takes forty milliseconds for half a million brackets, and two
 * microseconds for each field of an object whose names are new to it; this one a tenth of that at most. Texts that are
 * not JSON have a measure, too.
 *
 * @param text UTF-8.
 */
export function measureJson(text: Uint8Array, limits: MeasureLimits): JsonMeasure {
  const { levels: maxLevels, outside: maxOutside = Infinity, parts: maxParts = Infinity } = limits;
  // As many brackets as that have no room in it.
  if (text.length <= maxLevels) return NOTHING;
  let open = 0;
  let levels = 0;
  let containers = 0;
  let fields = 0;
  let shortTexts = 0;
  let longTexts = 0;
  let values = 0;
  let within = 0;
  let from = 0;
  let to = 0;
  const shapes = new Shapes();
  let i = 0;
  for (; i < text.length; i++) {
    const byte = text[i];
    if (byte === QUOTE) {
      from = i + 1;
      to = endOfString(text, from);
      i = to;
      within += to - from;
      if (to - from < SHORT) shortTexts++;
      else longTexts++;
    } else if (byte === OPEN_BRACKET || byte === OPEN_BRACE) {
      if (++open > levels) levels = open;
      if (levels > maxLevels) break;
      containers++;
      if (byte === OPEN_BRACE) shapes.begin(open);
    } else if (byte === COLON) {
      fields++;
      if (to - from < SHORT) shortTexts--;
      else longTexts--;
      shapes.field(open, text, from, to);
    } else if (byte === CLOSE_BRACKET || byte === CLOSE_BRACE) open--;
    else if (byte === COMMA) values++;
    if (i - within > maxOutside || containers + fields > maxParts) break;
  }
  return {
    levels,
    containers,
    fields,
    shapes: shapes.count,
    shortTexts: Math.max(0, shortTexts),
    longTexts: Math.max(0, longTexts),
    values,
    outside: i - within,
  };
}

const NOTHING: JsonMeasure = {
  levels: 0,
  containers: 0,
  fields: 0,
  shapes: 0,
  shortTexts: 0,
  longTexts: 0,
  values: 0,
  outside: 0,
};
/** Bytes from which on a text is kept as it is. */
const SHORT = 10;

/** Bytes of a text that are looked at one by one. Searching costs more for a short one, and far less for a long one. */
const STEP = 128;

/** The index of the quote that ends a string. */
function endOfString(text: Uint8Array, from: number): number {
  let i = from;
  while (i < text.length) {
    for (const end = Math.min(text.length, i + STEP); i < end; i++) {
      const byte = text[i];
      if (byte === QUOTE) return i;
      if (byte === BACKSLASH) i++;
    }
    const quote = text.indexOf(QUOTE, i);
    if (quote < 0) return text.length;
    if (!isEscaped(text, i, quote)) return quote;
    i = quote + 1;
  }
  return text.length;
}

/** Whether the byte at `place` is behind an odd number of backslashes, none of which is before `from`. */
function isEscaped(text: Uint8Array, from: number, place: number): boolean {
  let i = place;
  while (i > from && text[i - 1] === BACKSLASH) i--;
  return (place - i) % 2 === 1;
}

/** A client that knew it could choose names whose hashes are equal. */
const SEED = randomInt(2 ** 31);
/** Of the set in which hashes are noted. Some are equal by chance: the count is a little low where it is large. */
const SET_BITS = 18;
/** Characters of a name that are hashed, and its length. */
const MAX_HASHED = 64;

/** The sequences of names that the objects of one text have begun so far. */
class Shapes {
  count = 0;
  /** Of the object that is open at each level. */
  readonly #hashes: number[] = [];
  readonly #seen = new Uint32Array(2 ** (SET_BITS - 5));

  begin(level: number): void {
    this.#hashes[level] = SEED;
  }

  field(level: number, text: Uint8Array, from: number, to: number): void {
    let hash = Math.imul((this.#hashes[level] ?? SEED) ^ (to - from), 0x9e3779b1);
    for (let i = from, end = Math.min(to, from + MAX_HASHED); i < end; i++) {
      hash = Math.imul(hash ^ (text[i] as number), 0x01000193);
    }
    hash ^= hash >>> 15;
    this.#hashes[level] = hash;
    const bit = hash >>> (32 - SET_BITS);
    const mask = 1 << (bit & 31);
    if ((this.#seen[bit >>> 5]! & mask) !== 0) return;
    this.#seen[bit >>> 5]! |= mask;
    this.count++;
  }
}
