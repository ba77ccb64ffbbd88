import { expect, it } from 'vitest';
import { measureJson } from './json-levels.ts';

const levels = (text: string, limit = 4) => measureJson(Buffer.from(text), limit).levels;

it.each([
  ['{"a":[{"b":1}]}', 3],
  ['[[],[],[[]]]', 3],
  ['{"a":"[[[[[[[[","b":"{{{{{{"}', 1],
  [String.raw`{"a":"\"[[[[[[\\","b":[]}`, 2],
  [String.raw`{"a":"\\","b":[[]]}`, 3],
  ['[[[[[[[[', 5],
  [']]]]]]]]', 0],
  ['"[[[[[[[[', 0],
])('measures lists and objects in one another, whatever stands in strings: %s', (text, expected) => {
  expect(levels(text)).toBe(expected);
});

it.each([
  ['{"a":[{"b":1},{"b":2}]}', 3],
  [String.raw`{"a:b":"c:\":d","e":":"}`, 2],
  ['[1,2,3,"::::"]', 0],
])('counts the fields of objects, whatever stands in strings: %s', (text, expected) => {
  expect(measureJson(Buffer.from(text), 4).fields).toBe(expected);
});

it('does not look at what has no room for so many', () => {
  expect(levels('[[[]]]', 6)).toBe(0);
});
