import type { PlacedRun } from './pdf-columns.ts';

/** Letters from which on a run of single ones is a word that was spaced. */
const MIN_LETTERS = 4;
/** The widest gap within a spaced word, by the height of its letters: cells of a table stand further apart. */
const MAX_GAP = 1;
/** How much wider than that between letters a gap between words is. */
const WORD_GAP = 1.6;
/** The width of a letter, and of what a gap may differ by, by its height. */
const LETTER = 0.68;
const UNEVEN = 0.1;

/** Single characters with a space between each two. */
const SINGLES = /^\S(?: \S)*$/u;

/**
 * Joins words whose letters were set apart by their positions, as those of headings are ("I N T R O D U C T I O N"):
 * search would not find them. Words end where the gap is wider than that between letters.
 */
export function withSpacedWords<Item extends object>(
  items: readonly (Item | PlacedRun)[],
): readonly (Item | PlacedRun)[] {
  const joined: (Item | PlacedRun)[] = [];
  for (let at = 0; at < items.length; ) {
    const segment = segmentAt(items, at);
    const words = segment && wordsOf(segment.runs);
    if (segment && words) joined.push(words);
    else joined.push(...items.slice(at, segment?.end ?? at + 1));
    at = segment?.end ?? at + 1;
  }
  return joined;
}

/** Returns the runs of single letters that stand on one line behind one another, and the index behind them. */
function segmentAt(items: readonly object[], start: number): { runs: PlacedRun[]; end: number } | undefined {
  const runs: PlacedRun[] = [];
  let end = start;
  for (let at = start; at < items.length; at++) {
    const item = items[at]!;
    if (!('str' in item)) break;
    const run = item as PlacedRun;
    const isBlank = run.str.trim() === '';
    if (isBlank ? runs.length === 0 : !SINGLES.test(run.str) || !isBeside(run, runs.at(-1))) break;
    if (!isBlank) {
      runs.push(run);
      end = at + 1;
    }
    // What ends a line may be an empty run of its own, which stays.
    if (run.hasEOL) break;
  }
  return runs.length > 0 ? { runs, end } : undefined;
}

const isBeside = (run: PlacedRun, before: PlacedRun | undefined): boolean => {
  const [, b, c, , left = 0, y = 0] = run.transform;
  if (b !== 0 || c !== 0) return false;
  if (!before) return true;
  return (
    Math.abs(y - before.transform[5]!) <= UNEVEN * run.height &&
    Math.abs(run.height - before.height) <= UNEVEN * run.height &&
    left >= before.transform[4]! + before.width - UNEVEN * run.height
  );
};

/** Returns runs of single letters as one run of words; undefined where they are not letters of spaced words. */
function wordsOf(runs: readonly PlacedRun[]): PlacedRun | undefined {
  const [first, last] = [runs[0]!, runs.at(-1)!];
  const { height } = first;
  const gaps = runs.slice(1).map(({ transform }, i) => transform[4]! - runs[i]!.transform[4]! - runs[i]!.width);
  const gap = gapWithin(runs) ?? median(gaps);
  if (gap === undefined || gap > MAX_GAP * height) return undefined;
  const words: string[] = [];
  for (const [i, { str }] of runs.entries()) {
    const letters = str.replaceAll(' ', '');
    if (i > 0 && gaps[i - 1]! <= WORD_GAP * gap + UNEVEN * height) words.push(`${words.pop()}${letters}`);
    else words.push(letters);
  }
  if (!words.some(isWord)) return undefined;
  const right = last.transform[4]! + last.width;
  return { ...first, str: words.join(' '), width: right - first.transform[4]!, hasEOL: last.hasEOL };
}

/** Returns about how wide the gaps are that runs have within them; undefined where none has one. */
function gapWithin(runs: readonly PlacedRun[]): number | undefined {
  let [gaps, width] = [0, 0];
  for (const run of runs) {
    const letters = (run.str.length + 1) / 2;
    if (letters < 2) continue;
    gaps += letters - 1;
    width += Math.max(0, run.width - letters * LETTER * run.height);
  }
  return gaps > 0 ? width / gaps : undefined;
}

const median = (values: readonly number[]): number | undefined =>
  values.toSorted((a, b) => a - b)[(values.length - 1) >> 1];

/** Whether letters may be a word, and not the names of columns or answers: "A B C D", "Y N Y N". */
function isWord(text: string): boolean {
  const letters = Array.from(text.toLowerCase().replace(/[^\p{L}\p{M}]/gu, ''));
  if (letters.length < MIN_LETTERS || new Set(letters).size < 3) return false;
  if (letters.every((letter, i) => i === 0 || letter.codePointAt(0)! - letters[i - 1]!.codePointAt(0)! === 1))
    return false;
  return !/^\p{Script=Latin}+$/u.test(letters.join('')) || VOWEL.test(letters.join('').normalize('NFD'));
}
const VOWEL = /[aeiouyæœø]/;
