import { v7 as uuid } from 'uuid';
import { badInput, notFound } from '#platform/base/errors/errors.ts';
import type { Logger } from '#platform/base/log/log.ts';
import { recentlyUsed } from '#platform/base/recently-used.ts';
import { isUuid } from '#platform/base/uuid.ts';
import type { Usage } from '#platform/contracts/events.ts';
import { pageSize } from '#platform/data/paging/paging.ts';
import { EVERYBODY, type SpentBudget, type SpentBudgets } from '#platform/identity/limits/spent-budgets.ts';
import { Prisma, type PrismaClient } from '#prisma/analytics/client/client.ts';
import { type BudgetPeriod, budgetPeriod, startOf } from './period.ts';

/** Costs are kept in it. */
const CURRENCY = 'USD';

/** What the column of limits holds: 38 digits, 18 of them after the point. */
const LIMIT_BELOW = new Prisma.Decimal('1e20');
const LIMIT_PLACES = 18;

export interface Budget {
  readonly id: string;
  /** Empty: everybody's calls together. */
  readonly userId: string;
  readonly period: BudgetPeriod;
  readonly limit: Prisma.Decimal;
  readonly alertAt: readonly number[];
  readonly enforcement: BudgetEnforcement;
}

/** The effect of a budget. SOFT: alerts alone. HARD: once it is spent, calls are refused until the period ends. */
export type BudgetEnforcement = 'SOFT' | 'HARD';

/** A budget that stops a user. */
interface BindingBudget extends Pick<Budget, 'userId' | 'period' | 'limit'> {
  readonly isDefault: boolean;
}

/** What is known of a user who has the default budget: it is not added up for every call. */
interface Allowance {
  left: Prisma.Decimal;
  readonly until: number;
}

/** A part of the list of budgets. */
export interface BudgetPage {
  readonly first?: number | null;
  readonly after?: string | null;
}

/** Most budgets of one page, which is also what a page has that does not say. */
const MAX_PAGE = 1_000;

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

/** The limits on cost, the alerts that say how much of them is spent, and the word to the model layer that one is. */
export class Budgets {
  readonly #db: PrismaClient;
  readonly #log: Logger;
  readonly #spent: SpentBudgets;
  readonly #default: Prisma.Decimal;
  readonly #allowances = recentlyUsed<Allowance>(MAX_ALLOWANCES);

  constructor({ db, log, spent, userBudgetPerDay }: BudgetsOptions) {
    this.#db = db;
    this.#log = log;
    this.#spent = spent;
    this.#default = new Prisma.Decimal(userBudgetPerDay);
  }

