import { linesOf } from './lines.ts';
import { type Block, checkLength, type Outline } from './outline.ts';

/** Lines of one record. A quote that is never closed must not make one of the whole file. */
const MAX_LINES = 1_000;

/** Reads the records of a CSV or TSV file, each a paragraph. The text stays as it is, so that offsets point into it. */
export function readCsv(text: string): Outline {
  checkLength(text.length);
  const blocks: Block[] = [];
  let open: { start: number; lines: number; isQuoted: boolean } | undefined;
  for (const { start, line } of linesOf(text)) {
    open ??= { start, lines: 0, isQuoted: false };
    for (let at = line.indexOf('"'); at !== -1; at = line.indexOf('"', at + 1)) open.isQuoted = !open.isQuoted;
    open.lines++;
    if (open.isQuoted && open.lines < MAX_LINES) continue;
    const end = start + line.trimEnd().length;
    if (/[^\s,;|"]/.test(text.slice(open.start, end)))
      blocks.push({ start: open.start, end, headings: [], page: undefined });
    open = undefined;
  }
  if (open) blocks.push({ start: open.start, end: text.trimEnd().length, headings: [], page: undefined });
  return { text, blocks, hasLines: true };
}
