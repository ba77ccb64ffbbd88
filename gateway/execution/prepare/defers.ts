import {
  type DirectiveNode,
  type DocumentNode,
  type FieldNode,
  type FragmentSpreadNode,
  type GraphQLCompositeType,
  type GraphQLSchema,
  getNamedType,
  type InlineFragmentNode,
  isCompositeType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  visit,
} from 'graphql';
import type { Fragments } from '#platform/base/graphql/fragments.ts';
import { isConditional, typeConditionHolds } from './collect.ts';

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
  readonly places: readonly Place[];
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
  const finder = new Finder(fragments, schema);
  finder.walk(operation.selectionSet, { type: schema.getQueryType()!, path: [] }, true);
  return finder.deferrals();
}

/** The objects that a fragment stands at. */
interface Place {
  readonly path: readonly DeferStep[];
  readonly type: GraphQLCompositeType;
}

/** Looks through the selections of one operation for fragments that may come later. */
class Finder {
  readonly #fragments: Fragments;
  readonly #schema: GraphQLSchema;
  readonly #found = new Map<FragmentNode, Place[]>();
  /** Those that come at once in one place at least. */
  readonly #excluded = new Set<FragmentNode>();
  #visits = 0;

  constructor(fragments: Fragments, schema: GraphQLSchema) {
    this.#fragments = fragments;
    this.#schema = schema;
  }

  /** @param isSure whether nothing on the way may be skipped. */
  walk(set: SelectionSetNode, place: Place, isSure: boolean): void {
    for (const node of set.selections) {
      if (this.#visits++ > MAX_VISITS) return;
      const isAlways = isSure && !isConditional(node);
      if (node.kind === Kind.FIELD) this.#field(node, place, isAlways);
      else if (deferOf(node)) this.#deferred(node, place, isAlways);
      else this.#open(node, place, isAlways);
    }
  }

  #field({ name, alias, selectionSet }: FieldNode, { type, path }: Place, isAlways: boolean): void {
    const field = 'getFields' in type ? type.getFields()[name.value] : undefined;
    const named = field && getNamedType(field.type);
    if (!selectionSet || !isCompositeType(named)) return;
    this.walk(selectionSet, { type: named, path: [...path, { field: (alias ?? name).value }] }, isAlways);
  }

  #deferred(node: FragmentNode, place: Place, isAlways: boolean): void {
    if (isAlways) this.#found.set(node, [...(this.#found.get(node) ?? []), place]);
    else this.#excluded.add(node);
  }

  /** A fragment that does not come later may have others in it that do. */
  #open(node: FragmentNode, place: Place, isAlways: boolean): void {
    const fragment = node.kind === Kind.FRAGMENT_SPREAD ? this.#fragments.get(node.name.value) : node;
    if (!fragment) return;
    const condition = fragment.typeCondition?.name.value;
    if (typeConditionHolds(condition, place.type, this.#schema)) this.walk(fragment.selectionSet, place, isAlways);
    else {
      const type = this.#schema.getType(condition!);
      if (!isCompositeType(type)) return;
      this.walk(fragment.selectionSet, { type, path: [...place.path, { types: [condition!] }] }, isAlways);
    }
  }

  /** Returns what was found; nothing where it is too much. */
  deferrals(): Deferral[] {
    if (this.#visits > MAX_VISITS || this.#found.size > MAX_DEFERRALS) return [];
    return [...this.#found].flatMap(([node, places]) => {
      if (this.#excluded.has(node)) return [];
      const { label, condition } = deferOf(node)!;
      const own = { ...node, directives: node.directives?.filter(({ name }) => name.value !== 'defer') ?? [] };
      return [
        { node, label, condition, places, selection: { kind: Kind.SELECTION_SET, selections: [own as FragmentNode] } },
      ];
    });
  }
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
