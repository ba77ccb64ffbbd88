import type { CitationDelta } from '#llm/provider/deltas.ts';
import { SourceMarks } from '#platform/base/markdown/source-marks.ts';
import type { Citation, Quote } from '../peers/recall.ts';
import { asPiece, type Piece } from './draft.ts';

/** Most uses of one source that are kept with their words, and most characters of these. */
const MAX_QUOTES = 20;
const MAX_QUOTE = 600;

/** Marks at the end of a text, and how much of it is kept to find them. */
const MARKS = / ?(?:\[\d+\])+$/;
const MAX_MARKS = 300;

/**
 * The sources of a reply, as they become known: readers get the whole list each time. It hears the text, so that it
 * knows where marks stand and where code is, and reads nothing of it twice.
 */
export class Citations {
  readonly #emit: (piece: Piece) => void;
  readonly #marks = new SourceMarks();
  /** Numbers that the text has. */
  readonly #written = new Set<number>();
  /** Length and end of the text. */
  #length = 0;
  #end = '';
  #all: readonly Citation[] = [];

  constructor(emit: (piece: Piece) => void) {
    this.#emit = emit;
  }

  /** The sources so far. */
  get all(): readonly Citation[] {
    return this.#all;
  }

  /** Hears words of the text, marks among them. */
  hear(words: string): void {
    for (const { mark } of this.#marks.take(words)) if (mark !== undefined) this.#written.add(mark);
    this.#length += words.length;
    this.#end = (this.#end + words).slice(-MAX_MARKS);
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
   * Notes that the reply draws on a source here, which may be a page that the provider found.
   *
   * @returns the mark that follows the text: ` [1]`, as models write that are told numbers; behind a block of code on a
   *   line of its own. Empty where it is there, where the provider only lists the page, and within code, which it
   *   would change.
   */
  cite({ number, page, quote = '', place }: CitationDelta): string {
    const found = page && { kind: 'WEB' as const, sourceId: page.url, text: quote, ...page, score: 1 };
    const source = found ? this.add([found])[0]! : this.#all.find(({ index }) => index === number);
    if (!source || place === 'nowhere') return '';
    const marks = MARKS.exec(this.#end)?.[0] ?? '';
    this.#quote(source, { text: quote.slice(0, MAX_QUOTE).toWellFormed(), textOffset: this.#length - marks.length });
    const mark = `[${source.index}]`;
    const { block } = this.#marks;
    // Perplexity writes the numbers of its pages itself, and may tell the pages at the end.
    const isBefore = found && quote === '' && place === undefined && this.#written.has(source.index);
    const isThere = marks.includes(mark) || isBefore;
    if (isThere || block === 'within') return '';
    if (block === 'behind')
      return `
${mark}`;
    return marks !== '' || this.#length === 0 || /\s$/.test(this.#end) ? mark : ` ${mark}`;
  }

  #quote({ index }: Citation, quote: Quote): void {
    const { quotes = [] } = this.#all.find((one) => one.index === index)!;
    const isKnown = quotes.some(({ text, textOffset }) => text === quote.text && textOffset === quote.textOffset);
    if (quote.text === '' || isKnown || quotes.length >= MAX_QUOTES) return;
    this.#all = this.#all.map((one) => (one.index === index ? { ...one, quotes: [...quotes, quote] } : one));
    this.#emit(asPiece({ quote: { index, quote } }));
  }
}
