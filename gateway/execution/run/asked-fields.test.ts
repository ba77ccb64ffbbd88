import { expect, it } from 'vitest';
import { type AskedFields, readAskedFields } from './asked-fields.ts';

/** What was asked, as objects; a value that is one as a whole is true. */
function shape(asked: AskedFields): Record<string, unknown> {
  const names = [...asked].filter(([name]) => name !== '__typename');
  return Object.fromEntries(names.map(([name, parts]) => [name, parts ? shape(parts) : true]));
}

const A = '... on A { _1: value { part { x more { p } } } }';
const B = '... on B { value { part { y more { q } } } }';
const C = '... on C { _2: value { part { z } } }';
const RENAMED = new Map([
  ['_1', 'value'],
  ['_2', 'value'],
]);

it.each([
  ['first', [A, B, C]],
  ['last', [B, C, A]],
  ['between', [A, C, B]],
])('a name that types have for different things has the parts of each: an alias %s', (_, order) => {
  const { thing } = shape(readAskedFields(`{ thing { ${order.join(' ')} } }`, RENAMED)) as { thing: object };
  expect(thing).toMatchObject({
    value: { part: { x: true, y: true, z: true, more: { p: true, q: true } } },
    _1: { part: { x: true, more: { p: true } } },
    _2: { part: { z: true } },
  });
});

it('reads what is asked of the entities of one alias, through fragments', () => {
  const text = 'query { one: _entities { ...F } two: _entities { ... on B { y } } } fragment F on A { x part { z } }';
  expect(shape(readAskedFields(text, new Map(), 'one'))).toEqual({ x: true, part: { z: true } });
});
