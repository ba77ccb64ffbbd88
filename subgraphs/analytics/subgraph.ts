import { every } from '#platform/base/faults/every.ts';
import { guarded } from '#platform/base/faults/guarded.ts';
import type { SubgraphDefinition } from '#platform/host/definition.ts';
import { openStorage } from '#platform/host/storage.ts';
import { SpentBudgets } from '#platform/identity/limits/spent-budgets.ts';
import { type Prisma, PrismaClient } from '#prisma/analytics/client/client.ts';
import { Budgets } from './budgets.ts';
import { sumUnsummed } from './conversation-sums.ts';
import { eventHandlers } from './events.ts';
import { createLoaders } from './loaders.ts';
import type { AnalyticsParts } from './parts.ts';
import { createResolvers } from './resolvers/resolvers.ts';
import { UsageReader } from './usage.ts';

/** How often it is said again which budgets are spent, and what another version has recorded is summed, in ms. */
const ENFORCE_MS = 300_000;

/** How many replicas share the calls of an installation. */
const LANES = 4;
/** Calls of one transaction at most: what it costs itself is shared by so many, and their sums are written once. */
const BATCH = 500;

/** What models were used for, by whom, at what cost and how fast. Learns of calls from events alone. */
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
    const parts: AnalyticsParts = { db, usage, budgets };
    await storage.consume(eventHandlers(parts), { lanes: LANES, batch: BATCH });
    const closing = new AbortController();
    lifecycle.defer(() => closing.abort());
    const guard = { where: 'budgets', log };
    void events.started.then(guarded(guard, () => budgets.enforceAll()));
    void events.started.then(guarded({ where: 'conversation sums', log }, () => sumUnsummed(db, closing.signal)));
    lifecycle.defer(
      every(ENFORCE_MS, guard, async () => {
        await budgets.enforceAll();
        await sumUnsummed(db, closing.signal);
      }),
    );

    return {
      resolvers: createResolvers(parts),
      loaders: (request) => createLoaders(parts, request),
      routes: storage.parkedRoutes,
    };
  },
};
