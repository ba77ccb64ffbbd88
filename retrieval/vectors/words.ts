import { stemmer } from 'stemmer';
import { IDLE_PAIR, STOP_WORDS } from './stop-words.ts';

/** Runs of letters and digits, with the marks that are vowels of them in some scripts; and pictures, each by itself. */
const RUN = /[\p{L}\p{N}\p{M}]+|\p{Extended_Pictographic}/gu;
const CLITIC = /['’](?:s|t|re|ve|ll|d|m)\b/g;
/**
 * Marks above and below letters of scripts that are read without them, and what is not seen within a word: where it may
 * be divided, or not. The marks of kana and those of the scripts of India and Southeast Asia make other letters.
 */
const UNSEEN =
  /(?:[[\p{M}&&[\p{Script=Inherited}\p{Script=Cyrillic}\p{Script=Hebrew}\p{Script=Arabic}]]--[\u3099\u309a]]|[\u00ad\u2060\ufeff])+/gv;
/** Letters that have no other form of compatibility, as they are written where they are missing on a keyboard. */
const LETTERS: Readonly<Record<string, string>> = {
  ß: 'ss',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  æ: 'ae',
  œ: 'oe',
  ı: 'i',
};
const LETTER = /[ßøłđðþæœı]/g;
/** Letters of scripts that put no spaces between words, or that put words together with what follows them. */
const UNSPACED_LETTERS =
  '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}ー\\p{Script=Hangul}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}';
const UNSPACED = new RegExp(`[${UNSPACED_LETTERS}]`, 'u');
/** Where a run changes from one kind of script to the other. */
const PARTS = new RegExp(`[${UNSPACED_LETTERS}]+|[^${UNSPACED_LETTERS}]+`, 'gu');
/** Marks upon marks: to put n of them in their order takes a time of n squared. No letter has so many. */
const PILE = /(\p{M}{20})\p{M}+/gu;
/** A letter with the marks that belong to it. */
const CHARACTER = /\P{M}\p{M}*/gu;
const ENGLISH = /^[a-z]{3,}$/;
/** Longer runs are not words: base64, hashes. Cut, so that one line of ten megabytes stays one small term. */
export const LONGEST = 64;

/**
 * BM25's saturation of repeated words and weight of length, lower than the customary 1.2 and 0.75: see
 * docs/retrieval.md. The constant factor k1 + 1 is left out, as Weaviate does.
 */
export const BM25 = { k1: 0.9, b: 0.4 } as const;

/**
 * Returns the words that BM25 compares: lower case, without accents, English endings removed (Porter), `’s` and the
 * like too. Scripts that write without spaces give overlapping pairs of characters, as is usual for Chinese and
 * Japanese, and Korean does, whose words have their particles attached; what is Latin or a number within them gives
 * words.
 */
export const words = (text: string): string[] => indexedWords(text).words;

/** The words and characters that a stored text is found by. */
export interface IndexedWords {
  readonly words: string[];
  /** The characters of its scripts without spaces, of each run that has several: a query may be one of them. */
  readonly characters: ReadonlySet<string>;
}

/** Returns the `words` of a text that is stored, and single characters beside them, once each. */
export function indexedWords(text: string): IndexedWords {
  const found: string[] = [];
  const singles = new Set<string>();
  for (const [run] of folded(text).matchAll(RUN)) {
    for (const part of UNSPACED.test(run) ? run.match(PARTS)! : [run]) {
      if (!UNSPACED.test(part)) {
        found.push(stem(part.slice(0, LONGEST)));
        continue;
      }
      const characters: string[] = part.match(CHARACTER) ?? [];
      if (characters.length === 1) found.push(characters[0]!);
      else for (const character of characters) singles.add(character);
      // One by one: a call takes no half a million arguments.
      for (let i = 1; i < characters.length; i++) found.push(characters[i - 1]! + characters[i]!);
    }
  }
  return { words: found, characters: singles };
}

/** Returns whether the first edition of `words`, which took off all marks and no letter, made others of a text. */
export const hasOtherWords = (text: string): boolean => OTHER.test(text);

const OTHER = new RegExp(
  `[${UNSPACED_LETTERS}ßøłđðþæœıẞØŁĐÐÞÆŒ]|\\p{Extended_Pictographic}|(?![\\u0300-\\u036f])[\\p{Mn}\\p{Mc}]`,
  'u',
);

/** Returns a text with its marks apart from their letters. */
export const decomposed = (text: string): string => text.replace(PILE, '$1').normalize('NFKD');

/** Decomposed and put together again: what was left out in between stays out. */
const folded = (text: string): string =>
  decomposed(text)
    .replace(UNSEEN, '')
    .normalize('NFC')
    .toLowerCase()
    .replace(LETTER, (letter) => LETTERS[letter]!)
    .replace(CLITIC, '');

/** Returns the different words of a query that carry meaning; all of them if none does ("to be or not to be"). */
export function queryWords(text: string): string[] {
  const all = [...new Set(words(text))];
  const idle = IDLE.get(languageOfWords(all) ?? 'en')!;
  const telling = all.filter((word) => !idle.has(word) && !IDLE_PAIR.test(word));
  return (telling.length > 0 ? telling : all).slice(0, MAX_QUERY_WORDS);
}

/**
 * Returns the words of a query that carry meaning, each with its other endings in languages other than English: the
 * index holds words as they were written, so the query is what is made longer. Arabic words come as PDFs have them,
 * too.
 */
export function queryForms(text: string): readonly (readonly string[])[] {
  const endings = ENDINGS.get(languageOfWords([...new Set(words(text))]) ?? 'en');
  return queryWords(text).map((word, i) => {
    const turned = word.replace(LAM_ALEF, '\u0627\u0644');
    const inflected = endings === undefined || i >= MAX_INFLECTED ? [] : inflections(word, endings);
    return [...new Set([word, turned, ...inflected])];
  });
}

/** Lam and alef are written as one letter, and what reads PDFs takes it apart the wrong way round. */
const LAM_ALEF = /\u0644\u0627/g;

/** Returns the words by which a query is searched, as `queryForms` gives them. */
export const searchWords = (text: string): string[] => [...new Set(queryForms(text).flat())].slice(0, MAX_QUERY_WORDS);

/** Each gets a dozen forms. */
const MAX_INFLECTED = 20;
/** Of what is shorter, other words have the beginning. */
const SHORTEST_STEM = 4;

function inflections(word: string, endings: readonly string[]): string[] {
  if (!/^[a-z]+$/.test(word)) return [];
  const ending = endings.find((end) => word.endsWith(end) && word.length - end.length >= SHORTEST_STEM) ?? '';
  const root = word.slice(0, word.length - ending.length);
  return root.length < SHORTEST_STEM ? [] : [root, ...endings.map((end) => root + end)].map(stem);
}

/** The endings by which verbs, nouns and adjectives change, longest first. */
const ENDINGS: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    de: 'sten ten end est em en er es et st te e n s t',
    fr: 'ions ent ais ait ees ons er es ez ee e s',
    es: 'amos emos iendo ando ados idos ado ida ido an ar as en er es ir os a e o s',
    it: 'iamo ando endo ato ata ati ano are ere ire ono i a e o',
    pt: 'amos emos ando endo ados ado ida ido am ar as em er es ir os a e o s',
    nl: 'ende den ten en er et te de e s t',
  }).map(([language, endings]) => [language, endings.split(' ')]),
);

