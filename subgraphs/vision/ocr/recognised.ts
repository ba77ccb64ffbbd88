/** A word as the engine saw it, in pixels of the prepared picture. */
export interface RecognisedWord {
  readonly text: string;
  readonly confidence: number;
  readonly box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
}

/** The lines from top to bottom, each a list of words. */
export type RecognisedLines = readonly (readonly RecognisedWord[])[];

/** Words below this are probably wrong. */
const TRUSTED = 60;
const GOOD_CONFIDENCE = 88;
const TOLERABLE_DOUBT = 0.12;
/** Trusted letters from which on a reading is not a coincidence. */
const ENOUGH_LETTERS = 20;

const words = (lines: RecognisedLines) => lines.flat();

/** Returns how many letters were read that can be trusted. */
export const trustedLetters = (lines: RecognisedLines): number =>
  words(lines).reduce((sum, word) => sum + (word.confidence >= TRUSTED ? word.text.length : 0), 0);

const letters = (lines: RecognisedLines): number => words(lines).reduce((sum, word) => sum + word.text.length, 0);

/**
 * Returns how good a reading is: it counts trusted letters, because mean confidence is highest where almost nothing was
 * read.
 */
export const scoreOf = (lines: RecognisedLines): number =>
  words(lines).reduce(
    (sum, { text, confidence }) => sum + (confidence >= TRUSTED ? (text.length * confidence) / 100 : -text.length / 2),
    0,
  );

/** Returns the mean confidence of the words, weighted by their length. */
export const meanConfidence = (lines: RecognisedLines): number => {
  const total = letters(lines);
  return total === 0
    ? 0
    : words(lines).reduce((sum, { text, confidence }) => sum + text.length * confidence, 0) / total;
};

/** Returns the share of letters that cannot be trusted. */
export const doubt = (lines: RecognisedLines): number => {
  const total = letters(lines);
  return total === 0 ? 1 : 1 - trustedLetters(lines) / total;
};

/** Returns whether another pass is not worth its time. */
export const isGood = (lines: RecognisedLines): boolean =>
  meanConfidence(lines) >= GOOD_CONFIDENCE && doubt(lines) <= TOLERABLE_DOUBT;

/** Returns whether a text was read at all: if not, the page may lie on its side. */
export const isLegible = (lines: RecognisedLines): boolean =>
  trustedLetters(lines) >= ENOUGH_LETTERS && doubt(lines) < 0.4;

/** Returns the height of most words in pixels, or undefined where there are none. */
export function textHeight(lines: RecognisedLines): number | undefined {
  const heights = words(lines).map(({ box }) => box.height);
  return heights.toSorted((a, b) => a - b)[heights.length >> 1];
}

/** Letters of scripts that put no spaces between words. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}]/u;

/** Returns the words of a line as a text. The engine takes each letter of an unspaced script for a word. */
export const lineText = (line: readonly { readonly text: string }[]): string =>
  line.reduce((text, { text: word }) => {
    if (text === '') return word;
    const isUnspaced = UNSPACED.test(text.at(-1)!) && UNSPACED.test(word[0] ?? '');
    return `${text}${isUnspaced ? '' : ' '}${word}`;
  }, '');
