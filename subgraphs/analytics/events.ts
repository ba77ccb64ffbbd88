import type { Usage } from '#platform/contracts/events.ts';
import type { EventHandlers } from '#platform/data/outbox/outbox.ts';
import type { Prisma } from '#prisma/analytics/client/client.ts';
import type { AnalyticsParts } from './parts.ts';
import { forgetUser, recordCalls } from './record.ts';

/** Returns what analytics does about what others tell: calls are counted, deleted users forgotten. */
export function eventHandlers({ budgets }: Pick<AnalyticsParts, 'budgets'>): EventHandlers<Prisma.TransactionClient> {
  const count = {
    async handle(events: readonly { payload: Usage }[], tx: Prisma.TransactionClient) {
      const counted = await recordCalls(
        tx,
        events.map(({ payload }) => payload),
      );
      await budgets.watch(tx, counted);
    },
  };
  return {
    'llm.called': count,
    'embedding.called': count,
    'image.called': count,
    'user.deleted': ({ payload }, tx) => forgetUser(tx, payload.userId),
  };
}
