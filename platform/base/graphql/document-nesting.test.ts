import { parse, visit } from 'graphql';
import { describe, expect, it } from 'vitest';
import { fc } from '#platform/base/testing/generated.ts';
import { linesOf, nestingOf } from './document-nesting.ts';

describe('the nesting of a text', () => {
  it.each([
    ['{ a }', 1, 0],
    ['{ a { ... { ... on A { b } } } }', 4, 0],
    ['{ a(x: [[1], {b: [2]}]) { c } }', 2, 3],
    ['query ($v: [[Int]] = [[1]] @d(x: {a: {}})) { a(x: {b: 1}, y: [1]) @e(z: [[]]) { b } }', 2, 2],
    ['{ a(x: "[[[[", y: """ [[[ \\""" {{{ " """, z: "\\"[[[") # {{{{\n { b } }', 2, 0],
    ['{ a(x: "unfinished [[[[\n', 1, 0],
    ['}}}}]]]])))){ a(', 1, 0],
    [`{ a(x: ${'['.repeat(9_000)}`, 1, 9_000],
    ['{ a '.repeat(90_000), 90_000, 0],
    ['', 0, 0],
  ])('%.60s is %i selection sets and %i values deep', (text, selections, values) => {
    expect(nestingOf(text)).toEqual({ selections, values });
  });

  it('is that of what the parser makes of it', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('[', '{', '\\"""', '\\"', '#', '"'));
    const value = fc.letrec<{ value: string }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 5 },
        fc.integer().map(String),
        text.map((one) => JSON.stringify(one.toWellFormed())),
        text.map(
          (one) =>
            `"""${one
              .toWellFormed()
              .replaceAll('"""', '\\"""')
              .replace(/["\\]+$/, '')}"""`,
        ),
        fc.array(tie('value'), { maxLength: 3 }).map((list) => `[${list.join(' # ]}[{ "\n')}]`),
        fc.array(tie('value'), { maxLength: 3 }).map((list) => `{${list.map((one, i) => `f${i}: ${one}`).join(' ')}}`),
      ),
    })).value;
    const set = fc.letrec<{ set: string }>((tie) => ({
      set: fc
        .array(fc.tuple(value, fc.option(tie('set'), { maxDepth: 5 })), { minLength: 1, maxLength: 3 })
        .map((fields) => `{ ${fields.map(([given, inner]) => `a(x: ${given}) ${inner ?? ''}`).join(' ')} }`),
    })).set;
    fc.assert(
      fc.property(set, (text) => {
        let depth = 0;
        const deepest = { selections: 0, values: 0 };
        const level = (kind: keyof typeof deepest) => ({
          enter: () => {
            deepest[kind] = Math.max(deepest[kind], ++depth);
          },
          leave: () => void depth--,
        });
        const document = parse(text);
        visit(document, { SelectionSet: level('selections') });
        visit(document, { ListValue: level('values'), ObjectValue: level('values') });
        expect(nestingOf(text)).toEqual(deepest);
      }),
      { numRuns: 300 },
    );
  });
});

it.each([
  ['{ a }', 0],
  ['#\n#\n{ a(b: """\n\n""") }', 4],
  ['{\r\n a\r\n}', 2],
  ['{\r a\r}\r', 3],
])('counts line breaks wherever they stand: %j', (text, expected) => {
  expect(linesOf(text)).toBe(expected);
});
