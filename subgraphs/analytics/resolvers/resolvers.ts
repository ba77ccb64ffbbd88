import { badInput, forbidden } from '#platform/base/errors/errors.ts';
import { OWN_UUID } from '#platform/base/uuid.ts';
import { COUNTED } from '#platform/data/paging/paging.ts';
import type { ResolverMap } from '#platform/host/definition.ts';
import { type Identity, requireAdmin, requireScope, type UserIdentity } from '#platform/identity/identity.ts';
import { EVERYBODY } from '#platform/identity/limits/spent-budgets.ts';
import type { Budget, BudgetEnforcement, BudgetPage } from '../budgets.ts';
import { readCalls } from '../calls.ts';
import type { AnalyticsParts } from '../parts.ts';
import { type BudgetPeriod, budgetPeriod, DAY_MS, HOUR_MS, type Interval, periodOf } from '../period.ts';
import type { Dimension, UsageSelection } from '../usage.ts';
import type { Context } from './context.ts';

interface Filter {
  from?: Date | null;
  to?: Date | null;
  everybody?: boolean | null;
  userId?: string | null;
  conversationId?: string | null;
  model?: string | null;
  provider?: string | null;
  operation?: string | null;
  outcome?: string | null;
}

const MAX_POINTS = 1000;

const reader = (identity: Identity): UserIdentity => requireScope(identity, 'analytics:read');
const isAdmin = (user: UserIdentity): boolean => user.scopes.includes('admin');

/** What a filter selects for this caller: their own calls, unless an administrator asks for more. */
function select(identity: Identity, filter: Filter): UsageSelection {
  const user = reader(identity);
  const others = filter.everybody === true || (filter.userId != null && filter.userId !== user.userId);
  if (others && !isAdmin(user)) throw forbidden('Only administrators see the usage of others.');
  return {
    period: periodOf(filter),
    userId: filter.everybody === true ? (filter.userId ?? undefined) : (filter.userId ?? user.userId),
    conversationId: filter.conversationId ?? undefined,
    model: filter.model ?? undefined,
    provider: filter.provider ?? undefined,
    operation: filter.operation ?? undefined,
    outcome: filter.outcome ?? undefined,
  };
}

const userRef = (id: string) => (id === '' || id.startsWith('deleted:') ? null : { __typename: 'User', id });

interface SetBudgetInput {
  readonly userId?: string | null;
  readonly period: BudgetPeriod;
  readonly limit: string;
  readonly alertAt: readonly number[];
  readonly enforcement: BudgetEnforcement;
}

/** Creates the resolvers: GraphQL to domain. */
export function createResolvers({ db, usage, budgets }: AnalyticsParts): ResolverMap {
  return {
    Query: {
      usage: (_: unknown, { filter }: { filter?: Filter | null }, { identity }: Context) =>
        usage.totals(select(identity, filter ?? {})),
      usageSeries: (
        _: unknown,
        { filter, interval }: { filter?: Filter | null; interval: Interval },
        { identity }: Context,
      ) => {
        const selection = select(identity, filter ?? {});
        const points =
          (selection.period.to.getTime() - selection.period.from.getTime()) / (interval === 'HOUR' ? HOUR_MS : DAY_MS);
        if (points > MAX_POINTS)
          throw badInput(
            'interval',
            `makes ${Math.ceil(points)} points of this period; at most ${MAX_POINTS} are possible.`,
          );
        return usage.series(selection, interval);
      },
      usageBreakdown: async (
        _: unknown,
        { filter, by, first }: { filter?: Filter | null; by: Dimension; first: number },
        { identity }: Context,
      ) => {
        if (first < 1 || first > 100) throw badInput('first', `is ${first}; 1 to 100 are possible.`);
        const groups = await usage.breakdown(select(identity, filter ?? {}), by, first);
        return groups.map((group) => ({ ...group, user: by === 'USER' ? userRef(group.key) : null }));
      },
      usageCalls: (
        _: unknown,
        { filter, first, after }: { filter?: Filter | null; first: number; after?: string | null },
        { identity }: Context,
      ) => readCalls(db, select(identity, filter ?? {}), first, after),
      budgets: (_: unknown, page: BudgetPage, { identity }: Context) => {
        const user = reader(identity);
        return budgets.list(isAdmin(user) ? undefined : user.userId, page);
      },
    },
    Mutation: {
      setBudget: async (_: unknown, { input }: { input: SetBudgetInput }, { identity }: Context) => {
        requireAdmin(identity);
        // An empty text from a form would be everybody's budget.
        if (input.userId != null && !OWN_UUID.test(input.userId))
          throw badInput('input.userId', 'is not a UUID in lower case; leave it out for all users together.');
        return { budget: await budgets.set({ ...input, userId: input.userId ?? EVERYBODY }) };
      },
      deleteBudget: async (_: unknown, { input }: { input: { id: string } }, { identity }: Context) => {
        requireAdmin(identity);
        await budgets.delete(input.id);
        return { deletedId: input.id };
      },
    },
    User: {
      __resolveReference: (reference: { id: string }) => reference,
      // Another user's usage is not an error: it is simply not shown, so that lists of users stay readable.
      usage: (user: { id: string }, filter: { from?: Date | null; to?: Date | null }, { identity }: Context) => {
        const caller = reader(identity);
        if (user.id !== caller.userId && !isAdmin(caller)) return null;
        return usage.totals({ period: periodOf(filter), userId: user.id });
      },
    },
    Conversation: {
      __resolveReference: (reference: { id: string }) => reference,
      usage: (conversation: { id: string }, _: unknown, { loaders }: Context) =>
        loaders.byConversation.load(conversation.id),
    },
    Message: {
      __resolveReference: (reference: { id: string }) => reference,
      usage: (message: { id: string }, _: unknown, { loaders }: Context) => loaders.byMessage.load(message.id),
    },
    UsageCallConnection: COUNTED,
    UsageCall: {
      user: (call: { userId: string }) => ({ __typename: 'User', id: call.userId }),
    },
    Budget: {
      user: (budget: Budget) => userRef(budget.userId),
      currency: () => 'USD',
      spent: (budget: Budget, _: unknown, { loaders }: Context) => loaders.spent.load(budget),
      resetsAt: (budget: Budget) => budgetPeriod(budget.period, new Date()).to,
      alerts: (budget: Budget, _: unknown, { loaders }: Context) => loaders.alerts.load(budget),
    },
  };
}
