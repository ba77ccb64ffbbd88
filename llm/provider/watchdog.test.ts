import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Watchdog } from './watchdog.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('a provider that says that it is there is waited for, and one that says nothing is not', () => {
  const watchdog = new Watchdog(new AbortController().signal, 1_000);
  for (let i = 0; i < 5; i++) {
    vi.advanceTimersByTime(900);
    watchdog.refresh();
  }
  expect(watchdog.stalled).toBe(false);
  vi.advanceTimersByTime(1_000);
  expect(watchdog.stalled).toBe(true);
  expect(watchdog.signal.aborted).toBe(true);
});

it('what is said after the end of a reply does not keep it', () => {
  const watchdog = new Watchdog(new AbortController().signal, 1_000);
  watchdog.end();
  watchdog.refresh();
  vi.advanceTimersByTime(10_000);
  expect(watchdog.stalled).toBe(false);
});
