import { LRUCache } from 'lru-cache';
import { validate as isUuid, v7 as uuid } from 'uuid';
import { badInput, notFound } from '#platform/base/errors/errors.ts';
import type { Logger } from '#platform/base/log/log.ts';
import { EVERYBODY, type SpentBudget, type SpentBudgets } from '#platform/identity/limits/spent-budgets.ts';
import { Prisma, type PrismaClient } from '#prisma/analytics/client/client.ts';
import { type BudgetPeriod, budgetPeriod, startOf } from './period.ts';

/** Costs are kept in it. */
const CURRENCY = 'USD';

export interface Budget {
  readonly id: string;
  /** Empty: everybody's calls together. */
  readonly userId: string;
  readonly period: BudgetPeriod;
  readonly limit: Prisma.Decimal;
  readonly alertAt: readonly number[];
  readonly enforcement: BudgetEnforcement;
}

/** SOFT: alerts alone. HARD: once it is spent, calls are refused until the period ends. */
export type BudgetEnforcement = 'SOFT' | 'HARD';

/** What is known of a user who has the default budget: it is not added up for every call. */
interface Allowance {
  left: Prisma.Decimal;
  readonly until: number;
}

/** How long the sum of a user's calls is believed, in ms: other processes count calls too. */
const BELIEVED_MS = 60_000;
const MAX_ALLOWANCES = 10_000;

export interface BudgetsOptions {
  readonly db: PrismaClient;
  readonly log: Logger;
  readonly spent: SpentBudgets;
  /** US dollars a day of each user for whom no daily budget is set; 0: no limit. */
  readonly userBudgetPerDay: string;
}

/** Limits on cost, the alerts that say how much of them is spent, and the word to the model layer that one is. */
export class Budgets {
  readonly #db: PrismaClient;
  readonly #log: Logger;
  readonly #spent: SpentBudgets;
  readonly #default: Prisma.Decimal;
  readonly #allowances = new LRUCache<string, Allowance>({ max: MAX_ALLOWANCES });

  constructor({ db, log, spent, userBudgetPerDay }: BudgetsOptions) {
    this.#db = db;
    this.#log = log;
    this.#spent = spent;
    this.#default = new Prisma.Decimal(userBudgetPerDay);
  }

