import { expect, it } from 'vitest';
import { beginningOf, isVisible } from './text.ts';

it.each(['', ' ', '\n\t', '\u00a0\u3000', '\u200b', '\u200d\u2060\ufeff', '\u00ad', '\u202e', '\u3164', '\0'])(
  '%j shows nothing',
  (text) => expect(isVisible(text)).toBe(false),
);

it.each(['a', '.', '👩‍💻', '\u200bא', '茶', '́e', '\ue000'])('%j shows something', (text) => {
  expect(isVisible(text)).toBe(true);
});

it.each([
  ['abc', 3, 'abc'],
  ['abcd', 3, 'abc'],
  ['ab😀', 3, 'ab'],
  ['a👩‍👩‍👧b', 5, 'a'],
  ['ae\u0301', 2, 'a'],
  ['😀', 1, '\ufffd'],
])('%j begins within %i with %j', (text, most, beginning) => {
  expect(beginningOf(text, most)).toBe(beginning);
});
