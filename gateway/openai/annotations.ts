import { SourceMarks } from '#platform/base/markdown/source-marks.ts';
import { fileIdOf } from './files.ts';
import type { Annotation, AnswerPiece, AnswerSource } from './pieces.ts';

/** The beginning of a text that is JSON, and one that may become JSON or a mark. */
const JSON_TEXT = /^(?:\{|\[(?:[[{"\s-]|\d{4}|\d+[^\d\]]))/;
const MAYBE_JSON = /^(?:\[\d*)?$/;

/**
 * The text of an answer on its way to a client of this API: it finds the marks of sources, such as `[1]`. What OpenAI's
 * API can name, pages and documents, becomes an annotation; the marks of all else, which a client could not resolve,
 * are taken out. Numbers that name no source or may be an index, and JSON, stay as they are: a number that nothing
 * resolves does less harm than lost words.
 */
export class AnnotatedText {
  readonly #marks = new SourceMarks();
  #sources: ReadonlyMap<number, AnswerSource> = new Map();
  #length = 0;
  /** The beginning of the text, as long as it does not say whether that is JSON. */
  #begin = '';
  #isJson: boolean | undefined;
  /** Whether words have come: a text that is a mark alone stays. */
  #hasWords = false;

  /** @param isJson whether JSON was asked for; else its beginning says whether the text is JSON all the same. */
  constructor(isJson = false) {
    if (isJson) this.#isJson = true;
  }

  /** Takes the sources that are known by now, all of them. */
  know(sources: readonly AnswerSource[]): void {
    // What was held back of the text so far was handed on.
    if (this.#sources.size === 0) this.#marks.end();
    this.#sources = new Map(sources.map((source) => [source.index, source]));
  }

  /** Returns a piece of the text as the client gets it. */
  take(text: string): AnswerPiece[] {
    if (this.#isJson === undefined) {
      this.#begin = (this.#begin + text).trimStart();
      if (!MAYBE_JSON.test(this.#begin)) this.#isJson = JSON_TEXT.test(this.#begin);
    }
    if (this.#isJson) return [...this.end(), ...this.#asIs(text)];
    const pieces = this.#marks.take(text);
    // Most answers have no sources: their text is not held back.
    return this.#sources.size === 0 ? this.#asIs(text) : this.#told(pieces);
  }

  /** Returns what was held back, at the end. */
  end(): AnswerPiece[] {
    const pieces = this.#marks.end();
    return this.#sources.size === 0 ? [] : this.#told(pieces);
  }

  #asIs(text: string): AnswerPiece[] {
    this.#length += text.length;
    this.#hasWords ||= text.trim() !== '';
    return text === '' ? [] : [{ kind: 'text', text }];
  }

  #told(pieces: ReturnType<SourceMarks['take']>): AnswerPiece[] {
    const told: AnswerPiece[] = [];
    let words = '';
    for (const { text, mark, isSetOff } of pieces) {
      const source = mark === undefined ? undefined : this.#sources.get(mark);
      const isNamed = source !== undefined && canBeNamed(source);
      if (source && !isNamed && isSetOff && this.#hasWords) continue;
      words += text;
      this.#hasWords ||= text.trim() !== '';
      if (!isNamed) continue;
      told.push(...this.#asIs(words));
      words = '';
      const start = this.#length - text.trimStart().length;
      told.push({ kind: 'annotation', annotation: { start, end: this.#length, source } });
    }
    return [...told, ...this.#asIs(words)];
  }
}

const canBeNamed = ({ url, document }: AnswerSource): boolean => url !== null || document !== null;

/** Returns a whole text as a client of this API gets it. */
export function annotated(text: string, sources: readonly AnswerSource[]) {
  const reading = new AnnotatedText();
  reading.know(sources);
  const pieces = [...reading.take(text), ...reading.end()];
  return {
    text: pieces.map((piece) => (piece.kind === 'text' ? piece.text : '')).join(''),
    annotations: pieces.flatMap((piece) => (piece.kind === 'annotation' ? [piece.annotation] : [])),
  };
}

/**
 * Returns an annotation as chat completions have it, which know addresses alone: a document is at its page of the
 * console.
 */
export const chatAnnotation = ({ start, end, source }: Annotation, publicUrl: string) => ({
  type: 'url_citation',
  url_citation: {
    start_index: start,
    end_index: end,
    title: source.title ?? '',
    url: source.url ?? `${publicUrl}/knowledge/${source.document!.id}`,
  },
});

/** Returns an annotation as responses have it. @param offset at which its part of the answer begins. */
export const responseAnnotation = ({ start, end, source }: Annotation, offset: number) => {
  const { url, document, title } = source;
  return url === null
    ? { type: 'file_citation', file_id: fileIdOf(document!.id), filename: title ?? '', index: start - offset }
    : { type: 'url_citation', start_index: start - offset, end_index: end - offset, title: title ?? '', url };
};
