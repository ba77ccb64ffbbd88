import { type FieldNode, Kind, print } from 'graphql';
import { CodedError } from '#platform/base/errors/errors.ts';
import { documentOf } from '../prepare/fragments.ts';
import { combineParallel } from './combine.ts';
import type { Plan } from './plan.ts';
import type { Planner, PlanRequest } from './planner.ts';

/** Root fields of a query that are planned one by one at most. */
const MAX_FIELDS = 20;

/**
 * Plans the root fields of a query one by one where the planner has no plan for them together. Both planners have their
 * own chains of @requires that they find no way through; a query may have one of each.
 */
export function byRootField(planner: Planner): Planner {
  return {
    name: planner.name,
    async plan(asked, signal) {
      try {
        return await planner.plan(asked, signal);
      } catch (error) {
        const parts = partsOf(asked);
        // What takes too long as a whole, or has to wait, is not asked for in pieces.
        if (parts.length === 0 || error instanceof CodedError) throw error;
        const plans: Plan[] = [];
        for (const part of parts) plans.push(await planned(planner, part, error, signal));
        return { root: combineParallel(plans.flatMap(({ root }) => (root ? [root] : []))) };
      }
    },
  };
}

/** @throws what was said of the whole operation where a part of it has no plan either. */
async function planned(planner: Planner, part: PlanRequest, whole: unknown, signal?: AbortSignal): Promise<Plan> {
  try {
    return await planner.plan(part, signal);
  } catch (error) {
    throw error instanceof CodedError ? error : whole;
  }
}

/** The operation in parts of one root field each; none where it cannot be parted. */
function partsOf(asked: PlanRequest): PlanRequest[] {
  const { operation, conditions } = asked;
  const { selections } = operation.selectionSet;
  const fields = selections.filter((selection): selection is FieldNode => selection.kind === Kind.FIELD);
  const mayPart = operation.operation === 'query' && conditions.length === 0 && fields.length === selections.length;
  if (!mayPart || fields.length < 2 || fields.length > MAX_FIELDS) return [];
  return fields.map((field) => {
    const selectionSet = { ...operation.selectionSet, selections: [field] };
    const document = documentOf({ ...operation, selectionSet }, new Map());
    const [part] = document.definitions as [typeof operation];
    return { ...asked, document, operation: part, text: print(document) };
  });
}
