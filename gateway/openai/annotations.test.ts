import { describe, expect, it } from 'vitest';
import { AnnotatedText, annotated } from './annotations.ts';
import type { AnswerSource } from './pieces.ts';

const MEMORY: AnswerSource = { index: 1, title: null, url: null, document: null };
const PAGE: AnswerSource = { index: 2, title: 'Rain', url: 'https://example.org/rain', document: null };

/** The text as a client gets it, torn into characters, and its annotations. */
function torn(text: string, isJson?: boolean) {
  const reading = new AnnotatedText(isJson);
  reading.know([MEMORY, PAGE]);
  const pieces = [...[...text].flatMap((piece) => reading.take(piece)), ...reading.end()];
  return {
    text: pieces.map((piece) => (piece.kind === 'text' ? piece.text : '')).join(''),
    annotations: pieces.flatMap((piece) => (piece.kind === 'annotation' ? [piece.annotation] : [])),
  };
}

describe('the text of an answer that draws on a memory', () => {
  it.each([
    ['Of brass [1].', 'Of brass.'],
    ['Of brass.[1][1]\n\nSo,[1] yes', 'Of brass.\n\nSo, yes'],
    ['Of brass:\n```\nx\n```\n[1]', 'Of brass:\n```\nx\n```\n'],
  ])('has no marks of it: %j', (text, expected) => {
    expect(annotated(text, [MEMORY, PAGE])).toEqual({ text: expected, annotations: [] });
    expect(torn(text)).toEqual({ text: expected, annotations: [] });
  });

  it.each([
    'use args[1] here, or m[1][1], or f(x)[1]',
    'See [the docs][1].\n\n[1]: https://example.com',
    '[1]',
    ' \n[1]',
    '[1] is where it begins',
    '["a", [1]]',
    ' ["a", [1], [1], 2]',
    '[1, [1] ]',
    '{"sources": [1], "a": [1] }',
    'write \\[1] or x = [1] or "[1]"',
    '1. Do this:\n\n    ```js\n    x = arr [1];\n    ```',
    '- a\n  - b\n    ```js\n    x = [1]',
    '> ```js\n> x = a [1]',
    '- ```js\n  x = a, [1]',
    'So:\n\n    x = a, [1]',
  ])('keeps what may be no mark: %j', (text) => {
    expect(annotated(text, [MEMORY, PAGE])).toEqual({ text, annotations: [] });
    expect(torn(text)).toEqual({ text, annotations: [] });
  });

  it('keeps JSON that was asked for, whatever it begins with', () => {
    expect(torn('A list: [1] [2]', true)).toEqual({ text: 'A list: [1] [2]', annotations: [] });
  });

  it('has a page named behind a word too, as some models write', () => {
    expect(torn('It rains[2], or [1]')).toEqual({
      text: 'It rains[2], or',
      annotations: [{ start: 8, end: 11, source: PAGE }],
    });
  });
});
