import { linesOf } from './lines.ts';
import { type Block, checkLength, type Outline } from './outline.ts';

/** Paragraphs of a plain text: what blank lines separate. The text stays as it is. */
export function readPlainText(text: string): Outline {
  checkLength(text.length);
  const blocks: Block[] = [];
  let open: { start: number; end: number } | undefined;
  const close = () => {
    if (open) blocks.push({ ...open, headings: [], page: undefined });
    open = undefined;
  };
  for (const { start, line } of linesOf(text)) {
    if (line.trim() === '') close();
    else open = { start: open?.start ?? start, end: start + line.trimEnd().length };
  }
  close();
  return { text, blocks, hasLines: true };
}
