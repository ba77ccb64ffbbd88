import { createApolloPlanner } from './apollo-planner.ts';
import { createDoubt } from './doubts.ts';
import { createNativePlanner } from './native-planner.ts';
import type { Plan } from './plan.ts';
import type { Planner } from './planner.ts';

export type PlannerChoice = 'auto' | 'apollo' | 'native';

/**
 * The planner of a supergraph. `auto`, the default, plans with Apollo's planner and asks the native one for the plans
 * that there is reason to doubt. Neither alone is right: Apollo's gives wrong answers in six of the 199 cases of the
 * federation audit; the native one cannot plan a @requires one level below another field of the same subgraph, and knows
 * nothing of @fromContext.
 *
 * @throws for `native`, where there is no binary for this platform.
 */
export async function createPlanner(sdl: string, choice: PlannerChoice = 'auto'): Promise<Planner> {
  if (choice === 'native') return createNativePlanner(sdl);
  const apollo = createApolloPlanner(sdl);
  if (choice === 'apollo') return apollo;
  const doubt = createDoubt(sdl);
  let native: Promise<Planner | undefined> | undefined;
  return {
    name: 'auto',
    async plan(normalized) {
      let plan: Plan | undefined;
      let failure: unknown;
      try {
        plan = await apollo.plan(normalized);
        if (doubt(normalized, plan) === undefined) return plan;
      } catch (error) {
        failure = error;
      }
      // Loaded at its first use: most supergraphs never need it, and not every platform has it.
      native ??= createNativePlanner(sdl).catch(() => undefined);
      const second = await native;
      if (!second || normalized.overlaps) return orThrow(plan, failure);
      try {
        return await second.plan(normalized);
      } catch (error) {
        const isEmpty = plan && !plan.root && !plan.primary;
        return orThrow(isEmpty ? undefined : plan, failure ?? error);
      }
    },
  };
}

/** What Apollo's gateway would run, or why there is no plan. */
function orThrow(plan: Plan | undefined, failure: unknown): Plan {
  if (plan) return plan;
  throw failure;
}
