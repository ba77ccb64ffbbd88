import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Breaker } from './breaker.ts';
import { LastSeconds } from './call-windows.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date', 'performance'] }));
afterEach(() => void vi.useRealTimers());

function open() {
  const changes: boolean[] = [];
  const breaker = new Breaker(
    { window: new LastSeconds(5, { threshold: 0.5, least: 10 }), openMs: 500, maxOpenMs: 10_000 },
    (isOpen) => changes.push(isOpen),
  );
  const call = (outcome: 'succeeded' | 'failed' | 'abandoned', times = 1): number => {
    let made = 0;
    for (let i = 0; i < times; i++) {
      if (!breaker.enter()) continue;
      made++;
      if (outcome === 'failed') breaker.failed(true);
      else breaker[outcome]();
    }
    return made;
  };
  return { breaker, changes, call };
}

it('a few failures, or some among many answers, change nothing', () => {
  const { call, changes } = open();
  expect(call('failed', 9)).toBe(9);
  vi.advanceTimersByTime(10_000);
  for (let i = 0; i < 50; i++) {
    call('succeeded', 2);
    call('failed');
  }
  expect(changes).toEqual([]);
});

it('when most calls fail it opens, and lets one through after a while that doubles', () => {
  const { call, changes, breaker } = open();
  expect(call('failed', 30)).toBe(10);
  expect([breaker.isOpen, changes]).toEqual([true, [true]]);
  for (const pause of [500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]) {
    expect([breaker.restMs, breaker.admits]).toEqual([pause, false]);
    vi.advanceTimersByTime(pause - 1);
    expect(call('failed', 3)).toBe(0);
    vi.advanceTimersByTime(1);
    expect([breaker.restMs, breaker.admits]).toEqual([0, true]);
    expect(call('failed', 3)).toBe(1);
  }
  vi.advanceTimersByTime(10_000);
  expect(call('succeeded', 3)).toBe(3);
  expect([breaker.isOpen, changes]).toEqual([false, [true, false]]);
  // What was before counts no more.
  expect(call('failed', 7)).toBe(7);
  expect(breaker.isOpen).toBe(false);
});

it('only one tries at a time, and one who leaves makes room for the next', () => {
  const { call, breaker } = open();
  call('failed', 30);
  vi.advanceTimersByTime(500);
  expect([breaker.enter(), breaker.enter()]).toEqual([true, false]);
  breaker.abandoned();
  expect(call('succeeded')).toBe(1);
});

it('failures of calls that were made before it opened do not keep it open for longer', () => {
  const { breaker } = open();
  for (let i = 0; i < 20; i++) breaker.enter();
  for (let i = 0; i < 20; i++) breaker.failed(true);
  vi.advanceTimersByTime(500);
  expect(breaker.enter()).toBe(true);
});
