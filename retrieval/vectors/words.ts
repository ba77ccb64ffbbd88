import { stemmer } from 'stemmer';

/** Runs of letters and digits; letters of scripts without spaces are taken apart below. */
const RUN = /[\p{L}\p{N}]+/gu;
const CLITIC = /['’](?:s|t|re|ve|ll|d|m)\b/g;
const MARKS = /\p{M}+/gu;
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}]/u;
const ENGLISH = /^[a-z]{3,}$/;
/** Longer runs are not words: base64, hashes. Cut, so that one line of ten megabytes stays one small term. */
const LONGEST = 64;

/**
 * BM25's saturation of repeated words and weight of length, lower than the customary 1.2 and 0.75: see
 * docs/retrieval.md. The constant factor k1 + 1 is left out, as Weaviate does.
 */
export const BM25 = { k1: 0.9, b: 0.4 } as const;

/**
 * Returns the words that BM25 compares: lower case, without accents, English endings removed (Porter), `’s` and the
 * like too. Scripts that write without spaces give overlapping pairs of characters, as is usual for Chinese and
 * Japanese.
 */
export function words(text: string): string[] {
  const folded = text.normalize('NFKD').replace(MARKS, '').toLowerCase().replace(CLITIC, '');
  const found: string[] = [];
  for (const [run] of folded.matchAll(RUN)) {
    if (UNSPACED.test(run)) found.push(...pairs(run));
    else found.push(stem(run.slice(0, LONGEST)));
  }
  return found;
}

/** Returns the different words of a query that carry meaning; all of them if none does ("to be or not to be"). */
export function queryWords(text: string): string[] {
  const all = [...new Set(words(text))];
  const telling = all.filter((word) => !STOP_WORDS.has(word));
  return (telling.length > 0 ? telling : all).slice(0, MAX_QUERY_WORDS);
}

/** A query of a whole page is answered by its first words; each costs a pass over its occurrences. */
const MAX_QUERY_WORDS = 256;

/** Porter's endings are English; longer memory for frequent words makes it several times as fast. */
const stems = new Map<string, string>();
const MAX_STEMS = 50_000;

function stem(word: string): string {
  if (!ENGLISH.test(word)) return word;
  let stemmed = stems.get(word);
  if (stemmed === undefined) {
    stemmed = stemmer(word);
    if (stems.size >= MAX_STEMS) stems.clear();
    stems.set(word, stemmed);
  }
  return stemmed;
}

function pairs(run: string): string[] {
  const characters = [...run];
  if (characters.length === 1) return characters;
  return characters.slice(1).map((character, i) => characters[i]! + character);
}

/** English words that say nothing about what a text is about (the list that Snowball's English stemmer comes with). */
const STOP_WORDS = new Set(
  `a about above after again against all am an and any are as at be because been before being below between both but by
  can cannot could did do does doing don down during each few for from further had has have having he her here hers herself
  him himself his how i if in into is isn it its itself just let me more most my myself no nor not now of off on once only
  or other ought our ours ourselves out over own same she should so some such than that the their theirs them themselves
  then there these they this those through to too under until up very was wasn we were what when where which while who
  whom why will with won would you your yours yourself yourselves`
    .split(/\s+/)
    .flatMap((word) => [word, stem(word)]),
);
