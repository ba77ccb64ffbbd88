/**
 * The ledger of what users, keys and models may spend. A call reserves its most before it begins and settles what it
 * was afterwards: between the two the reservation counts as spent, so parallel calls cannot overrun a limit together.
 *
 * Two faces: memory (one process) and Redis (all processes). budgets.contract.ts is their common definition.
 */
export interface BudgetLedger {
  /** Claims all or nothing, atomically. */
  reserve(claims: readonly Claim[], now?: number): Promise<Reservation | Refusal>;
  /**
   * Replaces a reservation by what was spent, in the windows in which it was made. The first settlement counts. A
   * reservation that is never settled (the process died) lapses after an hour.
   */
  settle(reservation: Reservation, spent: (claim: Claim) => number): Promise<void>;
}

export type ClaimUnit = 'requests' | 'tokens' | 'nanodollars';

export interface Claim {
  /** Whom it counts for, e.g. `user:<id>`. */
  readonly subject: string;
  readonly unit: ClaimUnit;
  /** Whole units. `minute` slides, days and months are those of the calendar in UTC. */
  readonly limit: number;
  readonly per: 'minute' | 'day' | 'month';
  /** Whole units. */
  readonly amount: number;
}

export interface Reservation {
  readonly ok: true;
  readonly id: string;
  readonly claims: readonly Claim[];
  /** Unix ms; tells the windows. */
  readonly at: number;
}

export interface Refusal {
  readonly ok: false;
  /** The claim that did not fit. */
  readonly claim: Claim;
  /** Units that are left. */
  readonly available: number;
  /** Unix ms at which the window ends, or for the sliding minute: at which enough may be free again. */
  readonly resetsAt: number;
}

export const HOLD_MS = 3_600_000;
const MINUTE_MS = 60_000;

export interface Window {
  /** Names the counter of the window. */
  readonly id: string;
  /** The window before, which still counts in part while a minute slides; undefined for calendar windows. */
  readonly previous: string | undefined;
  /** The part of `previous` that counts, 0 to 1. */
  readonly weight: number;
  /** Unix ms. */
  readonly endsAt: number;
}

/**
 * Returns the window of a claim; the sliding minute is two fixed ones, weighted (as Cloudflare's and Unkey's limiters
 * do).
 */
export function windowOf(per: Claim['per'], now: number): Window {
  if (per === 'minute') {
    const minute = Math.floor(now / MINUTE_MS);
    const endsAt = (minute + 1) * MINUTE_MS;
    return { id: `m${minute}`, previous: `m${minute - 1}`, weight: (endsAt - now) / MINUTE_MS, endsAt };
  }
  const date = new Date(now);
  const day = date.toISOString().slice(0, per === 'day' ? 10 : 7);
  const endsAt =
    per === 'day'
      ? Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate() + 1)
      : Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
  return { id: day, previous: undefined, weight: 0, endsAt };
}

/** Returns the name under which a claim is counted. */
export const counterOf = (claim: Claim): string => `${claim.subject}:${claim.unit}:${claim.per}`;
