import { badInput } from '#platform/base/errors/errors.ts';

/** A span of time: `from` included, `to` excluded. */
export interface Period {
  readonly from: Date;
  readonly to: Date;
}

export type Interval = 'HOUR' | 'DAY';
export type BudgetPeriod = 'DAY' | 'MONTH';

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
const MAX_DAYS = 3 * 366;

/** Returns the period of a filter: by default the 30 days before its end, which is by default now. */
export function periodOf(filter: { from?: Date | null; to?: Date | null }, now = new Date()): Period {
  const to = filter.to ?? now;
  const from = filter.from ?? new Date(to.getTime() - 30 * DAY_MS);
  if (from >= to) throw badInput('filter.from', 'must lie before filter.to.');
  if (to.getTime() - from.getTime() > MAX_DAYS * DAY_MS)
    throw badInput('filter.from', 'lies more than three years before filter.to; ask for a shorter period.');
  return { from, to };
}

/** Returns the beginning of the hour or day (UTC) that a moment lies in. */
export const startOf = (interval: Interval, at: Date): Date => {
  const length = interval === 'HOUR' ? HOUR_MS : DAY_MS;
  return new Date(Math.floor(at.getTime() / length) * length);
};

/** Returns the budget period (UTC) that a moment lies in. */
export function budgetPeriod(period: BudgetPeriod, at: Date): Period {
  const [year, month, day] = [at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate()];
  return period === 'DAY'
    ? { from: new Date(Date.UTC(year, month, day)), to: new Date(Date.UTC(year, month, day + 1)) }
    : { from: new Date(Date.UTC(year, month, 1)), to: new Date(Date.UTC(year, month + 1, 1)) };
}
