import { createApolloPlanner } from './apollo-planner.ts';
import { createDoubt, entityFetches, readJoins } from './doubts.ts';
import { readInterfaceObjects } from './interface-objects.ts';
import { createNativePlanner } from './native-planner.ts';
import type { NormalizedOperation } from './normalize.ts';
import type { Plan } from './plan.ts';
import type { Planner } from './planner.ts';
import { createSoundness } from './soundness.ts';

export type PlannerChoice = 'auto' | 'apollo' | 'native';

/**
 * The planner of a supergraph. `auto`, the default, plans with Apollo's planner and asks the native one for the plans
 * that there is reason to doubt. Neither alone is right: Apollo's gives wrong answers in six of the 199 cases of the
 * federation audit; the native one cannot plan a @requires one level below another field of the same subgraph, loses
 * conditions where several meet, and knows nothing of @fromContext.
 *
 * @throws for `native`, where there is no binary for this platform.
 */
export async function createPlanner(sdl: string, choice: PlannerChoice = 'auto'): Promise<Planner> {
  if (choice === 'native') return unconditional(await createNativePlanner(sdl));
  const apollo = createApolloPlanner(sdl);
  if (choice === 'apollo') return apollo;
  const joins = readJoins(sdl);
  const doubt = createDoubt(joins);
  const objects = readInterfaceObjects(sdl, joins);
  const isSound = createSoundness(sdl);
  let native: Promise<Planner | undefined> | undefined;
  return {
    name: 'auto',
    async plan(normalized) {
      // Where an interface is an object to some subgraph, both planners confuse what is asked under conditions.
      if (objects && canSpecialize(normalized) && objects.concerns(normalized)) {
        return { root: undefined, specialize: normalized.conditions };
      }
      const operation = objects ? objects.widened(normalized) : normalized;
      let plan: Plan | undefined;
      let failure: unknown;
      try {
        const made = await apollo.plan(operation);
        const narrowed = objects ? objects.narrowed(made) : made;
        if (!isSound(narrowed)) throw new Error('The planner asks for a field without what its @requires names.');
        plan = narrowed;
        if (doubt(operation, plan) === undefined || usesContext(plan)) return plan;
      } catch (error) {
        failure = error;
      }
      if (canSpecialize(operation)) return { ...plan, root: plan?.root, specialize: operation.conditions };
      // A subscription's first fetch is open before its conditions could be decided.
      if (plan && operation.conditions.length > 0) return plan;
      // Loaded at its first use: most supergraphs never need it, and not every platform has it.
      native ??= createNativePlanner(sdl).catch(() => undefined);
      const second = await native;
      if (!second) return orThrow(plan, failure);
      try {
        const other = await second.plan(operation);
        if (!isSound(other)) throw new Error('The native planner asks for a field without what its @requires names.');
        return other;
      } catch (error) {
        const isEmpty = plan && !plan.root && !plan.primary;
        return orThrow(isEmpty ? undefined : plan, failure ?? error);
      }
    },
  };
}

/** What only Apollo's planner knows. */
const usesContext = ({ root }: Plan): boolean =>
  root !== undefined && entityFetches(root).some(({ groups }) => groups.some(({ context }) => context.length > 0));

const canSpecialize = ({ operation, conditions }: NormalizedOperation): boolean =>
  operation.operation !== 'subscription' && conditions.length > 0;

/** The native planner forgets conditions where several meet; it gets operations without any. */
const unconditional = (planner: Planner): Planner => ({
  name: planner.name,
  plan: (normalized) =>
    canSpecialize(normalized) ? { root: undefined, specialize: normalized.conditions } : planner.plan(normalized),
});

/** What Apollo's gateway would run, or why there is no plan. */
function orThrow(plan: Plan | undefined, failure: unknown): Plan {
  if (plan) return plan;
  throw failure;
}
