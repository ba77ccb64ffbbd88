import DataLoader from 'dataloader';
import type { RequestContext } from '#platform/host/definition.ts';
import { requireScope } from '#platform/identity/identity.ts';
import type { AnalyticsParts } from './parts.ts';
import type { Totals } from './usage.ts';

export interface Loaders {
  readonly byMessage: DataLoader<string, Totals | null>;
  readonly byConversation: DataLoader<string, Totals | null>;
}
/** Creates the loaders of one operation. */
export function createLoaders({ usage }: AnalyticsParts, { identity }: RequestContext): Loaders {
  const by = (read: (userId: string, ids: readonly string[]) => Promise<Map<string, Totals>>) =>
    new DataLoader<string, Totals | null>(async (ids) => {
      const totals = await read(requireScope(identity, 'analytics:read').userId, ids);
      return ids.map((id) => totals.get(id) ?? null);
    });
  return {
    byMessage: by((userId, ids) => usage.byMessage(userId, ids)),
    byConversation: by((userId, ids) => usage.byConversation(userId, ids)),
  };
}
