import { indexedWords, queryWords } from '#retrieval/vectors/words.ts';

/**
 * Most of what is kept of a picture's texts, in UTF-16 units: a page of small print has a tenth of it, and a tsvector
 * ends at a megabyte.
 */
const MAX_TEXTS = 60_000;

/**
 * Returns what a picture is found by: its texts as they are, and their words as all searches of the product take them
 * apart, without accents, in scripts without spaces too. An earlier version looks for the texts alone.
 */
export function storedWords(texts: readonly string[]): string {
  const text = texts.join('\n').slice(0, MAX_TEXTS).toWellFormed();
  const { words, characters } = indexedWords(text);
  return [text, ...new Set(words), ...characters].join('\n');
}

/** Returns the words of a search as they are stored; empty where it has none. */
export const askedWords = (search: string): string => queryWords(search).join(' ');
