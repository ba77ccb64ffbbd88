import type { Usage } from '#platform/contracts/events.ts';
import type { Prisma } from '#prisma/analytics/client/client.ts';
import { type Interval, startOf } from './period.ts';
import { addRows, sumsBy } from './sums.ts';

const INTERVALS: readonly Interval[] = ['HOUR', 'DAY'];
const KEY = ['interval', 'at', 'user_id', 'operation', 'provider', 'model', 'outcome', 'currency'];

/** Adds calls to the sums of their hours and days, by one statement. */
export async function addToRollups(tx: Prisma.TransactionClient, usages: readonly Usage[]): Promise<void> {
  const rows = INTERVALS.flatMap((interval) =>
    sumsBy(usages, ({ at, userId, operation, provider, model, outcome, currency }) => ({
      interval,
      at: startOf(interval, new Date(at)),
      user_id: userId,
      operation,
      provider,
      model,
      outcome: outcome.toUpperCase(),
      currency,
    })),
  );
  await addRows(tx, 'rollups', KEY, rows);
}
