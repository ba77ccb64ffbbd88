import { describe, expect, it } from 'vitest';
import { fc } from '#platform/base/testing/generated.ts';
import { fuse } from './fusion.ts';
import { topPositions } from './top.ts';

const settings = { alpha: 0.5, metric: 'cosine' as const, documents: 100 };
const order = (fusion: 'absolute' | 'relative', dense: number[], lexical: number[]) => [
  ...topPositions(fuse({ ...settings, fusion }, Float32Array.from(dense), Float32Array.from(lexical)).scores, 10),
];

describe.each(['absolute', 'relative'] as const)('%s fusion', (fusion) => {
  it('lets a paraphrase win over one shared word of many', () => {
    expect(order(fusion, [0.7, 0.1], [0, 1.2])).toEqual([0, 1]);
  });
  it('lets an exact match win over a vague likeness', () => {
    expect(order(fusion, [0.45, 0.4], [0, 9])).toEqual([1, 0]);
  });
  it('keeps what only one part found, and leaves out what neither did', () => {
    expect(new Set(order(fusion, [0.5, Number.NaN, Number.NaN], [0, 3, 0]))).toEqual(new Set([0, 1]));
  });
  it('gives scores from 0 to 1 that are the sum of their parts and grow with each', () => {
    const parts = fc.array(
      fc.record({
        dense: fc.float({ min: -1, max: 1, noNaN: true }),
        lexical: fc.float({ min: 0, max: 50, noNaN: true }),
      }),
      { minLength: 1, maxLength: 50 },
    );
    fc.assert(
      fc.property(parts, (list) => {
        const fused = fuse(
          { ...settings, fusion },
          Float32Array.from(list, (one) => one.dense),
          Float32Array.from(list, (one) => one.lexical),
        );
        list.forEach((one, i) => {
          const { dense, lexical } = fused.explain(i);
          const sum = (dense?.contribution ?? 0) + (lexical?.contribution ?? 0);
          expect(Math.abs(fused.scores[i]! - sum)).toBeLessThan(1e-5);
          expect(fused.scores[i]).toBeGreaterThanOrEqual(0);
          expect(fused.scores[i]).toBeLessThanOrEqual(1.00001);
          list.forEach((other, j) => {
            if (other.dense >= one.dense && other.lexical >= one.lexical)
              expect(fused.scores[j]! - fused.scores[i]!).toBeGreaterThan(-1e-5);
          });
        });
      }),
      { numRuns: 50 },
    );
  });
});

it('the top of a list is what sorting gives, without what is not a number', () => {
  const scores = fc.array(fc.oneof(fc.float({ noNaN: false }), fc.constantFrom(0, 1, Number.NaN)), { maxLength: 200 });
  fc.assert(
    fc.property(scores, fc.integer({ min: 0, max: 50 }), (list, count) => {
      const values = Float32Array.from(list);
      const sorted = [...values.keys()]
        .filter((i) => !Number.isNaN(values[i]))
        .sort((a, b) => (values[a] === values[b] ? a - b : values[b]! > values[a]! ? 1 : -1));
      expect([...topPositions(values, count)]).toEqual(sorted.slice(0, count));
    }),
  );
});
