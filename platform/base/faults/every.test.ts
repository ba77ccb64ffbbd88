import { afterEach, expect, it, vi } from 'vitest';
import { every } from './every.ts';

afterEach(() => vi.useRealTimers());

it('works again and again, whatever it throws, until it is stopped', () => {
  vi.useFakeTimers();
  const faults: unknown[] = [];
  let times = 0;
  const stop = every(10, { where: 'test', end: ({ error }) => faults.push(error) }, () => {
    times++;
    if (times === 2) throw new Error('once');
  });
  vi.advanceTimersByTime(35);
  expect([times, faults]).toEqual([3, [new Error('once')]]);
  stop();
  vi.advanceTimersByTime(100);
  expect(times).toBe(3);
});
