/** A run of text of a PDF, as its library tells it: lengths are in points, `y` grows upwards. */
export interface PlacedRun {
  readonly str: string;
  readonly transform: readonly number[];
  readonly width: number;
  readonly height: number;
  readonly hasEOL: boolean;
}

/** Runs that stand on one base line, and follow one another in the file. */
interface Line {
  readonly y: number;
  readonly height: number;
  readonly runs: PlacedRun[];
  /** Stretches of it without a gap. */
  readonly stretches: Stretch[];
}
interface Stretch {
  readonly left: number;
  right: number;
  text: string;
}

/** Gaps that are wider than so many times the height of the letters are none between words. */
const MIN_GAP = 1.2;
/** Lines that have the same gaps below one another, before they are columns. */
const MIN_LINES = 6;
const MAX_COLUMNS = 3;
/** Lines of prose fill their column, and hold several words; cells of a table do not. */
const MIN_FILL = 0.7;
const MIN_WORDS = 3;
/** The narrowest column of prose, by the widest. */
const MIN_EVENNESS = 0.7;
/** A white space of so many lines ends what stands side by side. */
const MAX_LEADING = 3;

/**
 * Returns the runs of a page in the order of reading where they were drawn line by line across columns: those of the
 * left column, then those of the next one. Where that is not clear, as in a table, they stay as they are; most programs
 * draw a column after the other.
 */
export function inReadingOrder<Item extends object>(
  items: readonly (Item | PlacedRun)[],
): readonly (Item | PlacedRun)[] {
  const lines = linesOf(items);
  const gutters = lines && guttersOf(lines);
  if (!gutters) return items;
  const ordered: PlacedRun[] = [];
  let side: Line[] = [];
  const flush = (): void => {
    const columns = isProse(side, gutters) ? columnsOf(side, gutters) : undefined;
    for (const line of columns?.flat() ?? side) ordered.push(...line.runs);
    side = [];
  };
  for (const line of lines) {
    const above = side.at(-1);
    if (above && (above.y - line.y > MAX_LEADING * Math.max(above.height, line.height) || line.y > above.y)) flush();
    if (gutters.some((gutter) => line.stretches.some(({ left, right }) => left < gutter && right > gutter))) {
      flush();
      ordered.push(...line.runs);
    } else side.push(line);
  }
  flush();
  return ordered;
}

/** @returns undefined where a run is turned, or is not a text: what is right and left of what is not clear. */
function linesOf(items: readonly object[]): Line[] | undefined {
  const lines: { y: number; height: number; runs: PlacedRun[]; stretches: Stretch[] }[] = [];
  for (const item of items) {
    if (!('str' in item)) return undefined;
    const run = item as PlacedRun;
    const [, b = 0, c = 0, , left = 0, y = 0] = run.transform;
    const last = lines.at(-1);
    if (run.str.trim() === '') {
      if (last) last.runs.push(run);
      continue;
    }
    if (b !== 0 || c !== 0) return undefined;
    const { height } = run;
    const line =
      last && Math.abs(last.y - y) <= 0.5 * Math.max(height, last.height)
        ? last
        : { y, height, runs: [], stretches: [] };
    if (line !== last) lines.push(line);
    line.height = Math.max(line.height, height);
    line.runs.push(run);
    const stretch = line.stretches.at(-1);
    if (stretch && left >= stretch.right - height && left - stretch.right < MIN_GAP * height) {
      stretch.text += run.str;
      stretch.right = Math.max(stretch.right, left + run.width);
    } else line.stretches.push({ left, right: left + run.width, text: run.str });
  }
  return lines;
}