  /**
   * Returns a page of the budgets, the oldest first.
   *
   * @param userId whose; absent: all.
   * @param page how many, and the id of the last one of the page before.
   * @throws {CodedError} BAD_USER_INPUT.
   */
  async list(userId: string | undefined, { first, after }: BudgetPage): Promise<Budget[]> {
    if (after != null && !isUuid(after)) throw badInput('after', 'is not the id of a budget.');
    return (await this.#db.budget.findMany({
      where: {
        ...(userId !== undefined && { userId: { in: [userId, EVERYBODY] } }),
        ...(after != null && { id: { gt: after } }),
      },
      orderBy: { id: 'asc' },
      take: pageSize('first', first, MAX_PAGE, MAX_PAGE),
    })) as Budget[];
  }

  /**
   * Sets a budget. Alerts of this period whose share is not reached any more are taken back: they are raised again.
   *
   * @throws {CodedError} BAD_USER_INPUT.
   */
  async set(input: {
    /** EVERYBODY, or whose. */
    userId: string;
    period: BudgetPeriod;
    limit: string;
    alertAt: readonly number[];
    enforcement: BudgetEnforcement;
  }): Promise<Budget> {
    const limit = new Prisma.Decimal(input.limit);
    if (limit.lessThanOrEqualTo(0)) throw badInput('input.limit', `is ${input.limit}; a limit is more than 0.`);
    if (limit.greaterThanOrEqualTo(LIMIT_BELOW) || limit.decimalPlaces() > LIMIT_PLACES)
      throw badInput(
        'input.limit',
        `is ${input.limit}; a limit has at most 20 digits before the point and 18 after it.`,
      );
    if (input.alertAt.length > 10)
      throw badInput('input.alertAt', `has ${input.alertAt.length} shares; at most 10 are possible.`);
    const wrong = input.alertAt.find((share) => !(share > 0 && share <= 1));
    if (wrong !== undefined) throw badInput('input.alertAt', `holds ${wrong}; a share is more than 0 and at most 1.`);
    const alertAt = [...new Set(input.alertAt)].sort((a, b) => a - b);
    const { userId, period, enforcement } = input;
    const budget = await this.#db.$transaction(async (tx) => {
      const set = (await tx.budget.upsert({
        where: { userId_period: { userId, period } },
        create: { id: uuid(), userId, period, limit, alertAt, enforcement },
        update: { limit, alertAt, enforcement },
      })) as Budget;
      const at = new Date();
      const [spent] = await spentIn(tx, [{ ...set, at }]);
      const raised = { budgetId: set.id, periodStart: budgetPeriod(period, at).from };
      const alerts = await tx.budgetAlert.findMany({ where: raised });
      const ahead = alerts.flatMap(({ share }) => (spent!.lessThan(limit.times(share)) ? share : []));
      if (ahead.length > 0) await tx.budgetAlert.deleteMany({ where: { ...raised, share: { in: ahead } } });
      return set;
    });
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
  async enforce(userId: string): Promise<void> {
    const budgets = (await this.#db.budget.findMany({ where: { userId } })) as Budget[];
    await this.#enforceAll(this.#db, [userId], budgets);
  }

  /** The same for several users, whose budgets are given. */
  async #enforceAll(
    db: PrismaClient | Prisma.TransactionClient,
    users: readonly string[],
    budgets: readonly Budget[],
  ): Promise<void> {
    const now = new Date();
    const byUser = Map.groupBy(budgets, ({ userId }) => userId);
    const binding = users.flatMap((userId) => this.#binding(userId, byUser.get(userId) ?? []));
    const sums = await spentIn(
      db,
      binding.map((budget) => ({ ...budget, at: now })),
    );
    const last = new Map<string, SpentBudget>();
    for (const [index, { userId, period, limit, isDefault }] of binding.entries()) {
      const spent = sums[index]!;
      if (isDefault) this.#allowances.set(userId, { left: limit.minus(spent), until: now.getTime() + BELIEVED_MS });
      if (spent.lessThan(limit)) continue;
      const resetsAt = budgetPeriod(period, now).to.toISOString();
      if ((last.get(userId)?.resetsAt ?? '') < resetsAt)
        last.set(userId, { period, limit: limit.toFixed(), currency: CURRENCY, resetsAt });
    }
    await Promise.all(users.map((userId) => this.#spent.note(userId, last.get(userId))));
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
    const users = [...new Set([...hard.map(({ userId }) => userId), ...dear.map(({ user_id }) => user_id)])];
    const budgets = (await this.#db.budget.findMany({ where: { userId: { in: users } } })) as Budget[];
    await this.#enforceAll(this.#db, users, budgets);
  }

  /** The budgets that stop a user: those that are set, and a day's default where none is set for the user's day. */
  #binding(userId: string, budgets: readonly Budget[]): BindingBudget[] {
    const hard = budgets
      .filter(({ enforcement }) => enforcement === 'HARD')
      .map((one) => ({ ...one, isDefault: false }));
    if (!this.#hasDefault(userId, budgets)) return hard;
    return [...hard, { userId, period: 'DAY', limit: this.#default, isDefault: true }];
  }

  #hasDefault(userId: string, budgets: readonly Budget[]): boolean {
    return userId !== EVERYBODY && !this.#default.isZero() && !budgets.some(({ period }) => period === 'DAY');
  }

  /** Returns what the calls of each budget's period have come to, in the order of the budgets. */
  spent(budgets: readonly Budget[], at = new Date()): Promise<Prisma.Decimal[]> {
    return spentIn(
      this.#db,
      budgets.map((budget) => ({ ...budget, at })),
    );
  }

  /** Returns the alerts of each budget's period, in the order of the budgets, the smallest share first. */
  async alerts(budgets: readonly Budget[], at = new Date()): Promise<{ share: number; at: Date }[][]> {
    const periods = Map.groupBy(budgets, ({ period }) => period);
    const found = await this.#db.budgetAlert.findMany({
      where: {
        OR: [...periods].map(([period, own]) => ({
          periodStart: budgetPeriod(period, at).from,
          budgetId: { in: own.map(({ id }) => id) },
        })),
      },
      orderBy: { share: 'asc' },
    });
    const byBudget = Map.groupBy(found, ({ budgetId }) => budgetId);
    return budgets.map(({ id }) => byBudget.get(id) ?? []);
  }

  /**
   * Raises the alerts that recorded calls have brought about, each once a period, and stops further calls where a
   * budget is spent. In the transaction of the calls.
   */
  async watch(tx: Prisma.TransactionClient, calls: readonly Pick<Usage, 'userId' | 'at' | 'cost'>[]): Promise<void> {
    const users = [...new Set(calls.map(({ userId }) => userId))];
    const budgets = await budgetsOf(tx, [...users, EVERYBODY]);
    await this.#alert(tx, budgets, calls);
    const byUser = Map.groupBy(budgets, ({ userId }) => userId);
    const isHard = (userId: string) => byUser.get(userId)?.some(({ enforcement }) => enforcement === 'HARD') ?? false;
    const paid = calls.filter(({ cost }) => cost !== undefined);
    const doubtful = new Set<string>();
    for (const { userId, cost } of paid)
      if (isHard(userId) || (this.#hasDefault(userId, byUser.get(userId) ?? []) && !this.#mayGoOn(userId, cost!)))
        doubtful.add(userId);
    if (paid.length > 0 && isHard(EVERYBODY)) doubtful.add(EVERYBODY);
    if (doubtful.size > 0) await this.#enforceAll(tx, [...doubtful], budgets);
  }

  /** Whether what was left of the default budget pays for this call as well. */
  #mayGoOn(userId: string, cost: string): boolean {
    const allowance = this.#allowances.get(userId);
    if (!allowance || allowance.until < Date.now()) return false;
    allowance.left = allowance.left.minus(cost);
    return allowance.left.greaterThan(0);
  }

  async #alert(
    tx: Prisma.TransactionClient,
    budgets: readonly Budget[],
    calls: readonly Pick<Usage, 'userId' | 'at'>[],
  ): Promise<void> {
    const periods = budgets
      .filter(({ alertAt }) => alertAt.length > 0)
      .flatMap((budget) => {
        const own = calls.filter(({ userId }) => budget.userId === EVERYBODY || budget.userId === userId);
        const starts = new Set(own.map(({ at }) => budgetPeriod(budget.period, new Date(at)).from.getTime()));
        return [...starts].map((start) => ({ ...budget, at: new Date(start) }));
      });
    const sums = await spentIn(tx, periods);
    for (const [index, { id, userId, limit, alertAt, at: periodStart }] of periods.entries()) {
      const spent = sums[index]!;
      const reached = alertAt.filter((share) => spent.greaterThanOrEqualTo(limit.times(share)));
      if (reached.length === 0) continue;
      const { count } = await tx.budgetAlert.createMany({
        data: reached.map((share) => ({ budgetId: id, periodStart, share })),
        skipDuplicates: true,
      });
      if (count === 0) continue;
      const whose = userId === EVERYBODY ? 'everybody' : userId;
      this.#log.warn(
        { budgetId: id, userId: whose, share: reached.at(-1), spent: spent.toFixed() },
        'a budget reached an alert',
      );
    }
  }
}

/** The budgets of many users, by one statement that is the same for any number of them. */
const budgetsOf = (tx: Prisma.TransactionClient, users: readonly string[]): Promise<Budget[]> =>
  tx.$queryRaw<Budget[]>`
    SELECT id::text, user_id AS "userId", period, "limit", alert_at AS "alertAt", enforcement
    FROM budgets WHERE user_id IN (SELECT jsonb_array_elements_text(${JSON.stringify(users)}::jsonb))`;

/** What the calls of each budget's period have come to, in the order of the budgets, by one statement. */
async function spentIn(
  db: PrismaClient | Prisma.TransactionClient,
  budgets: readonly (Pick<Budget, 'userId' | 'period'> & { readonly at: Date })[],
): Promise<Prisma.Decimal[]> {
  if (budgets.length === 0) return [];
  const asked = budgets.map(({ userId, period, at }, place) => ({
    place,
    user_id: userId,
    begins: startOf('DAY', budgetPeriod(period, at).from),
    ends: budgetPeriod(period, at).to,
  }));
  const rows = await db.$queryRaw<{ spent: Prisma.Decimal | null }[]>`
    WITH asked AS (SELECT * FROM jsonb_to_recordset(${JSON.stringify(asked)}::jsonb)
      AS asked (place int, user_id text, begins timestamptz, ends timestamptz))
    SELECT CASE WHEN user_id = ${EVERYBODY}
      THEN (SELECT sum(cost) FROM rollups WHERE "interval" = 'DAY' AND at >= begins AND at < ends)
      ELSE (SELECT sum(cost) FROM rollups AS own
            WHERE "interval" = 'DAY' AND at >= begins AND at < ends AND own.user_id = asked.user_id) END AS spent
    FROM asked ORDER BY place`;
  return rows.map(({ spent }) => new Prisma.Decimal(spent ?? 0));
}
