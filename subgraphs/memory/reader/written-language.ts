/** A language as it is written in an encoding of one byte a character. */
export interface WrittenLanguage {
  /** Its letters outside of ASCII. */
  readonly letters: ReadonlySet<string>;
  /** Frequent words that languages of other encodings do not have. */
  readonly frequent: RegExp;
  /** Places in which its letters do not stand, as those of other languages do that have the same bytes. */
  readonly odd: RegExp | undefined;
}

/** Returns a language of letters and frequent words, which are alternatives of a pattern. */
export const writtenLanguage = (letters: string, frequent: string, odd?: RegExp): WrittenLanguage => ({
  letters: new Set(letters + letters.toUpperCase()),
  frequent: new RegExp(`(?<!\\p{L})(?:${frequent})(?!\\p{L})`, 'giu'),
  odd,
});

/** Marks that no encoding of Windows has as a letter, or that tell by where they stand that they are marks. */
const MARKS = new Set('“”„‘’‚–—…•«»‹›€£°§©®™†‡‰×±·µ²³½¼ºª¿¡ \u00a0');
/** Where marks do not stand; there they are letters of another encoding. */
const MISPLACED = [
  /\p{L}[“”„–—…•«»‹›€£°§©®™†‡‰×±·½¼¿¡]\p{L}/u,
  /[£½¼]\p{L}|\p{L}[½¼¿¡]/u,
  /(?<![\dmM])[²³]|[²³]\p{L}/u,
  /(?<![\d.n]|\p{Lu})[ºª]|[ºª]\p{L}/u,
];

/** Returns whether a text has nothing outside of ASCII but marks and letters of a language, where that has them. */
export const isWrittenIn = ({ letters, odd }: WrittenLanguage, text: string): boolean =>
  Array.from(text).every((character) => character <= '\x7f' || MARKS.has(character) || letters.has(character)) &&
  odd?.test(text) !== true;

/** Returns whether a text has marks where there are none, but letters in another encoding. */
export const hasMisplacedMarks = (text: string): boolean => MISPLACED.some((place) => place.test(text));

/** Returns the number of the frequent words of a language that a text has. */
export const frequentIn = (text: string, { frequent }: WrittenLanguage): number => text.match(frequent)?.length ?? 0;

/** Returns the words of a table. */
export const wordsOfTable = (text: string): string[] => text.split(/[\s,;]+/u);
