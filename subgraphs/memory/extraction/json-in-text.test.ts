import { expect, it } from 'vitest';
import { jsonIn } from './json-in-text.ts';

it.each([
  ['{"facts":[]}', [{ facts: [] }]],
  ['Sure! ```json\n{"a":"}"}\n``` and [1]', [{ a: '}' }, [1]]],
  ['I think {that} it is {"a":{"b":1}}', [{ a: { b: 1 } }]],
  ['{ "cut": [ {"a":1}', [{ a: 1 }]],
  ['a \\" { "x": "\\"{" }', [{ x: '"{' }]],
  ['no brackets', []],
])('of %j', (text, values) => {
  expect(jsonIn(text)).toEqual(values);
});

it('costs linear work for brackets that nothing closes', () => {
  expect(jsonIn('{['.repeat(2_000))).toEqual([]);
});
