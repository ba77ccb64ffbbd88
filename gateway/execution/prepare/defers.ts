import {
  type DirectiveNode,
  type DocumentNode,
  type FragmentSpreadNode,
  type GraphQLCompositeType,
  type GraphQLSchema,
  getNamedType,
  type InlineFragmentNode,
  isCompositeType,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  visit,
} from 'graphql';
import type { Fragments } from '#platform/base/graphql/fragments.ts';
import { typeConditionHolds } from './collect.ts';

type FragmentNode = InlineFragmentNode | FragmentSpreadNode;

/** A step down to the objects that a fragment is of. */
export type DeferStep = { readonly field: string } | { readonly types: readonly string[] };

/** A fragment that a client lets come later. */
export interface Deferral {
  readonly node: FragmentNode;
  readonly label: string | undefined;
  /** The variable that decides whether it may; undefined where it always may. */
  readonly condition: string | undefined;
  /** The fragment itself, as a selection of its own. */
  readonly selection: SelectionSetNode;
  /** Where it stands: the response names that lead to it, and types where not all objects of a place are meant. */
  readonly places: readonly { readonly path: readonly DeferStep[]; readonly type: GraphQLCompositeType }[];
}

/** Fragments of one operation that come later at most, and selections that are looked at to find them. */
const MAX_DEFERRALS = 32;
const MAX_VISITS = 5_000;

/**
 * Finds the fragments of a query that may come later. One within another comes with it; one under @skip or @include,
 * and all where there are too many of them, come at once: the client has left that to the server.
 */
export function findDeferrals(
  operation: OperationDefinitionNode,
  fragments: Fragments,
  schema: GraphQLSchema,
): readonly Deferral[] {
  if (operation.operation !== 'query') return [];
  const found = new Map<FragmentNode, { path: readonly DeferStep[]; type: GraphQLCompositeType }[]>();
  const excluded = new Set<FragmentNode>();
  let visits = 0;

  function walk(set: SelectionSetNode, type: GraphQLCompositeType, path: readonly DeferStep[], isSure: boolean): void {
    for (const node of set.selections) {
      if (visits++ > MAX_VISITS) return;
      const isAlways = isSure && !isConditional(node);
      if (node.kind === Kind.FIELD) {
        const field = 'getFields' in type ? type.getFields()[node.name.value] : undefined;
        const named = field && getNamedType(field.type);
        if (!node.selectionSet || !isCompositeType(named)) continue;
        walk(node.selectionSet, named, [...path, { field: (node.alias ?? node.name).value }], isAlways);
        continue;
      }
      if (deferOf(node)) {
        if (isAlways) found.set(node, [...(found.get(node) ?? []), { path, type }]);
        else excluded.add(node);
        continue;
      }
      const fragment = node.kind === Kind.FRAGMENT_SPREAD ? fragments.get(node.name.value) : node;
      if (!fragment) continue;
      const condition = fragment.typeCondition?.name.value;
      if (typeConditionHolds(condition, type, schema)) walk(fragment.selectionSet, type, path, isAlways);
      else {
        const target = schema.getType(condition!);
        if (isCompositeType(target)) walk(fragment.selectionSet, target, [...path, { types: [condition!] }], isAlways);
      }
    }
  }

  walk(operation.selectionSet, schema.getQueryType()!, [], true);
  if (visits > MAX_VISITS || found.size > MAX_DEFERRALS) return [];
  return [...found].flatMap(([node, places]) => {
    if (excluded.has(node)) return [];
    const { label, condition } = deferOf(node)!;
    const own = { ...node, directives: node.directives?.filter(({ name }) => name.value !== 'defer') ?? [] };
    return [
      { node, label, condition, places, selection: { kind: Kind.SELECTION_SET, selections: [own as FragmentNode] } },
    ];
  });
}

/** Returns what `@defer` says; undefined where there is none, or it says that it does not hold. */
export function deferOf(node: {
  readonly directives?: readonly DirectiveNode[] | undefined;
}): { readonly label: string | undefined; readonly condition: string | undefined } | undefined {
  const directive = node.directives?.find(({ name }) => name.value === 'defer');
  if (!directive) return undefined;
  const argument = (name: string) => directive.arguments?.find((one) => one.name.value === name)?.value;
  const [label, condition] = [argument('label'), argument('if')];
  if (condition?.kind === Kind.BOOLEAN && !condition.value) return undefined;
  return {
    label: label?.kind === Kind.STRING ? label.value : undefined,
    condition: condition?.kind === Kind.VARIABLE ? condition.name.value : undefined,
  };
}

const isConditional = ({ directives }: SelectionNode): boolean =>
  directives?.some(({ name }) => name.value === 'skip' || name.value === 'include') ?? false;

/** Returns a document without some of its fragments. */
export function withoutFragments(document: DocumentNode, nodes: ReadonlySet<unknown>): DocumentNode {
  const leave = (node: FragmentNode) => (nodes.has(node) ? null : undefined);
  return visit(document, { InlineFragment: leave, FragmentSpread: leave });
}

/** Returns a document whose fragments do not come later. */
export const withoutDefer = (document: DocumentNode): DocumentNode =>
  visit(document, { Directive: ({ name }) => (name.value === 'defer' ? null : undefined) });

/** Returns an operation that asks for one fragment and nothing else, by response names alone. */
export function alone({ selection, places }: Deferral): SelectionSetNode[] {
  return places.map(({ path }) => {
    let set = selection;
    for (const step of path.toReversed()) {
      if (!('field' in step)) continue;
      const name = { kind: Kind.NAME, value: step.field } as const;
      set = { kind: Kind.SELECTION_SET, selections: [{ kind: Kind.FIELD, name, selectionSet: set }] };
    }
    return set;
  });
}
