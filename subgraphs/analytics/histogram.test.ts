import { describe, expect, it } from 'vitest';
import { fc } from '#platform/base/testing/generated.ts';
import { bucketOf, percentile } from './histogram.ts';

const countsOf = (durations: number[]) => {
  const counts = new Map<number, number>();
  for (const ms of durations) counts.set(bucketOf(ms), (counts.get(bucketOf(ms)) ?? 0) + 1);
  return counts;
};

describe('percentiles from a histogram', () => {
  it('are within 5 % of the exact ones, whatever the durations', () => {
    const durations = fc.array(fc.double({ min: 1.2, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(durations, fc.constantFrom(0.5, 0.95, 0.99), (values, share) => {
        const exact = values.toSorted((a, b) => a - b)[Math.ceil(values.length * share) - 1]!;
        const estimate = percentile(countsOf(values), share)!;
        // One decimal is kept, which at small values is more than the bucket's own error.
        expect(Math.abs(estimate - exact)).toBeLessThanOrEqual(exact * 0.05 + 0.06);
      }),
    );
  });

  it('say nothing when nothing was measured', () => {
    expect(percentile(new Map(), 0.5)).toBeNull();
  });
});
