import { buildSchema, OverlappingFieldsCanBeMergedRule, parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { fc, SEED } from '#platform/base/testing/generated.ts';
import { OverlappingFieldsRule } from './overlapping-fields.ts';

const schema = buildSchema(`
  type Query { node: Node any: Any book(id: ID, by: By): Book all: [Node!] }
  input By { id: ID name: String }
  interface Node { id: ID! name: String next(first: Int): Node }
  union Any = Book | Film
  type Book implements Node { id: ID! name: String next(first: Int): Node size: Int pages: [Int] kin: Book }
  type Film implements Node { id: ID! name: String next(first: Int): Node size: Int! pages: Int kin: [Film] }
`);
const errorsOf = (query: string, rule = OverlappingFieldsRule): readonly string[] =>
  validate(schema, parse(query), [rule]).map(({ message }) => message);

describe('fields of one response name', () => {
  it.each([
    ['{ node { id id name } }', true],
    ['{ node { x: id x: name } }', false],
    ['{ node { x: id ... on Book { x: name } } }', false],
    ['{ node { ... on Book { x: id } ... on Film { x: id } } }', true],
    ['{ node { ... on Book { x: name } ... on Film { x: id } } }', false],
    ['{ any { ... on Book { size } ... on Film { size } } }', false],
    ['{ any { ... on Book { pages } ... on Film { pages } } }', false],
    ['{ any { ... on Book { x: kin { id } } ... on Film { x: next { id } } } }', true],
    ['{ any { ... on Book { x: kin { y: id } } ... on Film { x: next { y: name } } } }', false],
    ['{ any { ... on Book { x: kin { y: name } } ... on Film { x: next { y: name } } } }', true],
    ['{ node { next(first: 1) { id } next(first: 2) { id } } }', false],
    ['{ node { next(first: 1) { id } next { id } } }', false],
    ['{ book(by: {id: 1, name: "a"}) { id } book(by: {name: "a", id: 1}) { name } }', true],
    ['{ book(id: 1, by: {id: 1}) { id } book(by: {id: 1}, id: 1) { name } }', true],
    ['{ node { next { x: id } ...F } } fragment F on Node { next { x: name } }', false],
    ['{ node { ...F } } fragment F on Node { next { ...F } x: id ... on Book { x: id } }', true],
    ['{ node { __typename x: __typename } any { x: __typename x: __typename } }', true],
    ['{ node { x: __typename x: name } }', false],
  ])('in %s may be merged: %s', (query, isRight) => {
    expect(errorsOf(query).length === 0).toBe(isRight);
    expect(errorsOf(query, OverlappingFieldsCanBeMergedRule).length === 0).toBe(isRight);
  });

  it('are told with the reason and what to do', () => {
    const query = '{ node { x: id x: name } }';
    expect(errorsOf(query)).toEqual([
      'Fields "x" conflict because "id" and "name" are different fields. Use different aliases on the fields to fetch both if this was intentional.',
    ]);
  });

  it('are refused where graphql-js refuses them, of 1,000 generated operations', () => {
    const name = fc.oneof({ weight: 12, arbitrary: fc.constant('') }, fc.constantFrom('x: ', 'y: '));
    const leaf = fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom('id', 'name', '__typename') },
      fc.constantFrom('size', 'pages'),
    );
    const tie = fc.letrec<{ set: string }>((again) => ({
      set: fc
        .array(
          fc.oneof(
            { maxDepth: 4 },
            fc.tuple(name, leaf).map((parts) => parts.join('')),
            fc
              .tuple(
                name,
                fc.oneof({ weight: 8, arbitrary: fc.constant('next') }, fc.constantFrom('next(first: 1)', 'kin')),
                again('set'),
              )
              .map((p) => p.join('')),
            fc
              .tuple(fc.constantFrom('... on Node', '... on Book', '... on Film', '...'), again('set'))
              .map((p) => p.join('')),
            fc.constantFrom('...F', '...G'),
          ),
          { minLength: 1, maxLength: 4 },
        )
        .map((parts) => `{ ${parts.join(' ')} }`),
    }));
    const roots = fc.constantFrom('node', 'any', 'book', 'all', 'y: node');
    const operation = fc.tuple(fc.array(fc.tuple(roots, tie.set), { minLength: 1, maxLength: 3 }), tie.set, tie.set);
    let refused = 0;
    fc.assert(
      fc.property(operation, ([fields, f, g]) => {
        const spread = (set: string): string => set.replaceAll('...F', '...G').replaceAll('...G', 'id');
        const text = `{ ${fields.map((parts) => parts.join(' ')).join(' ')} }
          fragment F on Node ${f.replaceAll('...F', 'name')} fragment G on Book ${spread(g)}`;
        // graphql-js looks into fragments that no operation spreads.
        const whole = text.replace('{', '{ node { ...F ...G } ');
        const isAlone = errorsOf(whole, OverlappingFieldsCanBeMergedRule).length === 0;
        if (!isAlone) refused++;
        expect(errorsOf(whole).length === 0, whole).toBe(isAlone);
      }),
      { numRuns: 1_000, seed: SEED },
    );
    expect(refused).toBeGreaterThan(100);
    expect(refused).toBeLessThan(900);
  });
});

describe('what takes graphql-js minutes', () => {
  it('is read once where one object is asked for again and again', () => {
    const objects = Array.from({ length: 3_000 }, (_, n) => `node { a${n}: id }`);
    expect(errorsOf(`{ ${objects.join(' ')} }`)).toEqual([]);
    expect(errorsOf(`{ ${objects.join(' ')} node { a7: name } }`)).toHaveLength(1);
  });

  it('is read once where fragments hold one another', () => {
    const fragments = Array.from(
      { length: 400 },
      (_, n) => `fragment F${n} on Node { x: next { ...F${n + 1} } y: next { ...F${n + 1} } }`,
    );
    expect(errorsOf(`{ node { ...F0 } } ${fragments.join(' ')} fragment F400 on Node { id }`)).toEqual([]);
  });

  it('is refused where it multiplies all the same', () => {
    // Which fragments come together at a place depends on the whole way there: 2 to the power of 20 sets.
    const fragments = Array.from(
      { length: 20 },
      (_, n) => `fragment F${n} on Node { x: next { ...F${n + 1} } y: next { ...F${n + 1} } }`,
    );
    const first = 'fragment A on Node { x: next { ...A ...F0 } y: next { ...A } }';
    expect(errorsOf(`{ node { ...A } } ${first} ${fragments.join(' ')} fragment F20 on Node { id }`)[0]).toMatch(
      /Spread fewer/,
    );
  });

  it('is refused where its depth has no end, on a stack of any size', () => {
    const fragments = Array.from({ length: 30 }, (_, n) => `fragment F${n} on Node { x: next { ...A ...F${n + 1} } }`);
    const cycle = `{ node { ...A } } fragment A on Node { x: next { ...A ...F0 } } ${fragments.join(' ')}`;
    expect(() => errorsOf(`${cycle} fragment F30 on Node { id }`)).not.toThrow();
  });
});
