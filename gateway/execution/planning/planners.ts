import { print } from 'graphql';
import { withoutDefer } from '../prepare/defers.ts';
import { createApolloPlanner } from './apollo-planner.ts';
import { createDoubt, entityFetches, readJoins } from './doubts.ts';
import { readInterfaceObjects } from './interface-objects.ts';
import { createNativePlanner } from './native-planner.ts';
import type { Plan } from './plan.ts';
import { hasDefer, type Planner, type PlanRequest } from './planner.ts';
import { createSoundness } from './soundness.ts';
import { createTypesApart } from './types-apart.ts';
import { differsByType } from './types-asked.ts';

export type PlannerChoice = 'auto' | 'apollo' | 'native';

/** The opinion of the first planner. */
export interface Opinion {
  /** Undefined when it finds none. */
  readonly plan: Plan | undefined;
  /** Whether the second planner should be asked. */
  readonly isDoubted: boolean;
  /** Why it finds none. */
  readonly failure?: unknown;
}

/**
 * Creates the planner of a supergraph. `auto`, the default, plans with Apollo's planner and asks the native one for the
 * plans that there is reason to doubt. Neither alone is right: Apollo's gives wrong answers in six of the 199 cases of
 * the federation audit; the native one cannot plan a @requires one level below another field of the same subgraph,
 * loses conditions where several meet, and knows nothing of @fromContext.
 *
 * @throws for `native`, where there is no binary for this platform.
 */
export async function createPlanner(sdl: string, choice: PlannerChoice = 'auto'): Promise<Planner> {
  if (choice === 'native') return createSecondPlanner(sdl);
  if (choice === 'apollo') {
    const apollo = createApolloPlanner(sdl);
    return { name: apollo.name, plan: (asked, signal) => apollo.plan(undeferred(asked), signal) };
  }
  const first = createFirstPlanner(sdl);
  let second: Promise<Planner> | undefined;
  return {
    name: 'auto',
    async plan(asked) {
      const opinion = await first(asked);
      if (opinion.plan && !opinion.isDoubted) return opinion.plan;
      try {
        // Loaded at its first use: most supergraphs never need it, and not every platform has it.
        second ??= createSecondPlanner(sdl);
        return await (await second).plan(asked);
      } catch (error) {
        const plan = usable(opinion);
        if (plan) return plan;
        throw opinion.failure ?? error;
      }
    },
  };
}

/** Plans with Apollo's planner, and says where that goes wrong. */
export function createFirstPlanner(sdl: string): (asked: PlanRequest) => Promise<Opinion> {
  const apollo = createApolloPlanner(sdl);
  const joins = readJoins(sdl);
  const doubt = createDoubt(joins);
  const objects = readInterfaceObjects(sdl, joins);
  const apart = objects && createTypesApart(sdl);
  const isSound = createSoundness(sdl);
  return async (given) => {
    const deferred = hasDefer(given.text) ? await planDeferred(given) : undefined;
    if (deferred) return { plan: deferred, isDoubted: false };
    const asked = undeferred(given);
    // Where an interface is an object to some subgraph, both planners confuse what is asked under conditions.
    if (objects && canSpecialize(asked) && objects.concerns(asked)) {
      return { plan: { root: undefined, specialize: asked.conditions }, isDoubted: false };
    }
    const operation = objects ? objects.widened(asked) : asked;
    let plan: Plan | undefined;
    let failure: unknown;
    try {
      const made = await apollo.plan(operation);
      const narrowed = objects && apart ? apart(objects.narrowed(made), asked) : made;
      if (!isSound(narrowed)) throw new Error('The planner asks for a field without what its @requires names.');
      plan = narrowed;
      if (doubt(plan) === undefined || usesContext(plan)) return { plan, isDoubted: false };
    } catch (error) {
      failure = error;
    }
    if (canSpecialize(operation)) {
      return { plan: { ...plan, root: plan?.root, specialize: operation.conditions }, isDoubted: false };
    }
    // A subscription's first fetch is open before its conditions could be decided.
    return { plan, isDoubted: !plan || operation.conditions.length === 0, failure };
  };

  /** Only what gives no reason to doubt it; all else is planned as a whole. */
  async function planDeferred(asked: PlanRequest): Promise<Plan | undefined> {
    if (asked.conditions.length > 0 || differsByType(asked.operation.selectionSet) || objects?.concerns(asked)) return;
    try {
      const plan = await apollo.plan(asked);
      return isSound(plan) && doubt(plan) === undefined ? plan : undefined;
    } catch {
      return undefined;
    }
  }
}

/** The same operation without parts that come later, which neither planner takes for granted. */
function undeferred(asked: PlanRequest): PlanRequest {
  if (!hasDefer(asked.text)) return asked;
  const document = withoutDefer(asked.document);
  const [operation] = document.definitions as [PlanRequest['operation']];
  return { ...asked, document, operation, text: print(document) };
}

/**
 * Plans with the native planner, what Apollo's is in doubt about or takes long for.
 *
 * @throws where there is no binary for this platform.
 */
export async function createSecondPlanner(sdl: string): Promise<Planner> {
  const native = await createNativePlanner(sdl);
  const objects = readInterfaceObjects(sdl, readJoins(sdl));
  const apart = objects && createTypesApart(sdl);
  const isSound = createSoundness(sdl);
  return unconditional({
    name: native.name,
    async plan(given, signal) {
      const asked = undeferred(given);
      const made = await native.plan(objects ? objects.widened(asked) : asked, signal);
      const plan = objects && apart ? apart(objects.opened(made), asked) : made;
      if (!isSound(plan)) throw new Error('The native planner asks for a field without what its @requires names.');
      return plan;
    },
  });
}

/** Returns the plan that counts where the second planner has no better one: one that fetches something. */
export const usable = ({ plan }: Opinion): Plan | undefined => (plan?.root || plan?.primary ? plan : undefined);

/** What only Apollo's planner knows. */
const usesContext = ({ root }: Plan): boolean =>
  root !== undefined && entityFetches(root).some(({ groups }) => groups.some(({ context }) => context.length > 0));

const canSpecialize = ({ operation, conditions }: PlanRequest): boolean =>
  operation.operation !== 'subscription' && conditions.length > 0;

/** The native planner forgets conditions where several meet; it gets operations without any. */
const unconditional = (planner: Planner): Planner => ({
  name: planner.name,
  plan: (asked, signal) =>
    canSpecialize(asked) ? { root: undefined, specialize: asked.conditions } : planner.plan(asked, signal),
});