/** Returns where the white between columns is, from left to right; nothing where there are none. */
function guttersOf(lines: readonly Line[]): number[] | undefined {
  for (let columns = MAX_COLUMNS; columns >= 2; columns--) {
    const apart = lines.filter(({ stretches }) => stretches.length === columns);
    if (apart.length < MIN_LINES) continue;
    const gutters = Array.from({ length: columns - 1 }, (_, gap) => {
      const left = median(apart.map(({ stretches }) => stretches[gap + 1]!.left));
      // Lines of a column end where they like, and begin below one another.
      return left - 1;
    });
    const isClear = (line: Line) =>
      gutters.every((gutter) => line.stretches.every(({ left, right }) => left >= gutter || right <= gutter));
    if (apart.filter(isClear).length >= Math.max(MIN_LINES, 0.8 * apart.length)) return gutters;
  }
  return undefined;
}

/** What begins and ends as a sentence does. */
const SENTENCE = /^[\p{Lu}\p{Lt}\p{N}"'“‘«„¿¡(].*[.!?…:]["'”’»)]*$/u;

/** Whether what stands side by side in these lines is prose, and no row of a table. */
function isProse(lines: readonly Line[], gutters: readonly number[]): boolean {
  const beside = lines.filter(({ stretches }) => stretches.length === gutters.length + 1);
  if (beside.length < MIN_LINES) return false;
  const widths: number[] = [];
  let sentences = 0;
  for (let column = 0; column <= gutters.length; column++) {
    const cells = beside.map(({ stretches }) => stretches[column]!);
    if (cells.filter(({ text }) => SENTENCE.test(text.trim())).length > cells.length / 2) sentences++;
    const left = cells.reduce((least, cell) => Math.min(least, cell.left), Infinity);
    const width = cells.reduce((most, cell) => Math.max(most, cell.right), -Infinity) - left;
    widths.push(width);
    if (median(cells.map((cell) => cell.right - cell.left)) < MIN_FILL * width) return false;
    if (median(cells.map(({ text }) => text.match(/\p{L}{2,}/gu)?.length ?? 0)) < MIN_WORDS) return false;
  }
  // Lines of which each is a sentence are cells: prose ends where its column does.
  if (sentences === widths.length) return false;
  return Math.min(...widths) >= MIN_EVENNESS * Math.max(...widths);
}

/**
 * Returns the lines of each column, in the order of reading. A wider space between two lines of a column is one between
 * paragraphs.
 */
function columnsOf(lines: readonly Line[], gutters: readonly number[]): Line[][] {
  const columns = Array.from({ length: gutters.length + 1 }, () => [] as Line[]);
  const leading = median(lines.slice(1).map(({ y }, i) => lines[i]!.y - y));
  for (const line of lines) {
    const parts = Map.groupBy(
      line.runs.filter(({ str }) => str !== ''),
      ({ transform }) => gutters.filter((gutter) => transform[4]! >= gutter).length,
    );
    for (const [column, runs] of parts) {
      // The white between columns is told as a space, where the column before ends.
      while (runs.length > 0 && runs.at(-1)!.str.trim() === '') runs.pop();
      if (runs.length === 0) continue;
      const above = columns[column]!.at(-1);
      if (above && above.y - line.y > 1.5 * leading) above.runs.push(PARAGRAPH);
      const last = runs.pop()!;
      columns[column]!.push({ ...line, runs: [...runs, { ...last, hasEOL: true }] });
    }
  }
  if (isRightToLeft(lines)) columns.reverse();
  columns.at(-1)?.at(-1)?.runs.push(PARAGRAPH);
  return columns;
}

/** Whether the first column is the right one. */
function isRightToLeft(lines: readonly Line[]): boolean {
  let balance = 0;
  for (const { runs } of lines)
    for (const { str } of runs)
      balance += (str.match(LEFTWARDS)?.length ?? 0) - (str.match(/\p{L}/gu)?.length ?? 0) / 2;
  return balance > 0;
}
const LEFTWARDS = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}]/gu;

const PARAGRAPH: PlacedRun = { str: '', transform: [1, 0, 0, 1, 0, 0], width: 0, height: 0, hasEOL: true };

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
