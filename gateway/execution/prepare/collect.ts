import {
  type DirectiveNode,
  doTypesOverlap,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  type GraphQLSchema,
  type InlineFragmentNode,
  isAbstractType,
  isCompositeType,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import type { Fragments } from '#platform/base/graphql/fragments.ts';

/** The Boolean variables that must all hold; `!x` for one that must not. Empty: always. */
export type Guard = readonly string[];

/** A selection set that counts when its guard holds. */
export interface Guarded {
  readonly set: SelectionSetNode;
  readonly guard: Guard;
}

/** A key of a response object. */
export interface Entry {
  readonly responseName: string;
  readonly name: string;
  /** It is there when one of these holds; undefined when it always is. */
  readonly guards: readonly Guard[] | undefined;
  /** Selection sets of all its occurrences, merged. */
  readonly children: readonly Guarded[];
  readonly occurrences: readonly Occurrence[];
}

/** A field as it is written somewhere in the document. */
export interface Occurrence {
  readonly node: FieldNode;
  readonly guard: Guard;
}

/** The place where an entry may stand among the keys of its object: at the first of its places whose guards hold. */
export interface EntryPlace {
  readonly responseName: string;
  /** It is taken when one of these holds; undefined when it always is. */
  readonly guards: readonly Guard[] | undefined;
}

export interface Entries {
  /** By response name, in the order in which they first occur. */
  readonly entries: readonly Entry[];
  /**
   * In the order of the keys. An entry has several where it depends on the variables which of its occurrences counts.
   */
  readonly places: readonly EntryPlace[];
}

/** Does CollectFields of the specification, with @skip and @include of variables left as guards. */
export function collectEntries(
  selected: readonly Guarded[],
  type: GraphQLCompositeType,
  schema: GraphQLSchema,
  fragments: Fragments,
): Entries {
  const found = new Map<string, Occurrence[]>();
  const places = new Places();
  // A fragment under an equal guard adds nothing; without this, fragments that spread others twice explode.
  const visited = new Set<string>();

  function visit(set: SelectionSetNode, outer: Guard): void {
    for (const selection of set.selections) {
      const guard = guardOf(selection.directives, outer);
      if (guard === undefined) continue;
      if (selection.kind === Kind.FIELD) {
        const responseName = (selection.alias ?? selection.name).value;
        const nodes = found.get(responseName);
        if (nodes) nodes.push({ node: selection, guard });
        else found.set(responseName, [{ node: selection, guard }]);
        places.add(responseName, guard);
        continue;
      }
      let fragment:
        | { typeCondition?: { name: { value: string } } | undefined; selectionSet: SelectionSetNode }
        | undefined = selection.kind === Kind.INLINE_FRAGMENT ? selection : undefined;
      if (selection.kind === Kind.FRAGMENT_SPREAD) {
        const key = `${selection.name.value}|${guard.join('&')}`;
        if (visited.has(key)) continue;
        visited.add(key);
        fragment = fragments.get(selection.name.value);
      }
      if (fragment && typeConditionHolds(fragment.typeCondition?.name.value, type, schema))
        visit(fragment.selectionSet, guard);
    }
  }

  for (const { set, guard } of selected) visit(set, guard);
  const entries = [...found].map(([responseName, occurrences]) => entryOf(responseName, occurrences));
  return { entries, places: places.inOrder() };
}

/** Places of entries: an occurrence that is skipped takes none, one after another that counts takes none either. */
class Places {
  readonly #order: { readonly responseName: string; readonly guards: Guard[] }[] = [];
  readonly #seen = new Set<string>();

  add(responseName: string, guard: Guard): void {
    const key = (text: string): string => `${responseName} ${text}`;
    const own = key(guard.join('&'));
    if (this.#seen.has(key('')) || this.#seen.has(own)) return;
    this.#seen.add(own);
    const last = this.#order.at(-1);
    if (last?.responseName === responseName) last.guards.push(guard);
    else this.#order.push({ responseName, guards: [guard] });
  }

  inOrder(): EntryPlace[] {
    return this.#order.map(({ responseName, guards }) => ({
      responseName,
      guards: guards.some((guard) => guard.length === 0) ? undefined : guards,
    }));
  }
}

