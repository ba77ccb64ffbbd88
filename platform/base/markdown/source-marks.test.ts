import { describe, expect, it } from 'vitest';
import { fc } from '../testing/generated.ts';
import { SourceMarks } from './source-marks.ts';

/** The text with each mark as `<number>`. */
const told = (...pieces: string[]) => {
  const marks = new SourceMarks();
  const all = [...pieces.flatMap((piece) => marks.take(piece)), ...marks.end()];
  return all.map(({ text, mark }) => (mark === undefined ? text : `<${text}>`)).join('');
};

describe('marks of sources in Markdown', () => {
  it.each([
    ['It is cold [1][2]. So?', 'It is cold< [1]><[2]>. So?'],
    ['[12] begins, ends [3]', '<[12]> begins, ends< [3]>'],
    ['a [link][1](x) [1](https://example.org) [^1] [x]', 'a [link][1](x) [1](https://example.org) [^1] [x]'],
    ['`a[1]` and ``b`[1]`` [1]', '`a[1]` and ``b`[1]``< [1]>'],
    ['a lone ` [1]\nnext [2]', 'a lone ` [1]\nnext< [2]>'],
    ['```js\na[1]\n```\n[1] ~', '```js\na[1]\n```\n<[1]> ~'],
    ['~~~ [1]\n[1]\n```\n[1]\n~~~~\n[1]', '~~~ [1]\n[1]\n```\n[1]\n~~~~\n<[1]>'],
    ['[1234] [1', '[1234] [1'],
  ])('%j', (text, expected) => {
    expect(told(text)).toBe(expected);
    expect(told(...text)).toBe(expected);
  });

  it('are the same however a text is torn, and nothing of it is lost', () => {
    const word = fc.constantFrom('a', ' ', '[1]', '[', ']', '7', '`', '```', '~~~', '\n', '(', '😀');
    fc.assert(
      fc.property(fc.array(fc.array(word).map((words) => words.join(''))), (pieces) => {
        const text = pieces.join('');
        const marks = new SourceMarks();
        const all = [...pieces.flatMap((piece) => marks.take(piece)), ...marks.end()];
        expect(all.map((piece) => piece.text).join('')).toBe(text);
        expect(told(...pieces)).toBe(told(text));
      }),
    );
  });

  it.each([
    ['So', undefined],
    ['```js', 'within'],
    ['```npm i```', undefined],
    ['```js\na', 'within'],
    ['```js\na\n```', 'behind'],
    ['```js\na\n```\n', undefined],
    ['````\n```\n', 'within'],
  ] as const)('%j ends in a block of code: %s', (text, expected) => {
    const marks = new SourceMarks();
    for (const piece of text) marks.take(piece);
    expect(marks.block).toBe(expected);
  });
});
