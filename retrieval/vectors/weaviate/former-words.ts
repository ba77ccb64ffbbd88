import { decomposed, LONGEST, MAX_QUERY_WORDS, searchWords } from '../words.ts';

/** As `words` took texts apart before its second edition: without any marks, one run one kind of script. */
const RUN = /[\p{L}\p{N}]+/gu;
const MARKS = /(?:\p{M}|\u00ad|\u2060|\ufeff)+/gu;
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}]/u;

/**
 * Returns the words by which a query is searched, and those of the edition before: what was stored by that keeps its
 * words in Weaviate until it is stored again, and is found by them as it was.
 */
export function wordsOfAllEditions(text: string): string[] {
  const former = decomposed(text).replace(MARKS, '').toLowerCase();
  const formerly = [...former.matchAll(RUN)].flatMap(([run]) => {
    if (!UNSPACED.test(run)) return /^[a-z0-9]+$/.test(run) ? [] : [run.slice(0, LONGEST)];
    const characters = [...run];
    return characters.length === 1 ? characters : characters.slice(1).map((next, i) => characters[i]! + next);
  });
  return [...new Set([...searchWords(text), ...formerly])].slice(0, MAX_QUERY_WORDS);
}
