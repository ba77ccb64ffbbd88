import { guarded } from '#platform/base/faults/guarded.ts';
import type { Usage } from '#platform/contracts/events.ts';
import type { SubgraphDefinition } from '#platform/host/definition.ts';
import { openStorage } from '#platform/host/storage.ts';
import { SpentBudgets } from '#platform/identity/limits/spent-budgets.ts';
import { type Prisma, PrismaClient } from '#prisma/analytics/client/client.ts';
import { Budgets } from './budgets.ts';
import { forgetUser, recordCall } from './record.ts';
import { createLoaders, createResolvers } from './resolvers.ts';
import { UsageReader } from './usage.ts';

/** How often it is said again which budgets are spent, in ms. */
const ENFORCE_MS = 300_000;

/** What models were used for, by whom, at what cost and how fast. Learns everything from events. */
export const analytics: SubgraphDefinition = {
  name: 'analytics',
  schemaFile: new URL('./schema.graphql', import.meta.url),
  async start(platform) {
    const { config, cache, events, log, lifecycle } = platform;
    const storage = await openStorage<PrismaClient, Prisma.TransactionClient>(platform, 'analytics', PrismaClient);
    const { db } = storage;
    const usage = new UsageReader(db);
    const spent = new SpentBudgets(cache);
    const budgets = new Budgets({ db, log, spent, userBudgetPerDay: config.USER_BUDGET_PER_DAY });
    const guard = { where: 'budgets', log };
    void events.started.then(guarded(guard, () => budgets.enforceAll()));
    const enforcing = setInterval(
      guarded(guard, () => budgets.enforceAll()),
      ENFORCE_MS,
    ).unref();
    lifecycle.defer(() => clearInterval(enforcing));
    const count = async ({ payload }: { payload: Usage }, tx: Prisma.TransactionClient) => {
      await recordCall(tx, payload);
      await budgets.watch(tx, payload.userId, new Date(payload.at), payload.cost);
    };
    await storage.consume({
      'llm.called': count,
      'embedding.called': count,
      'image.called': count,
      'user.deleted': ({ payload }, tx) => forgetUser(tx, payload.userId),
    });
    return {
      resolvers: createResolvers(db, usage, budgets),
      loaders: (request) => createLoaders(usage, request),
    };
  },
};
