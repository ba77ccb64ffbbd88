import type { PlacedRun } from './pdf-columns.ts';
import type { ShownLetters } from './pdf-shown-letters.ts';

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
 *
 * @param shown tells how the letters of the page are set apart; asked where a run may hold several words.
 */
export async function withSpacedWords<Item extends object>(
  items: readonly (Item | PlacedRun)[],
  shown: () => Promise<ShownLetters>,
): Promise<readonly (Item | PlacedRun)[]> {
  const joined: (Item | PlacedRun)[] = [];
  let letters: ShownLetters | undefined;
  for (let at = 0; at < items.length; ) {
    const segment = segmentAt(items, at);
    if (segment?.runs.some(({ str }) => str.length >= 2 * MIN_LETTERS - 1)) letters ??= await shown();
    const words = segment && wordsOf(segment.runs, letters);
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
function wordsOf(runs: readonly PlacedRun[], shown: ShownLetters | undefined): PlacedRun | undefined {
  const [first, last] = [runs[0]!, runs.at(-1)!];
  const { height } = first;
  const gaps = runs.slice(1).map(({ transform }, i) => transform[4]! - runs[i]!.transform[4]! - runs[i]!.width);
  const gap = shownGap(runs, shown) ?? gapWithin(runs) ?? median(gaps);
  if (gap === undefined || gap > MAX_GAP * height) return undefined;
  const words: string[] = [];
  for (const [i, { str }] of runs.entries()) {
    const [first = '', ...more] = wordsIn(str.replaceAll(' ', ''), shown);
    if (i > 0 && gaps[i - 1]! <= WORD_GAP * gap + UNEVEN * height) words.push(`${words.pop()}${first}`);
    else words.push(first);
    words.push(...more);
  }
  // Short words count where all are words: "D a s i s t".
  const areWords = words.some(isWord) || (words.every((word) => word.length > 1) && isWord(words.join('')));
  if (!areWords) return undefined;
  const right = last.transform[4]! + last.width;
  return { ...first, str: words.join(' '), width: right - first.transform[4]!, hasEOL: last.hasEOL };
}

/** Returns how letters of a run are set apart on the page; nothing where they are not found there one after another. */
function gapsIn(letters: string, shown: ShownLetters | undefined): readonly number[] {
  const start = letters.length > 1 && shown ? shown.letters.indexOf(letters) : -1;
  return start < 0 ? [] : shown!.gaps.slice(start + 1, start + letters.length);
}

/** Returns the words of a run without its spaces, as its letters are set apart on the page. */
function wordsIn(run: string, shown: ShownLetters | undefined): string[] {
  const gaps = gapsIn(run, shown);
  const widest = WORD_GAP * (median(gaps) ?? 0) + UNEVEN;
  const ends = gaps.flatMap((gap, i) => (gap > widest ? [i + 1] : []));
  return [...ends, run.length].map((end, i) => run.slice(ends[i - 1] ?? 0, end));
}

/** Returns how wide the gaps within runs are on the page; undefined where they are not told letter by letter. */
function shownGap(runs: readonly PlacedRun[], shown: ShownLetters | undefined): number | undefined {
  const gap = median(runs.flatMap(({ str }) => gapsIn(str.replaceAll(' ', ''), shown)));
  return gap !== undefined && gap > MIN_GAP ? gap * runs[0]!.height : undefined;
}
/** A narrower one is the space that letters have in any word. */
const MIN_GAP = 0.05;

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
