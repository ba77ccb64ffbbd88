import type { PrismaClient } from '#prisma/analytics/client/client.ts';
import type { Budgets } from './budgets.ts';
import type { UsageReader } from './usage.ts';

/** The parts that analytics works with. */
export interface AnalyticsParts {
  readonly db: PrismaClient;
  readonly usage: UsageReader;
  readonly budgets: Budgets;
}
