import { guessLanguages } from '#retrieval/language/language-of.ts';
import { chinese } from './chinese.ts';
import { dutch } from './dutch.ts';
import { english } from './english.ts';
import { french } from './french.ts';
import { german } from './german.ts';
import { italian } from './italian.ts';
import { japanese } from './japanese.ts';
import type { Lexicon } from './lexicon.ts';
import { other } from './other.ts';
import { portuguese } from './portuguese.ts';
import { russian } from './russian.ts';
import { spanish } from './spanish.ts';

const LATIN: readonly Lexicon[] = [english, german, french, spanish, italian, portuguese, dutch];

const counting = new Map(LATIN.map((lexicon) => [lexicon, new RegExp(lexicon.frequent.source, 'giu')]));

/** Returns the lexicon of a text by its script and its frequent words. `around` decides where the text is too short. */
export function lexiconOf(text: string, around = ''): Lexicon {
  if (/[\p{Script=Hiragana}\p{Script=Katakana}]/u.test(text)) return japanese;
  if (/\p{Script=Han}/u.test(text)) return /\p{Script=Hiragana}/u.test(around) ? japanese : chinese;
  if (/\p{Script=Cyrillic}/u.test(text)) return /[ієїґў]/iu.test(text) ? other : russian;
  if (!/\p{Script=Latin}/u.test(text)) return other;
  return best(text) ?? best(around) ?? other;
}

/** A word that only one language has counts as much as all that letters say. */
function best(text: string): Lexicon | undefined {
  const guesses = guessLanguages(text);
  const scores = LATIN.map((lexicon) => ({
    lexicon,
    score:
      (text.match(counting.get(lexicon)!)?.length ?? 0) +
      1.5 * (guesses.find(({ language }) => language === lexicon.language)?.likelihood ?? 0),
  })).toSorted((a, b) => b.score - a.score);
  const [first] = scores;
  // None of its words, and letters of another language.
  const isForeign = first!.score < 1.5 && guesses.length > 0 && guesses[0]!.language !== first!.lexicon.language;
  return first!.score > 0 && !isForeign ? first!.lexicon : undefined;
}
