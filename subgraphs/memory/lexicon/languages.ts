import { guessLanguages } from '#retrieval/language-of.ts';
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

/** A word for the speaker, and what letters say, decide where languages share the others. */
const SPEAKER = 0.5;
const SUBJECT = 0.25;

/** The language most of whose frequent words a text has; undefined where two have as many, or letters tell another. */
function best(text: string): Lexicon | undefined {
  const guesses = guessLanguages(text);
  const likelihood = (language: string) => guesses.find((guess) => guess.language === language)?.likelihood ?? 0;
  const scores = LATIN.map((lexicon) => ({
    lexicon,
    score:
      (text.match(counting.get(lexicon)!)?.length ?? 0) +
      (lexicon.self.test(text) ? SPEAKER : 0) +
      (lexicon.subject.test(text) ? SUBJECT : 0) +
      likelihood(lexicon.language),
  })).toSorted((a, b) => b.score - a.score);
  const [first, second] = scores as [(typeof scores)[number], (typeof scores)[number]];
  const isForeign = first.score < 1 && guesses.length > 0 && guesses[0]!.language !== first.lexicon.language;
  return first.score > second.score && !isForeign ? first.lexicon : undefined;
}
