import DataLoader from 'dataloader';
import type { RequestContext } from '#platform/host/definition.ts';
import { requireScope } from '#platform/identity/identity.ts';
import type { Prisma } from '#prisma/analytics/client/client.ts';
import type { Budget } from './budgets.ts';
import type { AnalyticsParts } from './parts.ts';
import type { Totals } from './usage.ts';

export interface Loaders {
  readonly byMessage: DataLoader<string, Totals | null>;
  readonly byConversation: DataLoader<string, Totals | null>;
  /** What the calls of a budget's period have come to, and its alerts. */
  readonly spent: DataLoader<Budget, Prisma.Decimal>;
  readonly alerts: DataLoader<Budget, { share: number; at: Date }[]>;
}
/** Creates the loaders of one operation. */
export function createLoaders({ usage, budgets }: AnalyticsParts, { identity }: RequestContext): Loaders {
  const by = (read: (userId: string, ids: readonly string[]) => Promise<Map<string, Totals>>) =>
    new DataLoader<string, Totals | null>(async (ids) => {
      const totals = await read(requireScope(identity, 'analytics:read').userId, ids);
      return ids.map((id) => totals.get(id) ?? null);
    });
  return {
    byMessage: by((userId, ids) => usage.byMessage(userId, ids)),
    byConversation: by((userId, ids) => usage.byConversation(userId, ids)),
    spent: new DataLoader((asked) => budgets.spent(asked)),
    alerts: new DataLoader((asked) => budgets.alerts(asked)),
  };
}
