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

/** A text as blocks, and how much of it no later word changes. */
export interface Blocks {
  readonly tokens: readonly Token[];
  /** How many of the tokens are settled. */
  readonly settled: number;
  /** The text of those. */
  readonly settledText: string;
}

export const NO_BLOCKS: Blocks = { tokens: [], settled: 0, settledText: '' };

/** Blocks at the end that later words may still change: a list goes on after a blank line, a line becomes a heading. */
const UNSETTLED = 2;

/**
 * Returns the blocks of a text that has grown: those that were settled are not read again, so a long reply costs no
 * more than its last blocks.
 *
 * @param before the blocks of the text as it was.
 * @param isWriting whether words follow: marks that are still open count as closed.
 */
export function growBlocks(before: Blocks, text: string, isWriting: boolean): Blocks {
  // At the end all is read once more: what is defined at the bottom may be named at the top.
  if (!isWriting) return { tokens: marked.lexer(text), settled: 0, settledText: '' };
  const known = before.settled > 0 && text.startsWith(before.settledText) ? before : NO_BLOCKS;
  const rest = text.slice(known.settledText.length);
  const read = marked.lexer(remend(rest)) as Token[];
  const tokens = [...known.tokens.slice(0, known.settled), ...read];
  let settled = read.length;
  for (let open = 0; settled > 0 && open < UNSETTLED; settled--) if (read[settled - 1]!.type !== 'space') open++;
  const settledText = read
    .slice(0, settled)
    .map(({ raw }) => raw)
    .join('');
  // Where the lexer reads other signs than are there, such as line ends of Windows, nothing is settled.
  if (settled === 0 || !rest.startsWith(settledText)) return { ...known, tokens };
  return { tokens, settled: known.settled + settled, settledText: known.settledText + settledText };
}
