import { Kind, parse, print } from 'graphql';
import { withoutDefer } from '../prepare/defers.ts';
import { createApolloPlanner } from './apollo-planner.ts';
import { createDoubt, entityFetches, readJoins } from './doubts.ts';
import { readInterfaceObjects } from './interface-objects.ts';
import { createNativePlanner } from './native-planner.ts';
import type { Opinion } from './opinion.ts';
import type { Plan } from './plan.ts';
import { hasDefer, type Planner, type PlanRequest } from './planner.ts';
import { createSoundness } from './soundness.ts';
import { createTypesApart } from './types-apart.ts';
import { differsByType } from './types-asked.ts';

/**
 * The planners that there are. `auto`, the default, asks Apollo's, and the native one for what there is reason to
 * doubt: planning.ts does. Neither alone is right: Apollo's gives wrong answers in six of the 199 cases of the
 * federation audit; the native one cannot plan a @requires one level below another field of the same subgraph, loses
 * conditions where several meet, and knows nothing of @fromContext.
 */
export type PlannerChoice = 'auto' | 'apollo' | 'native';

/** The part of one planner: `first` and `second` are the two of `auto`. */
export type PlannerRole = 'first' | 'second' | 'apollo' | 'native';

/** The request to a planner, without what is read in the text itself. */
export type AskedText = Pick<PlanRequest, 'text' | 'conditions' | 'overrides'>;

/**
 * Creates a planner of a supergraph, which gives its opinion of a text.
 *
 * @throws for `second` and `native`, where there is no binary for this platform.
 */
export async function createPlanner(
  sdl: string,
  role: PlannerRole,
): Promise<(asked: AskedText, signal: AbortSignal) => Promise<Opinion>> {
  const opinionOf = await createOpinions(sdl, role);
  return async ({ text, conditions, overrides }, signal) => {
    const document = parse(text, { noLocation: true });
    const [operation] = document.definitions;
    if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error('There is no operation to plan.');
    return opinionOf({ document, operation, conditions, text, client: '', overrides }, signal);
  };
}

type Opinions = (asked: PlanRequest, signal: AbortSignal) => Promise<Opinion>;

async function createOpinions(sdl: string, role: PlannerRole): Promise<Opinions> {
  if (role === 'first') return createFirstPlanner(sdl);
  const planner = role === 'apollo' ? createApolloPlanner(sdl) : await createNativeOne(sdl);
  return async (asked, signal) => ({ plan: await planner.plan(undeferred(asked), signal), isDoubted: false });
}

/** Plans with Apollo's planner, and says where that goes wrong. */
function createFirstPlanner(sdl: string): Opinions {
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

/** Plans with the native planner: of `auto` what Apollo's is in doubt about or takes long for. */
async function createNativeOne(sdl: string): Promise<Planner> {
  const native = await createNativePlanner(sdl);
  const objects = readInterfaceObjects(sdl, readJoins(sdl));
  const apart = objects && createTypesApart(sdl);
  const isSound = createSoundness(sdl);
  return unconditional({
    name: native.name,
    async plan(asked, signal) {
      const made = await native.plan(objects ? objects.widened(asked) : asked, signal);
      const plan = objects && apart ? apart(objects.opened(made), asked) : made;
      if (!isSound(plan)) throw new Error('The native planner asks for a field without what its @requires names.');
      return plan;
    },
  });
}

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
