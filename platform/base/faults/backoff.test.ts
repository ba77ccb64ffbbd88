import { expect, it } from 'vitest';
import { backoff } from './backoff.ts';

it('pauses twice as long after each failure, up to the limit', () => {
  const pauses = [1, 2, 3, 4, 5, 2_000].map((failures) => backoff(failures, { firstMs: 50, maxMs: 300 }));
  expect(pauses).toEqual([50, 100, 200, 300, 300, 300]);
});

it('spreads the pauses of many around the middle', () => {
  const pauses = Array.from({ length: 500 }, () => backoff(2, { firstMs: 50, maxMs: 300, isSpread: true }));
  expect(Math.min(...pauses)).toBeGreaterThanOrEqual(50);
  expect(Math.max(...pauses)).toBeLessThan(150);
  expect(new Set(pauses).size).toBeGreaterThan(1);
});
