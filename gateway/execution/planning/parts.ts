import { type FieldNode, type GraphQLSchema, Kind, print, type SelectionNode } from 'graphql';
import { CodedError } from '#platform/base/errors/errors.ts';
import { documentOf } from '../prepare/fragments.ts';
import { combineParallel } from './combine.ts';
import { joinParts } from './join-parts.ts';
import type { Plan } from './plan.ts';
import type { Planner, PlanRequest } from './planner.ts';

/** Parts of one operation that a plan is asked for, at most. */
const MAX_PARTS = 20;

/**
 * Plans an operation in parts where the planner has no plan for it as a whole. Both planners have their own chains of
 * @requires that they find no way through; an operation may have one of each. It is parted by its root fields, and
 * where that does not help, by what it selects of one: such parts share the request of the root field.
 *
 * @param schema the supergraph's, with what only subgraphs see.
 */
export function planByParts(planner: Planner, schema: GraphQLSchema): Planner {
  return {
    name: planner.name,
    async plan(asked, signal) {
      try {
        return await planner.plan(asked, signal);
      } catch (error) {
        let left = MAX_PARTS;
        const planPart = async (part: PlanRequest): Promise<Plan> => {
          if (left-- <= 0) throw error;
          try {
            return await planner.plan(part, signal);
          } catch (failure) {
            return planApart(part, failure);
          }
        };
        const planApart = async (whole: PlanRequest, failure: unknown): Promise<Plan> => {
          // What takes too long as a whole, or has to wait, is not asked for in pieces.
          if (failure instanceof CodedError) throw failure;
          const { place, parts } = partsOf(whole);
          if (parts.length < 2 || parts.length > left) throw error;
          const plans: Plan[] = [];
          for (const part of parts) plans.push(await planPart(part));
          const root =
            place === 'root'
              ? combineParallel(plans.flatMap((plan) => (plan.root ? [plan.root] : [])))
              : joinParts(plans, schema);
          if (!root) throw cannotJoin(whole, error);
          return { root };
        };
        return planApart(asked, error);
      }
    },
  };
}

interface Parts {
  readonly place: 'root' | 'below';
  /** None, or one, where the operation cannot be parted. */
  readonly parts: readonly PlanRequest[];
}

/** The operation in parts, at the first place where it asks for more than one thing. */
function partsOf(asked: PlanRequest): Parts {
  const { operation, conditions } = asked;
  const { selections: roots } = operation.selectionSet;
  const isOne = roots.length === 1 && roots[0]!.kind === Kind.FIELD;
  const place = isOne || !areApart(roots) ? 'below' : 'root';
  // Mutations run one after another; the fields of a subscription's event are not asked for by themselves.
  const mayPart = operation.operation === 'query' || (operation.operation === 'mutation' && isOne);
  if (!mayPart || conditions.length > 0) return { place, parts: [] };
  const parts = parted(roots).map((selections) => {
    const selectionSet = { ...operation.selectionSet, selections };
    const document = documentOf({ ...operation, selectionSet }, new Map());
    const [part] = document.definitions as [typeof operation];
    return { ...asked, document, operation: part, text: print(document) };
  });
  return { place, parts };
}

/** Selections in groups: leaves together, and each that has selections of its own apart. */
function parted(selections: readonly SelectionNode[]): SelectionNode[][] {
  const [only] = selections;
  if (only && selections.length === 1) {
    if (only.kind === Kind.FRAGMENT_SPREAD || !only.selectionSet) return [[only]];
    const { selectionSet } = only;
    return parted(selectionSet.selections).map((inner) => [
      { ...only, selectionSet: { ...selectionSet, selections: inner } },
    ]);
  }
  const isLeaf = (node: SelectionNode): node is FieldNode => node.kind === Kind.FIELD && !node.selectionSet;
  const leaves = selections.filter(isLeaf);
  const others = selections.filter((node) => !isLeaf(node));
  if (others.length === 0) return leaves.map((leaf) => [leaf]);
  return [...(leaves.length > 0 ? [leaves] : []), ...others.map((one) => [one])];
}

/** Whether they are fields that have nothing in common in the response. */
function areApart(selections: readonly SelectionNode[]): boolean {
  const names = selections.flatMap((node) => (node.kind === Kind.FIELD ? [(node.alias ?? node.name).value] : []));
  return new Set(names).size === selections.length;
}

/** The plans of the parts are there, and ask for the same thing twice. */
function cannotJoin({ operation }: PlanRequest, cause: unknown): CodedError {
  const names = operation.selectionSet.selections.flatMap((one) => (one.kind === Kind.FIELD ? [one.name.value] : []));
  const message = `This operation cannot be planned in one: what it selects of "${names.join('", "')}" would come by two requests which may differ. Ask for it in two operations.`;
  return Object.assign(new CodedError('OPERATION_TOO_COMPLEX', message), { cause });
}