function entryOf(responseName: string, nodes: readonly Occurrence[]): Entry {
  const always = nodes.some(({ guard }) => guard.length === 0);
  const unique = new Map(nodes.map(({ guard }) => [guard.join('&'), guard]));
  // With one guard for all occurrences, it holds wherever the entry is written at all.
  const children = nodes.flatMap(({ node, guard }) =>
    node.selectionSet ? [{ set: node.selectionSet, guard: unique.size === 1 ? [] : guard }] : [],
  );
  return {
    responseName,
    name: nodes[0]!.node.name.value,
    guards: always ? undefined : [...unique.values()],
    children,
    occurrences: nodes,
  };
}

/** Returns the guards of which one holds when fields are asked for that only some of a type's possible types have. */
export function guardsOfNarrower(
  selected: readonly Guarded[],
  type: GraphQLCompositeType,
  schema: GraphQLSchema,
  fragments: Fragments,
): Guard[] {
  const found = new Map<string, Guard>();
  const visited = new Set<string>();
  function visit(set: SelectionSetNode, outer: Guard, isNarrower: boolean): void {
    for (const selection of set.selections) {
      const guard = guardOf(selection.directives, outer);
      if (guard === undefined) continue;
      if (selection.kind === Kind.FIELD) {
        if (isNarrower) found.set(guard.join('&'), guard);
        continue;
      }
      let fragment: Pick<FragmentDefinitionNode | InlineFragmentNode, 'typeCondition' | 'selectionSet'> | undefined;
      if (selection.kind === Kind.FRAGMENT_SPREAD) {
        const key = `${selection.name.value}|${guard.join('&')}|${isNarrower}`;
        if (visited.has(key)) continue;
        visited.add(key);
        fragment = fragments.get(selection.name.value);
      } else fragment = selection;
      const condition = fragment?.typeCondition?.name.value;
      if (!fragment || (condition !== undefined && !mayBe(condition, type, schema))) continue;
      visit(fragment.selectionSet, guard, isNarrower || !typeConditionHolds(condition, type, schema));
    }
  }
  for (const { set, guard } of selected) visit(set, guard, false);
  return [...found.values()];
}

/** Whether an object of `type` may satisfy the condition. */
function mayBe(condition: string, type: GraphQLCompositeType, schema: GraphQLSchema): boolean {
  const other = schema.getType(condition);
  return isCompositeType(other) && doTypesOverlap(schema, type, other);
}

/**
 * Returns whether a type condition holds. An abstract `type` stands for an object whose runtime type is not known: only
 * what holds for all of them applies.
 */
export function typeConditionHolds(
  condition: string | undefined,
  type: GraphQLCompositeType,
  schema: GraphQLSchema,
): boolean {
  if (condition === undefined || condition === type.name) return true;
  const conditional = schema.getType(condition);
  return isAbstractType(conditional) && schema.isSubType(conditional, type as never);
}

/** Returns whether a selection may be skipped. */
export const isConditional = ({ directives }: SelectionNode): boolean =>
  directives?.some(({ name }) => name.value === 'skip' || name.value === 'include') ?? false;

/** Returns the guard with what the directives add; undefined when they rule the selection out. */
export function guardOf(directives: readonly DirectiveNode[] | undefined, outer: Guard): Guard | undefined {
  if (!directives || directives.length === 0) return outer;
  const guard = new Set(outer);
  for (const directive of directives) {
    const isSkip = directive.name.value === 'skip';
    if (!isSkip && directive.name.value !== 'include') continue;
    const value = directive.arguments?.[0]?.value;
    if (value?.kind === Kind.VARIABLE) {
      const name = value.name.value;
      if (guard.has(isSkip ? name : `!${name}`)) return undefined;
      guard.add(isSkip ? `!${name}` : name);
    } else if (value?.kind === Kind.BOOLEAN && value.value === isSkip) return undefined;
  }
  return [...guard].sort();
}