/** Returns the language of which a text has most function words; undefined where it has fewer than two of each. */
export function languageOfWords(all: readonly string[]): string | undefined {
  let [best, most]: [string | undefined, number] = [undefined, 1];
  for (const [language, idle] of IDLE) {
    const count = all.filter((word) => idle.has(word)).length;
    if (count > most) [best, most] = [language, count];
  }
  return best;
}

/** A query of a whole page is answered by its first words; each costs a pass over its occurrences. */
export const MAX_QUERY_WORDS = 256;

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

/** English words that say nothing about what a text is about (the list that Snowball's English stemmer comes with). */
const ENGLISH_WORDS =
  `a about above after again against all am an and any are as at be because been before being below between both but by
  can cannot could did do does doing don down during each few for from further had has have having he her here hers herself
  him himself his how i if in into is isn it its itself just let me more most my myself no nor not now of off on once only
  or other ought our ours ourselves out over own same she should so some such than that the their theirs them themselves
  then there these they this those through to too under until up very was wasn we were what when where which while who
  whom why will with won would you your yours yourself yourselves`.split(/\s+/);

/** Each with its stem, as `words` gives them. The first language wins where two have as many. */
const IDLE: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  [['en', ENGLISH_WORDS] as const, ...STOP_WORDS].map(([language, list]) => [
    language,
    new Set(list.flatMap((word) => [folded(word), stem(folded(word))])),
  ]),
);
