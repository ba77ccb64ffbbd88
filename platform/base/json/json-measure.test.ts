import { expect, it } from 'vitest';
import { measureJson } from './json-measure.ts';

const levels = (text: string, limit = 4) => measureJson(Buffer.from(text), { levels: limit }).levels;

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
  expect(measureJson(Buffer.from(text), { levels: 4 }).fields).toBe(expected);
});

it.each([
  ['[{"a":1,"b":2},{"a":3,"b":4}]', { containers: 3, fields: 4, shapes: 2, shortTexts: 0 }],
  ['[{"a":1,"b":2},{"b":3,"a":4}]', { containers: 3, fields: 4, shapes: 4, shortTexts: 0 }],
  ['{"a":{"a":{"a":"a"}},"b":["a","b","a long text"]}', { containers: 4, fields: 4, shapes: 2, shortTexts: 3 }],
])('counts lists and objects, short texts and the sequences of names that are new: %s', (text, expected) => {
  expect(measureJson(Buffer.from(text), { levels: 4 })).toMatchObject(expected);
});

it('does not look at what has no room for so many', () => {
  expect(levels('[[[]]]', 6)).toBe(0);
});

it('finds the end of a long text whose quotes are escaped', () => {
  for (let length = 120; length < 140; length++) {
    for (const end of ['\\"', '\\\\', '\\\\\\"']) {
      const text = `["${'x'.repeat(length)}${end}${'y'.repeat(300)}${end}",[1,2]]`;
      expect(() => JSON.parse(text)).not.toThrow();
      expect(measureJson(Buffer.from(text), { levels: 4 })).toMatchObject({ levels: 2, values: 2, longTexts: 1 });
    }
  }
});
