import { guessLanguages } from '../language-of.ts';
import { languageOfWords, words } from './words.ts';

/** Scripts by which a language is known, or nearly. */
const SCRIPTS: readonly (readonly [RegExp, string])[] = [
  [/[\p{Script=Hiragana}\p{Script=Katakana}]/u, 'ja'],
  [/\p{Script=Han}/u, 'zh'],
  [/\p{Script=Hangul}/u, 'ko'],
  [/\p{Script=Arabic}/u, 'ar'],
  [/\p{Script=Hebrew}/u, 'he'],
  [/\p{Script=Thai}/u, 'th'],
  [/\p{Script=Devanagari}/u, 'hi'],
  [/\p{Script=Greek}/u, 'el'],
];
const CYRILLIC = /\p{Script=Cyrillic}/u;
/** Words from which on letters tell a language. */
const ENOUGH_WORDS = 4;

/**
 * Returns the language (ISO 639-1) of a text that is surely in none of the languages; undefined where it is in one of
 * them or too short to tell.
 */
export function foreignLanguage(text: string, languages: readonly string[]): string | undefined {
  const language = languageOf(text, languages);
  return language === undefined || languages.includes(language) ? undefined : language;
}

function languageOf(text: string, languages: readonly string[]): string | undefined {
  const letters = text.match(/\p{L}/gu)?.length ?? 0;
  const script = SCRIPTS.find(([pattern]) => pattern.test(text));
  // "What does 東京 mean?" is English.
  if (script && (text.match(/\p{Script=Latin}/gu)?.length ?? 0) < letters / 2) return script[1];
  const found = words(text);
  const own = languageOfWords(found);
  if (own !== undefined) return own;
  const guesses = guessLanguages(text);
  if (CYRILLIC.test(text)) return guesses[0]?.language ?? 'ru';
  // A text of a few words is left to the model unless letters rule its languages out.
  if (found.length < ENOUGH_WORDS || guesses.some(({ language }) => languages.includes(language))) return undefined;
  return guesses[0]?.language;
}

/** Returns the English name of a language. */
export const languageName = (code: string): string => NAMES.of(code) ?? code;

const NAMES = new Intl.DisplayNames('en', { type: 'language' });
