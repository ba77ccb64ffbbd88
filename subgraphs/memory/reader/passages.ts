import type { Cells, Outline } from './outline.ts';

/** A piece of a document that is embedded and found as a whole. */
export interface Passage {
  readonly text: string;
  readonly section: string | undefined;
  readonly page: number | undefined;
  /** Line of the file at which it begins, from 1, where the text is the file. */
  readonly line?: number;
  /** Cells of a spreadsheet that it stands in: `A5:D9`. */
  readonly cells?: string;
  /** Offsets in the document's text, in UTF-16 units. */
  readonly start: number;
  readonly end: number;
}

/**
 * Words of a passage. The offline embedding model reads about 128 word pieces, some 100 words, and ignores the rest: a
 * larger passage would be found by its beginning alone.
 */
const MAX_WORDS = 95;
/** From here on a passage ends with its paragraph instead of beginning the next one. */
const ENOUGH_WORDS = 55;
/** What has no spaces counts by its length. */
const LETTERS_A_WORD = 10;
/** Longest run without a space that stays whole in an overlong sentence; longer ones (base64, Chinese) are cut. */
const MAX_WORD = 90;

interface Atom {
  readonly start: number;
  readonly end: number;
  readonly words: number;
  /** Whether a paragraph ends here. */
  readonly last: boolean;
}

/**
 * Cuts a document into passages: never across headings and pages, at paragraphs where possible, else at sentences, else
 * at words.
 */
export function cutPassages({ text, blocks, hasLines }: Outline): Passage[] {
  const passages: Passage[] = [];
  let open:
    | { start: number; end: number; words: number; section: string; page: number | undefined; cells: Cells | undefined }
    | undefined;
  const lineAt = hasLines ? lineCounter(text) : undefined;
  const close = () => {
    if (open) {
      const { start, end, section, page, cells } = open;
      passages.push({
        text: text.slice(start, end),
        section: section || undefined,
        page,
        ...(lineAt && { line: lineAt(start) }),
        ...(cells && { cells: cells.first === cells.last ? cells.first : `${cells.first}:${cells.last}` }),
        start,
        end,
      });
    }
    open = undefined;
  };
  for (const block of blocks) {
    const section = block.headings.join(' › ');
    if (open && (open.section !== section || open.page !== block.page)) close();
    for (const atom of atomsOf(text, block.start, block.end)) {
      if (open && open.words + atom.words > MAX_WORDS) close();
      open ??= { start: atom.start, end: atom.end, words: 0, section, page: block.page, cells: block.cells };
      open.end = atom.end;
      if (block.cells) open.cells = { first: open.cells?.first ?? block.cells.first, last: block.cells.last };
      open.words += atom.words;
      if (atom.last && open.words >= ENOUGH_WORDS) close();
    }
  }
  close();
  return passages;
}

/** Returns the line of offsets that are asked for in ascending order. */
function lineCounter(text: string): (offset: number) => number {
  let [line, next] = [1, text.indexOf('\n')];
  return (offset) => {
    for (; next !== -1 && next < offset; next = text.indexOf('\n', next + 1)) line++;
    return line;
  };
}

/** Bounded repetitions: a file of ten million full stops must not take longer than any other. */
const SENTENCE = /[^\n]*?(?:[。！？]{1,8}["'”’)\]]{0,4}\s*|[.!?]{1,8}["'”’)\]]{0,4}(?:\s+|$))|[^\n]*(?:\n+|$)/gy;
const WORD = /\S+\s*/gy;

function* atomsOf(text: string, start: number, end: number): Generator<Atom> {
  const whole = wordsIn(text, start, end);
  if (whole <= MAX_WORDS) {
    yield { start, end, words: whole, last: true };
    return;
  }
  for (const sentence of pieces(text, SENTENCE, start, end)) {
    const words = wordsIn(text, sentence.start, sentence.end);
    const last = sentence.end === end;
    if (words <= MAX_WORDS) yield { ...trimmed(text, sentence), words, last };
    else yield* wordGroups(text, sentence.start, sentence.end, end);
  }
}

/** A sentence that is too long by itself, in runs of words; words that are too long, in runs of letters. */
function* wordGroups(text: string, start: number, end: number, blockEnd: number): Generator<Atom> {
  for (const word of pieces(text, WORD, start, end)) {
    for (let at = word.start; at < word.end; at += MAX_WORD) {
      const piece = { start: at, end: Math.min(at + MAX_WORD, word.end) };
      yield { ...trimmed(text, piece), words: wordsIn(text, piece.start, piece.end), last: piece.end === blockEnd };
    }
  }
}

/** Consecutive matches of a sticky pattern from `start` to `end`. */
function* pieces(text: string, pattern: RegExp, start: number, end: number) {
  const sticky = new RegExp(pattern);
  for (let at = start; at < end; ) {
    sticky.lastIndex = at;
    const length = sticky.exec(text)?.[0].length ?? 0;
    const next = Math.min(end, at + Math.max(1, length));
    yield { start: at, end: next };
    at = next;
  }
}

function trimmed(text: string, { start, end }: { start: number; end: number }): { start: number; end: number } {
  while (end > start + 1 && /\s/.test(text[end - 1]!)) end--;
  return { start, end };
}

const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}]/u;

/**
 * Returns roughly the words that a model reads: long ones count several times, characters of unspaced scripts one each.
 */
export function wordsIn(text: string, start = 0, end = text.length): number {
  let words = 0;
  let letters = 0;
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code <= 32 || code === 160) {
      words += Math.ceil(letters / LETTERS_A_WORD);
      letters = 0;
    } else if (code > 0x0e00 && UNSPACED.test(text[at]!)) words++;
    else letters++;
  }
  return words + Math.ceil(letters / LETTERS_A_WORD);
}
