import { recentlyUsed } from '#platform/base/recently-used.ts';
import { type Counter, isSameWindow, type Tally } from './counter.ts';
import type { RateRule } from './rate-limiter.ts';

interface Window {
  total: number;
  /** Milliseconds of the clock. */
  readonly endsAt: number;
}

/** Keys whose windows are kept at a time: about 20 MB, more than a flood from one network fills in a minute. */
const MAX_KEYS = 100_000;

/** The counter in this process. Nothing here waits, so no other call comes between a look and its write. */
export class MemoryCounter implements Counter {
  readonly #windows = recentlyUsed<Window>(MAX_KEYS);

  async spend(key: string, rule: RateRule, points: number, least: number): Promise<Tally> {
    const now = Date.now();
    const name = nameOf(key, rule);
    const window = this.#open(name, now) ?? { total: 0, endsAt: now + rule.windowS * 1_000 };
    const fitting = Math.min(points, rule.limit - window.total);
    const spent = fitting < least ? 0 : fitting;
    window.total += spent;
    if (window.total > 0) this.#windows.set(name, window);
    return { spent, total: window.total, msLeft: window.endsAt - now };
  }

  async giveBack(key: string, rule: RateRule, points: number, msLeft: number): Promise<void> {
    const now = Date.now();
    const window = this.#open(nameOf(key, rule), now);
    if (window && isSameWindow(rule, window.endsAt - now, msLeft)) window.total = Math.max(0, window.total - points);
  }

  #open(name: string, now: number): Window | undefined {
    const window = this.#windows.get(name);
    return window && window.endsAt > now ? window : undefined;
  }
}

const nameOf = (key: string, rule: RateRule): string => `${rule.name}:${key}`;
