import { validate as isUuid, v7 as uuid } from 'uuid';
import { badInput, notFound } from '#platform/errors/errors.ts';
import type { Logger } from '#platform/log/log.ts';
import { Prisma, type PrismaClient } from '#prisma/analytics/client/client.ts';
import { type BudgetPeriod, budgetPeriod, startOf } from './period.ts';

export interface Budget {
  readonly id: string;
  /** Empty: everybody's calls together. */
  readonly userId: string;
  readonly period: BudgetPeriod;
  readonly limit: Prisma.Decimal;
  readonly alertAt: readonly number[];
}

/** Limits on cost and the alerts that say how much of them is spent. The language-model layer enforces; this watches. */
export class Budgets {
  readonly #db: PrismaClient;
  readonly #log: Logger;

  constructor(db: PrismaClient, log: Logger) {
    this.#db = db;
    this.#log = log;
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
  }): Promise<Budget> {
    const limit = new Prisma.Decimal(input.limit);
    if (limit.lessThanOrEqualTo(0)) throw badInput('input.limit', `is ${input.limit}; a limit is more than 0.`);
    if (input.alertAt.length > 10)
      throw badInput('input.alertAt', `has ${input.alertAt.length} shares; at most 10 are possible.`);
    const wrong = input.alertAt.find((share) => !(share > 0 && share <= 1));
    if (wrong !== undefined) throw badInput('input.alertAt', `holds ${wrong}; a share is more than 0 and at most 1.`);
    const alertAt = [...new Set(input.alertAt)].sort((a, b) => a - b);
    const { userId, period } = input;
    return (await this.#db.budget.upsert({
      where: { userId_period: { userId, period } },
      create: { id: uuid(), userId, period, limit, alertAt },
      update: { limit, alertAt },
    })) as Budget;
  }

  async delete(id: string): Promise<void> {
    const { count } = isUuid(id) ? await this.#db.budget.deleteMany({ where: { id } }) : { count: 0 };
    if (count === 0) throw notFound('The budget');
  }

  spent(budget: Budget, at = new Date()): Promise<Prisma.Decimal> {
    return spentIn(this.#db, budget, at);
  }

  alerts(budget: Budget, at = new Date()): Promise<{ share: number; at: Date }[]> {
    const periodStart = budgetPeriod(budget.period, at).from;
    return this.#db.budgetAlert.findMany({ where: { budgetId: budget.id, periodStart }, orderBy: { share: 'asc' } });
  }

  /** Raises the alerts that a recorded call has brought about, each once a period. In the call's transaction. */
  async watch(tx: Prisma.TransactionClient, userId: string, at: Date): Promise<void> {
    for (const budget of (await tx.budget.findMany({ where: { userId: { in: [userId, ''] } } })) as Budget[]) {
      const spent = await spentIn(tx, budget, at);
      const reached = budget.alertAt.filter((share) => spent.greaterThanOrEqualTo(budget.limit.times(share)));
      if (reached.length === 0) continue;
      const periodStart = budgetPeriod(budget.period, at).from;
      const { count } = await tx.budgetAlert.createMany({
        data: reached.map((share) => ({ budgetId: budget.id, periodStart, share })),
        skipDuplicates: true,
      });
      if (count === 0) continue;
      const whose = budget.userId === '' ? 'everybody' : budget.userId;
      this.#log.warn(
        { budgetId: budget.id, userId: whose, share: reached.at(-1), spent: spent.toFixed() },
        'a budget reached an alert',
      );
    }
  }
}

async function spentIn(db: PrismaClient | Prisma.TransactionClient, budget: Budget, at: Date): Promise<Prisma.Decimal> {
  const { from, to } = budgetPeriod(budget.period, at);
  const { _sum } = await db.rollup.aggregate({
    where: {
      interval: 'DAY',
      at: { gte: startOf('DAY', from), lt: to },
      ...(budget.userId !== '' && { userId: budget.userId }),
    },
    _sum: { cost: true },
  });
  return _sum.cost ?? new Prisma.Decimal(0);
}
