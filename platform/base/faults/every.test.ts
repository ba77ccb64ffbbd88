import { afterEach, expect, it, vi } from 'vitest';
import { CodedError } from '../errors/errors.ts';
import type { Logger } from '../log/log.ts';
import { every } from './every.ts';

afterEach(() => vi.useRealTimers());

it('works again and again, whatever it throws, until it is stopped', async () => {
  vi.useFakeTimers();
  const faults: unknown[] = [];
  let times = 0;
  const stop = every(10, { where: 'test', end: ({ error }) => faults.push(error) }, () => {
    times++;
    if (times === 2) throw new Error('once');
  });
  await vi.advanceTimersByTimeAsync(35);
  expect([times, faults]).toEqual([3, [new Error('once')]]);
  stop();
  vi.advanceTimersByTime(100);
  expect(times).toBe(3);
});

it('a server that is away is not a fault of the work: it is told, and the next time comes', async () => {
  vi.useFakeTimers();
  const [warn, error] = [vi.fn(), vi.fn()];
  const failures = [
    new CodedError('SERVICE_UNAVAILABLE', 'Redis.'),
    Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }),
    new Error('a mistake'),
  ];
  const stop = every(10, { where: 'test', log: { warn, error } as unknown as Logger }, async () => {
    const failure = failures.shift();
    if (failure) throw failure;
  });
  await vi.advanceTimersByTimeAsync(45);
  stop();
  expect([warn.mock.calls.length, error.mock.calls.length]).toEqual([2, 1]);
});
