import type { CitationDelta } from '#llm/provider/deltas.ts';
import type { Citation, Quote } from '../peers/recall.ts';
import { asPiece, type Piece } from './draft.ts';

/** Most uses of one source that are kept with their words, and most characters of these. */
const MAX_QUOTES = 20;
const MAX_QUOTE = 600;

/** Marks at the end of a text. */
const MARKS = / ?(?:\[\d+\])+$/;
/** The fence of a block of code. */
const FENCE = /^ {0,3}(`{3,}(?=[^`]*$)|~{3,})/;
/** Code, in which a number in brackets is not a mark. */
const CODE = /```[\s\S]*?(?:```|$)|`[^`\n]*`/g;

/** The sources of a reply, as they become known: readers get the whole list each time. */
export class Citations {
  readonly #emit: (piece: Piece) => void;
  #all: readonly Citation[] = [];

  constructor(emit: (piece: Piece) => void) {
    this.#emit = emit;
  }

  /** The sources so far. */
  get all(): readonly Citation[] {
    return this.#all;
  }

  /** Adds sources behind those that are there; one that is there keeps its number. @returns them with their numbers. */
  add(sources: readonly Omit<Citation, 'index'>[]): readonly Citation[] {
    const before = this.#all.length;
    const added = sources.map((source) => {
      const known = this.#all.find(({ kind, sourceId }) => kind === source.kind && sourceId === source.sourceId);
      if (known) return known;
      const citation = { ...source, index: this.#all.length + 1 };
      this.#all = [...this.#all, citation];
      return citation;
    });
    if (this.#all.length > before) this.#emit(asPiece({ citations: this.#all }));
    return added;
  }

  /**
   * Notes that a reply draws on a source, which may be a page that the provider found.
   *
   * @param text of the reply so far.
   * @returns the mark that follows the text: ` [1]`, as models write that are told numbers; behind a block of code on a
   *   line of its own. Empty where it is there, and within code, which it would change.
   */
  cite({ number, page, quote = '' }: CitationDelta, text: string): string {
    const found = page && { kind: 'WEB' as const, sourceId: page.url, text: quote, ...page, score: 1 };
    const source = found ? this.add([found])[0]! : this.#all.find(({ index }) => index === number);
    if (!source) return '';
    const marks = MARKS.exec(text)?.[0] ?? '';
    this.#quote(source, { text: quote.slice(0, MAX_QUOTE).toWellFormed(), textOffset: text.length - marks.length });
    const mark = `[${source.index}]`;
    const code = codeAt(text);
    // Perplexity writes the numbers of its pages itself.
    const isThere = marks.includes(mark) || (found && quote === '' && text.replace(CODE, '').includes(mark));
    if (isThere || code === 'within') return '';
    if (code === 'behind')
      return `
${mark}`;
    return marks !== '' || text === '' || /\s$/.test(text) ? mark : ` ${mark}`;
  }

  #quote({ index }: Citation, quote: Quote): void {
    const { quotes = [] } = this.#all.find((one) => one.index === index)!;
    const isKnown = quotes.some(({ text, textOffset }) => text === quote.text && textOffset === quote.textOffset);
    if (quote.text === '' || isKnown || quotes.length >= MAX_QUOTES) return;
    this.#all = this.#all.map((one) => (one.index === index ? { ...one, quotes: [...quotes, quote] } : one));
    this.#emit(asPiece({ quote: { index, quote } }));
  }
}

/** Returns whether a text ends within a block of code, or on the very line that ends one. */
function codeAt(text: string): 'within' | 'behind' | undefined {
  let open: string | undefined;
  let isEnd = false;
  for (const line of text.split('\n')) {
    const fence = FENCE.exec(line)?.[1];
    isEnd = open !== undefined && fence?.startsWith(open) === true && line.trim() === fence;
    if (isEnd) open = undefined;
    else open ??= fence;
  }
  return isEnd ? 'behind' : open !== undefined ? 'within' : undefined;
}
