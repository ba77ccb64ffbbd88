import type { RateRule } from './rate-limiter.ts';

/** The amount that was spent in the current window of a key. */
export interface Tally {
  /** Points that this call spent; 0 when it was refused. */
  readonly spent: number;
  /** Points that are spent in the window, those of this call included. */
  readonly total: number;
  /** How long the window still lasts, in ms. */
  readonly msLeft: number;
}

/** A place where points are counted. Each call is one step: no other call comes between its look and its write. */
export interface Counter {
  /** Spends as many of `points` as the limit leaves, but none when that is fewer than `least`. */
  spend(key: string, rule: RateRule, points: number, least: number): Promise<Tally>;
  /** Gives points back, unless the window that ends in about `msLeft` has ended already. */
  giveBack(key: string, rule: RateRule, points: number, msLeft: number): Promise<void>;
}

/** Windows of one key begin at least a whole window apart: ends that differ by less than this are the same end. */
export const isSameWindow = (rule: RateRule, msLeft: number, otherMsLeft: number): boolean =>
  Math.abs(msLeft - otherMsLeft) < rule.windowS * 500;
