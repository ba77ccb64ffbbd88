import { type GraphQLSchema, isObjectType, type OperationDefinitionNode } from 'graphql';
import type { Fragments } from '#platform/base/graphql/fragments.ts';
import type { EntityFetch, RootFetch, Step } from '../planning/plan.ts';
import { visibleFields } from '../run/errors.ts';
import { renamedFields } from '../run/rewrites.ts';

type Leaf = RootFetch | EntityFetch;

/** A function that says whether a fetch brings something of a selection. */
export type Brings = (fetch: Leaf) => boolean;

/**
 * Creates what tells whether fetches bring something of an operation. What a fetch says of types counts only where it
 * tells a type that is not known.
 */
export function createBrings(operation: OperationDefinitionNode, fragments: Fragments, full: GraphQLSchema): Brings {
  const isData = (name: string): boolean => name !== '__typename';
  return (fetch) => {
    if (fetch.kind === 'root') {
      const renamed = renamedFields(fetch.outputRewrites);
      return visibleFields(fetch.text, renamed, fetch.target, operation, fragments).some(isData);
    }
    return fetch.groups.some((group) => {
      const renamed = renamedFields(group.outputRewrites);
      const tellsType = !group.requires.every(
        (node) => node.kind === 'type' && isObjectType(full.getType(node.type ?? '')),
      );
      return group.targets.some((target) =>
        visibleFields(fetch.text, renamed, target, operation, fragments, group.alias).some(
          (name) => tellsType || isData(name),
        ),
      );
    });
  };
}

/** The steps of a plan by when they have to be done. */
export interface DividedSteps {
  /** Before the first part of the answer. */
  readonly now: Step | undefined;
  /** After it, side by side. */
  readonly later: readonly Step[];
}

/** Divides steps: in a sequence, what stands before something that is needed is needed too. */
export function divideSteps(step: Step, isNeeded: Brings): DividedSteps {
  switch (step.kind) {
    case 'root':
    case 'entities':
      return isNeeded(step) ? { now: step, later: [] } : { now: undefined, later: [step] };
    case 'condition':
      return leavesOf(step).some(isNeeded) ? { now: step, later: [] } : { now: undefined, later: [step] };
    case 'parallel': {
      const parts = step.steps.map((child) => divideSteps(child, isNeeded));
      return { now: together(parts.flatMap(({ now }) => now ?? [])), later: parts.flatMap(({ later }) => later) };
    }
    case 'sequence': {
      const last = step.steps.findLastIndex((child) => leavesOf(child).some(isNeeded));
      if (last < 0) return { now: undefined, later: [step] };
      const { now, later } = divideSteps(step.steps[last]!, isNeeded);
      const before = [...step.steps.slice(0, last), ...(now ? [now] : [])];
      const after = step.steps.slice(last + 1);
      return { now: inTurn(before), later: after.length === 0 ? later : chains(later, after) };
    }
  }
}

/** What comes after may need all that comes before it. What is side by side at its end still is. */
function chains(first: readonly Step[], after: readonly Step[]): Step[] {
  const [next, ...more] = after;
  if (first.length === 0 && more.length === 0 && next!.kind === 'parallel') return [...next!.steps];
  return [inTurn([...(first.length > 0 ? [together(first)!] : []), ...after])!];
}

const together = (steps: readonly Step[]): Step | undefined =>
  steps.length > 1 ? { kind: 'parallel', steps } : steps[0];
const inTurn = (steps: readonly Step[]): Step | undefined =>
  steps.length > 1 ? { kind: 'sequence', steps } : steps[0];

/** Returns the fetches of a step. */
export function leavesOf(step: Step): Leaf[] {
  switch (step.kind) {
    case 'root':
    case 'entities':
      return [step];
    case 'condition':
      return [step.whenTrue, step.whenFalse].flatMap((child) => (child ? leavesOf(child) : []));
    default:
      return step.steps.flatMap(leavesOf);
  }
}
