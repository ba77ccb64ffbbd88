import { linesOf } from './lines.ts';
import { type Block, checkLength, HeadingTrail, type Outline, oneLine } from './outline.ts';

const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const HEADING = /^ {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$/;
/** The patterns of headings are for lines of sane length only: on others they would take for ever. */
const MAX_HEADING = 1_000;
const UNDERLINE = /^ {0,3}(=+|-+)[ \t]*$/;

/**
 * Headings and paragraphs of a Markdown text (CommonMark's ATX and setext headings, fenced code). The text stays as it
 * is, so that offsets point into the file.
 */
export function readMarkdown(text: string): Outline {
  checkLength(text.length);
  const blocks: Block[] = [];
  const trail = new HeadingTrail();
  let paragraph: { start: number; end: number; lines: number } | undefined;
  let fence: string | undefined;

  const close = () => {
    if (paragraph) blocks.push({ ...span(paragraph), headings: trail.titles(), page: undefined });
    paragraph = undefined;
  };
  const extend = (start: number, end: number) => {
    paragraph = { start: paragraph?.start ?? start, end, lines: (paragraph?.lines ?? 0) + 1 };
  };

  for (const { start, line } of linesOf(text)) {
    const end = start + line.length;
    const opening = FENCE.exec(line)?.[1];
    if (fence !== undefined) {
      extend(start, end);
      if (opening?.startsWith(fence) && line.trim() === opening) fence = undefined;
      continue;
    }
    if (opening !== undefined) {
      fence = opening;
      extend(start, end);
      continue;
    }
    const heading = line.length <= MAX_HEADING ? HEADING.exec(line) : null;
    if (heading) {
      close();
      const headings = trail.enter(heading[1]!.length, oneLine(heading[2] ?? ''));
      blocks.push({ start, end, headings, page: undefined });
    } else if (paragraph?.lines === 1 && line.length <= MAX_HEADING && UNDERLINE.test(line)) {
      const title = oneLine(text.slice(paragraph.start, paragraph.end));
      const headings = trail.enter(line.includes('=') ? 1 : 2, title);
      blocks.push({ start: paragraph.start, end, headings, page: undefined });
      paragraph = undefined;
    } else if (line.trim() === '') {
      close();
    } else {
      extend(start, end);
    }
  }
  close();
  return { text, blocks, hasLines: true };
}

const span = ({ start, end }: { start: number; end: number }) => ({ start, end });
