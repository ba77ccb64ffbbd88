import { Prisma } from '#prisma/chat/client/client.ts';

/** A search, taken apart: words that spaces part, and runs of scripts and pictures that no space parts. */
export interface SearchWords {
  /** As Postgres's search for the web takes them; empty when there are none. */
  readonly words: string;
  readonly runs: readonly string[];
}

/**
 * The characters that `search_grams` of the database knows: Thai, Lao, Tibetan, Burmese, Khmer, Chinese, Japanese and
 * Korean, arrows and signs, pictures. The ranges are those of the migration.
 */
const RUN =
  /[\u0E00-\u0FFF\u1000-\u109F\u1780-\u17FF\u1950-\u1AAF\u2190-\u2BFF\u2E80-\uA4CF\uAC00-\uD7AF\uF900-\uFAFF\uFF66-\uFFDC\u{1F000}-\u{3FFFF}]+/gu;
/** Marks of punctuation, and what changes how a picture looks: nothing to look for. */
const NO_WORD = /[\u3000-\u3004\u3008-\u3020\u30FB]|\uFE0E|\uFE0F|\u200D/gu;
/** Most runs of one search. */
const MAX_RUNS = 20;

/** Takes a query apart. */
export function searchWords(query: string): SearchWords {
  const plain = query.replace(NO_WORD, ' ');
  const runs = [...new Set(plain.match(RUN) ?? [])].slice(0, MAX_RUNS);
  const words = runs.length === 0 ? query : plain.replace(RUN, ' ').replaceAll('"', ' ').trim();
  return { words, runs };
}

/** Returns SQL that says whether a column holds all runs; those that its index finds are looked at once more. */
export function holdsRuns(column: Prisma.Sql, runs: readonly string[]): Prisma.Sql {
  const grams = [...new Set(runs.flatMap(gramsOf))];
  const patterns = runs.map((run) => `%${run.replaceAll(/[\\%_]/g, '\\$&')}%`);
  return Prisma.sql`(search_grams(${column}) @> ${grams}::text[] AND ${column} LIKE ALL (${patterns}::text[]))`;
}

/** Returns the pairs of neighbours of a run, or its one character: as `search_grams` does. */
function gramsOf(run: string): string[] {
  const characters = [...run];
  if (characters.length === 1) return characters;
  return characters.slice(1).map((character, index) => characters[index]! + character);
}

/** Characters before and after the first match that an excerpt shows. */
const AROUND = 60;

/** A piece of an excerpt. */
export interface ExcerptPiece {
  readonly text: string;
  readonly match: boolean;
}

/** Returns what stands around the first match of some runs, with every match marked. */
export function excerptOf(text: string, runs: readonly string[]): ExcerptPiece[] {
  const first = Math.min(...runs.map((run) => text.indexOf(run)).map((at) => (at < 0 ? Infinity : at)));
  const at = first === Infinity ? 0 : first;
  const [from, to] = [Math.max(0, at - AROUND), Math.min(text.length, at + 2 * AROUND)];
  const shown = `${from > 0 ? '… ' : ''}${whole(text.slice(from, to))}${to < text.length ? ' …' : ''}`;
  const pieces: ExcerptPiece[] = [];
  const marks = new RegExp(`(${runs.join('|')})`, 'gu');
  for (const [index, part] of shown.split(marks).entries())
    if (part !== '') pieces.push({ text: part, match: index % 2 === 1 });
  return pieces;
}

/** A cut may fall between the halves of a picture. */
const whole = (text: string): string => text.replace(/^[\uDC00-\uDFFF]|[\uD800-\uDBFF]$/g, '');
