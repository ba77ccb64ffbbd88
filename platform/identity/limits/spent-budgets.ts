import { CodedError } from '../../base/errors/errors.ts';
import type { Cache } from '../../realtime/cache/cache.ts';

/** A budget of money that is spent: nothing more is paid for before the period ends. */
export interface SpentBudget {
  readonly period: 'DAY' | 'MONTH';
  /** A decimal number, in `currency`. */
  readonly limit: string;
  /** ISO 4217. */
  readonly currency: string;
  /** ISO 8601: when the next period begins. */
  readonly resetsAt: string;
}

/** Everybody together. */
export const EVERYBODY = '';

/**
 * The budgets that are spent: analytics says so, and whatever calls a model asks. It is kept in the cache that all
 * processes share; analytics says it again from time to time, because a cache may forget.
 */
export class SpentBudgets {
  readonly #cache: Pick<Cache, 'get' | 'set' | 'delete'>;

  constructor(cache: Pick<Cache, 'get' | 'set' | 'delete'>) {
    this.#cache = cache;
  }

  /** Says what is spent of a user, or of everybody together; undefined: nothing is. */
  async note(userId: string, spent: SpentBudget | undefined): Promise<void> {
    const ttlMs = spent ? Date.parse(spent.resetsAt) - Date.now() : 0;
    if (spent && ttlMs > 0) await this.#cache.set(keyOf(userId), { ...spent }, { ttlMs });
    else await this.#cache.delete(keyOf(userId));
  }
}

/**
 * Refuses a call whose budget is spent.
 *
 * @throws {CodedError} BUDGET_EXCEEDED with `resetsAt`.
 */
export async function checkBudgets(cache: Pick<Cache, 'get'>, userId: string): Promise<void> {
  const [own, shared] = await Promise.all(
    [userId, EVERYBODY].map((whose) => cache.get<{ [Key in keyof SpentBudget]: SpentBudget[Key] }>(keyOf(whose))),
  );
  const spent = own ?? shared;
  if (!spent || Date.parse(spent.resetsAt) <= Date.now()) return;
  const { period, limit, currency, resetsAt } = spent;
  const whose = own ? 'Your budget' : 'The budget of this installation';
  throw new CodedError(
    'BUDGET_EXCEEDED',
    `${whose} of ${limit} ${currency} a ${period.toLowerCase()} is spent. It is renewed at ${resetsAt}; an administrator can raise it with setBudget.`,
    { resetsAt },
  );
}

const keyOf = (userId: string): string => `budget:spent:${userId === EVERYBODY ? 'everybody' : userId}`;
