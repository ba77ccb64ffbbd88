import { detectAll } from 'tinyld/light';

/** A language, by its ISO 639-1 code, and how likely it is that a text is written in it, 0 to 1. */
export interface Guess {
  readonly language: string;
  readonly likelihood: number;
}

const MAX_TEXT = 2_000;

/** Returns the languages in which a text may be written, the likeliest first; none for a text of a word or two. */
export const guessLanguages = (text: string): readonly Guess[] =>
  detectAll(text.slice(0, MAX_TEXT)).map(({ lang, accuracy }) => ({ language: lang, likelihood: accuracy }));
