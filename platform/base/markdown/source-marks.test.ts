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
    [
      '1. Do this:\n\n    ```js\n    x = arr[1];\n    ```\n\nSo [1]',
      '1. Do this:\n\n    ```js\n    x = arr[1];\n    ```\n\nSo< [1]>',
    ],
    ['- a\n  - b\n    ```js\n    [1]\n    ```\n  - c [1]', '- a\n  - b\n    ```js\n    [1]\n    ```\n  - c< [1]>'],
    ['> ```js\n> x = a [1]\n> ```\n> [1]', '> ```js\n> x = a [1]\n> ```\n>< [1]>'],
    ['- ```js\n  x [1]\n- ```\n  ```\n[1]', '- ```js\n  x [1]\n- ```\n  ```\n<[1]>'],
    ['2) ~~~\n   x [1]\n   ~~~\n   y [1]', '2) ~~~\n   x [1]\n   ~~~\n   y< [1]>'],
    ['So:\n\n    x [1]\n    [1]\n\t[1]\n>     [1]\n[1]', 'So:\n\n    x [1]\n    [1]\n\t[1]\n>     [1]\n<[1]>'],
    ['- a\n    - b [1]\n\n    c [1]', '- a\n    - b< [1]>\n\n    c [1]'],
    ['a\n    - b [1]', 'a\n    - b [1]'],
    ['[the docs][1]\n\n[1]: https://example.org', '[the docs][1]\n\n[1]: https://example.org'],
    ['\\[1] ["a", [1]] [[1], 2] [[1]](x)', '\\[1] ["a", [1]] [[1], 2] [[1]](x)'],
  ])('%j', (text, expected) => {
    expect(told(text)).toBe(expected);
    expect(told(...text)).toBe(expected);
  });

  it.each([
    ['cold [1][2], [3]', [true, true, true]],
    ['cold.[1]\n[2]', [true, true]],
    ['cold[1][2] args()[3] `a`[4]', [false, false, false, false]],
    ['[1] x = [2] "[3]"', [false, false, false]],
  ] as const)('%j has marks that are set off: %j', (text, expected) => {
    const marks = new SourceMarks();
    const all = [...marks.take(text), ...marks.end()].filter(({ mark }) => mark !== undefined);
    expect(all.map(({ isSetOff }) => isSetOff)).toEqual(expected);
  });

  it('hold nothing back of a run of backticks, however long it is', () => {
    const marks = new SourceMarks();
    marks.take('a');
    for (let i = 0; i < 1_000; i++) expect(marks.take('`')).toEqual([{ text: '`' }]);
    expect(marks.take(' [1] ')).toEqual([{ text: ' [1]' }]);
    marks.take('`'.repeat(1_000));
    expect(marks.take(' [1]')).toEqual([]);
    expect(marks.end()).toEqual([{ text: ' [1]', mark: 1, isSetOff: true }]);
  });

  it('are the same however a text is torn, and nothing of it is lost', () => {
    const word = fc.constantFrom(
      'a',
      ' ',
      '[1]',
      '[',
      ']',
      '7',
      '`',
      '```',
      '~~~',
      '\n',
      '(',
      '😀',
      '    ',
      '- ',
      '> ',
      '\\',
      ':',
      '=',
    );
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
    ['- a\n    ```js\n    x', 'within'],
    ['> ```js\n> x\n> ```', 'behind'],
  ] as const)('%j ends in a block of code: %s', (text, expected) => {
    const marks = new SourceMarks();
    for (const piece of text) marks.take(piece);
    expect(marks.block).toBe(expected);
  });
});
