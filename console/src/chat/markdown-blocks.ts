import { Marked, type Token, type TokenizerAndRendererExtension, type Tokens } from 'marked';
import remend from 'remend';

/** A formula in TeX, in a line or on lines of its own. */
export interface MathToken extends Tokens.Generic {
  readonly type: 'math';
  readonly text: string;
  readonly isDisplay: boolean;
}

/** Formulas as models write them: `$…$`, `$$…$$`, `\(…\)` and `\[…\]`. An amount such as $5 is none. */
const FORMULAS: readonly (readonly [RegExp, boolean])[] = [
  [/^\$\$([^$]+)\$\$/, true],
  [/^\\\[([\s\S]+?)\\\]/, true],
  [/^\\\(([\s\S]+?)\\\)/, false],
  [/^\$(?!\s|\d[\d.,]*\s+\p{L}{2})((?:\\.|[^\\$\n])*?[^\\$\s])\$(?!\d)/u, false],
];

function formulaAt(source: string): MathToken | undefined {
  for (const [pattern, isDisplay] of FORMULAS) {
    const [raw, text] = pattern.exec(source) ?? [];
    if (raw !== undefined) return { type: 'math', raw, text: text!.trim(), isDisplay };
  }
  return undefined;
}

const math: TokenizerAndRendererExtension = {
  name: 'math',
  level: 'inline',
  start: (source) => {
    const at = source.search(/\$|\\[([]/);
    return at < 0 ? undefined : at;
  },
  tokenizer: formulaAt,
};

const marked = new Marked({ gfm: true, extensions: [math] });

/** A line that is quoted or listed so many times over: the lexer takes each of them apart within the other. */
const NESTED = /^(?:[ \t]*(?:>|[-*+][ \t]|\d{1,9}[.)][ \t])){50}/m;
const FENCED = /^ {0,3}(```|~~~)[\s\S]*?(?:^ {0,3}\1|$(?![\s\S]))/gm;
/** Marks that one paragraph may have: each that is open is compared with those that follow. */
const MAX_MARKS = 1_000;

/** Whether it is not a text for people, such as a model writes that repeats a mark for ever. */
const isTangled = (text: string): boolean =>
  NESTED.test(text) ||
  (text.length > MAX_MARKS &&
    text
      .replace(FENCED, '')
      .split(/\n[ \t]*\n/)
      .some((paragraph) => paragraph.length > MAX_MARKS && (paragraph.match(/[*_[\]~`$]/g)?.length ?? 0) > MAX_MARKS));

/** Returns the blocks of a text; of one that cannot be read as Markdown one paragraph, as it is written. */
function readBlocks(text: string): Token[] {
  if (!isTangled(text)) {
    try {
      return marked.lexer(text);
    } catch (error) {
      // Nested in ways that were not thought of: the stack has an end.
      if (!(error instanceof RangeError)) throw error;
    }
  }
  return [{ type: 'paragraph', raw: text, text, tokens: [{ type: 'text', raw: text, text }] }];
}

/** A text as blocks, and how much of it no later word changes. */
export interface Blocks {
  readonly text: string;
  readonly tokens: readonly Token[];
  /** How many of the tokens are settled. */
  readonly settled: number;
  /** The text of those. */
  readonly settledText: string;
  /** Whether it ends within words of a paragraph, so that more of them only make the paragraph longer. */
  readonly endsInWords: boolean;
}

export const NO_BLOCKS: Blocks = { text: '', tokens: [], settled: 0, settledText: '', endsInWords: false };

/** Blocks at the end that later words may still change: a list goes on after a blank line, a line becomes a heading. */
const UNSETTLED = 2;
/** Words that leave what stands before them as it is. */
const WORDS = /^[\p{L}\p{M}\p{N} ,;.?!'"’“”„‘–—()%-]+$/u;
/** What may be a part of something with marks that is not complete yet. */
const MARKED = /[[\]$<>`*_~\\|]/;
/** What makes a line something else than words stands within so many signs of its beginning. */
const MARKS = 12;

/**
 * Returns the blocks of a text that has grown: those that were settled are not read again, nor is a paragraph to which
 * words were added, so a long reply costs no more than its last blocks.
 *
 * @param before the blocks of the text as it was.
 * @param isWriting whether words follow: marks that are still open count as closed.
 */
export function growBlocks(before: Blocks, text: string, isWriting: boolean): Blocks {
  // At the end all is read once more: what is defined at the bottom may be named at the top.
  if (!isWriting) return { ...NO_BLOCKS, text, tokens: readBlocks(text) };
  const longer = withWords(before, text);
  if (longer) return longer;
  const known = before.settled > 0 && text.startsWith(before.settledText) ? before : NO_BLOCKS;
  const rest = text.slice(known.settledText.length);
  const closed = isTangled(rest) ? rest : remend(rest);
  const read = readBlocks(closed);
  const tokens = [...known.tokens.slice(0, known.settled), ...read];
  const endsInWords = closed === rest && isInWords(read.at(-1), rest);
  let settled = read.length;
  for (let open = 0; settled > 0 && open < UNSETTLED; settled--) if (read[settled - 1]!.type !== 'space') open++;
  const settledText = read
    .slice(0, settled)
    .map(({ raw }) => raw)
    .join('');
  // Where the lexer reads other signs than are there, such as line ends of Windows, nothing is settled.
  if (settled === 0 || !rest.startsWith(settledText)) return { ...known, text, tokens, endsInWords };
  return {
    text,
    tokens,
    settled: known.settled + settled,
    settledText: known.settledText + settledText,
    endsInWords,
  };
}

function isInWords(last: Token | undefined, text: string): boolean {
  if (last?.type !== 'paragraph') return false;
  const words = (last as Tokens.Paragraph).tokens.at(-1);
  if (words?.type !== 'text' || 'tokens' in words) return false;
  return text.length - text.lastIndexOf('\n') > MARKS && text.endsWith(words.raw) && !MARKED.test(words.raw);
}

function withWords(before: Blocks, text: string): Blocks | undefined {
  if (!before.endsInWords || !text.startsWith(before.text)) return undefined;
  const words = text.slice(before.text.length);
  if (!WORDS.test(words)) return undefined;
  const paragraph = before.tokens.at(-1) as Tokens.Paragraph;
  const last = paragraph.tokens.at(-1) as Tokens.Text;
  const longer = { ...last, raw: last.raw + words, text: last.text + words };
  const raw = paragraph.raw + words;
  const block = { ...paragraph, raw, text: paragraph.text + words, tokens: [...paragraph.tokens.slice(0, -1), longer] };
  return { ...before, text, tokens: [...before.tokens.slice(0, -1), block] };
}
