import { describe, expect, it } from 'vitest';
import { type CallWindow, LastCalls } from './call-windows.ts';

/** The number of calls after which the window is bad; 0 where it is good after all of them. */
function badAfter(window: CallWindow, calls: string): number {
  for (const [index, call] of [...calls].entries()) {
    window.count(call === 'x');
    if (window.isBad()) return index + 1;
  }
  return 0;
}

describe('a window of the last calls', () => {
  const halfOfTen = () => new LastCalls(10, { threshold: 0.5, least: 3 });
  const fiveInARow = () => new LastCalls(5, { threshold: 0.99, least: 5 });

  it.each([
    ['xx', 0],
    ['xxx', 3],
    ['..xx', 0],
    ['..xxx', 5],
    ['..........xxxxx', 0],
    ['..........xxxxxx', 16],
  ])('is bad when more than half of at most ten failed, of three at least: %s', (calls, expected) => {
    expect(badAfter(halfOfTen(), calls)).toBe(expected);
  });

  it.each([
    ['xxxx.xxxx.', 0],
    ['xxxxx', 5],
    ['...xxxx.xxxxx', 13],
  ])('is bad when so many failed in a row, where none may succeed: %s', (calls, expected) => {
    expect(badAfter(fiveInARow(), calls)).toBe(expected);
  });

  it('begins again when it is cleared', () => {
    const window = halfOfTen();
    badAfter(window, 'xxx');
    window.clear();
    expect(badAfter(window, 'xx')).toBe(0);
  });
});