  /** @param userId whose; absent: all. */
  async list(userId?: string): Promise<Budget[]> {
    const where = userId === undefined ? {} : { userId: { in: [userId, ''] } };
    return (await this.#db.budget.findMany({ where, orderBy: { id: 'asc' } })) as Budget[];
  }

  async set(input: {
    userId: string;
    period: BudgetPeriod;
    limit: string;
    alertAt: readonly number[];
    enforcement: BudgetEnforcement;
  }): Promise<Budget> {
    const limit = new Prisma.Decimal(input.limit);
    if (limit.lessThanOrEqualTo(0)) throw badInput('input.limit', `is ${input.limit}; a limit is more than 0.`);
    if (input.alertAt.length > 10)
      throw badInput('input.alertAt', `has ${input.alertAt.length} shares; at most 10 are possible.`);
    const wrong = input.alertAt.find((share) => !(share > 0 && share <= 1));
    if (wrong !== undefined) throw badInput('input.alertAt', `holds ${wrong}; a share is more than 0 and at most 1.`);
    const alertAt = [...new Set(input.alertAt)].sort((a, b) => a - b);
    const { userId, period, enforcement } = input;
    const budget = (await this.#db.budget.upsert({
      where: { userId_period: { userId, period } },
      create: { id: uuid(), userId, period, limit, alertAt, enforcement },
      update: { limit, alertAt, enforcement },
    })) as Budget;
    await this.enforce(userId);
    return budget;
  }

  async delete(id: string): Promise<void> {
    const budget = isUuid(id) ? await this.#db.budget.findUnique({ where: { id } }) : null;
    if (!budget) throw notFound('The budget');
    await this.#db.budget.deleteMany({ where: { id } });
    await this.enforce(budget.userId);
  }

  /** Adds up what a user's calls, or everybody's, have come to, and says whether they may go on. */
  async enforce(userId: string, db: PrismaClient | Prisma.TransactionClient = this.#db): Promise<void> {
    const now = new Date();
    const budgets = (await db.budget.findMany({ where: { userId } })) as Budget[];
    let last: SpentBudget | undefined;
    for (const budget of this.#binding(userId, budgets)) {
      const spent = await spentIn(db, { ...budget, userId }, now);
      if (budget.isDefault)
        this.#allowances.set(userId, { left: budget.limit.minus(spent), until: now.getTime() + BELIEVED_MS });
      if (spent.lessThan(budget.limit)) continue;
      const resetsAt = budgetPeriod(budget.period, now).to.toISOString();
      if (last === undefined || last.resetsAt < resetsAt)
        last = { period: budget.period, limit: budget.limit.toFixed(), currency: CURRENCY, resetsAt };
    }
    await this.#spent.note(userId, last);
  }

  /** Says again what is spent: the place where that is kept may forget. */
  async enforceAll(): Promise<void> {
    const hard = await this.#db.budget.findMany({ where: { enforcement: 'HARD' }, select: { userId: true } });
    const today = startOf('DAY', new Date());
    const dear = this.#default.isZero()
      ? []
      : await this.#db.$queryRaw<{ user_id: string }[]>`
          SELECT user_id FROM rollups WHERE "interval" = 'DAY' AND at = ${today} AND user_id <> ''
          GROUP BY user_id HAVING sum(cost) >= ${this.#default}`;
    const users = new Set([...hard.map(({ userId }) => userId), ...dear.map(({ user_id }) => user_id)]);
    for (const userId of users) await this.enforce(userId);
  }

  /** The budgets that stop somebody: those that are set, and a day's default where none is set for the user's day. */
  #binding(userId: string, budgets: readonly Budget[]): (Pick<Budget, 'period' | 'limit'> & { isDefault: boolean })[] {
    const hard = budgets
      .filter(({ enforcement }) => enforcement === 'HARD')
      .map((one) => ({ ...one, isDefault: false }));
    if (!this.#hasDefault(userId, budgets)) return hard;
    return [...hard, { period: 'DAY', limit: this.#default, isDefault: true }];
  }

  #hasDefault(userId: string, budgets: readonly Budget[]): boolean {
    return userId !== EVERYBODY && !this.#default.isZero() && !budgets.some(({ period }) => period === 'DAY');
  }

  spent(budget: Budget, at = new Date()): Promise<Prisma.Decimal> {
    return spentIn(this.#db, budget, at);
  }

  alerts(budget: Budget, at = new Date()): Promise<{ share: number; at: Date }[]> {
    const periodStart = budgetPeriod(budget.period, at).from;
    return this.#db.budgetAlert.findMany({ where: { budgetId: budget.id, periodStart }, orderBy: { share: 'asc' } });
  }

  /**
   * Raises the alerts that a recorded call has brought about, each once a period, and stops further calls where a
   * budget is spent. In the call's transaction.
   *
   * @param cost of the call, in US dollars.
   */
  async watch(tx: Prisma.TransactionClient, userId: string, at: Date, cost: string | undefined): Promise<void> {
    const budgets = (await tx.budget.findMany({ where: { userId: { in: [userId, EVERYBODY] } } })) as Budget[];
    for (const budget of budgets) await this.#alert(tx, budget, at);
    if (cost === undefined) return;
    const own = budgets.filter((budget) => budget.userId === userId);
    const isHard = own.some(({ enforcement }) => enforcement === 'HARD');
    if (isHard || (this.#hasDefault(userId, own) && !this.#mayGoOn(userId, cost))) await this.enforce(userId, tx);
    if (budgets.some((budget) => budget.userId === EVERYBODY && budget.enforcement === 'HARD'))
      await this.enforce(EVERYBODY, tx);
  }

  /** Whether what was left of the default budget pays for this call as well. */
  #mayGoOn(userId: string, cost: string): boolean {
    const allowance = this.#allowances.get(userId);
    if (!allowance || allowance.until < Date.now()) return false;
    allowance.left = allowance.left.minus(cost);
    return allowance.left.greaterThan(0);
  }

  async #alert(tx: Prisma.TransactionClient, budget: Budget, at: Date): Promise<void> {
    const spent = await spentIn(tx, budget, at);
    const reached = budget.alertAt.filter((share) => spent.greaterThanOrEqualTo(budget.limit.times(share)));
    if (reached.length === 0) return;
    const periodStart = budgetPeriod(budget.period, at).from;
    const { count } = await tx.budgetAlert.createMany({
      data: reached.map((share) => ({ budgetId: budget.id, periodStart, share })),
      skipDuplicates: true,
    });
    if (count === 0) return;
    const whose = budget.userId === EVERYBODY ? 'everybody' : budget.userId;
    this.#log.warn(
      { budgetId: budget.id, userId: whose, share: reached.at(-1), spent: spent.toFixed() },
      'a budget reached an alert',
    );
  }
}

async function spentIn(
  db: PrismaClient | Prisma.TransactionClient,
  budget: Pick<Budget, 'userId' | 'period'>,
  at: Date,
): Promise<Prisma.Decimal> {
  const { from, to } = budgetPeriod(budget.period, at);
  const { _sum } = await db.rollup.aggregate({
    where: {
      interval: 'DAY',
      at: { gte: startOf('DAY', from), lt: to },
      ...(budget.userId !== EVERYBODY && { userId: budget.userId }),
    },
    _sum: { cost: true },
  });
  return _sum.cost ?? new Prisma.Decimal(0);
}
