import {
  type DirectiveNode,
  type DocumentNode,
  type FieldNode,
  type FragmentSpreadNode,
  type GraphQLCompositeType,
  type GraphQLSchema,
  getNamedType,
  type InlineFragmentNode,
  isAbstractType,
  isCompositeType,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  visit,
} from 'graphql';
import { CodedError } from '#platform/base/errors/errors.ts';
import type { Fragments } from '#platform/base/graphql/fragments.ts';
import {
  collectEntries,
  type Guard,
  type Guarded,
  guardOf,
  isConditional,
  type Occurrence,
  typeConditionHolds,
} from './collect.ts';
import { isIntrospection } from './names.ts';

/**
 * The operation that planners are given: the same operation, without the liberties of writing that they stumble over.
 */
export interface NormalizedOperation {
  /** `operation` alone: there are no named fragments. */
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  /** Variables of @skip and @include. */
  readonly conditions: readonly string[];
  /** Those of the operation that decide which of a mutation's root fields runs before which other. */
  readonly orderedBy: readonly string[];
}

const NONE: ReadonlySet<unknown> = new Set();
const DEFER: DirectiveNode = { kind: Kind.DIRECTIVE, name: { kind: Kind.NAME, value: 'defer' } };

/** Selections of a normalized operation at most: a document whose fragments multiply ends here. */
const MAX_SELECTIONS = 20_000;

const TYPENAME: FieldNode = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } };

/**
 * Opens fragments, merges fields that occur twice, decides literal @skip and @include, and leaves out what the gateway
 * answers itself. Both planners have gone wrong on operations that differ from this only in writing.
 *
 * @returns undefined when nothing is left to be fetched.
 */
export function normalize(
  operation: OperationDefinitionNode,
  fragments: Fragments,
  schema: GraphQLSchema,
  deferred: ReadonlySet<unknown> = NONE,
): NormalizedOperation | undefined {
  const normalizer = new Normalizer(fragments, schema, deferred);
  const root = schema.getRootType(operation.operation)!;
  const selectionSet = normalizer.set([{ set: operation.selectionSet, guard: [] }], root, true);
  if (!selectionSet) return undefined;
  const used = new Set<string>();
  visit({ ...operation, variableDefinitions: [], selectionSet }, { Variable: ({ name }) => void used.add(name.value) });
  const variableDefinitions = operation.variableDefinitions?.filter((v) => used.has(v.variable.name.value)) ?? [];
  const normalized = { ...operation, variableDefinitions, selectionSet };
  return {
    document: { kind: Kind.DOCUMENT, definitions: [normalized] },
    operation: normalized,
    conditions: [...conditionsOf(selectionSet)],
    orderedBy: operation.operation === 'mutation' ? normalizer.orderedBy(operation.selectionSet, root) : [],
  };
}

/** Returns the document with values in place of variables in @skip and @include. */
export function withConditions(document: DocumentNode, values: Readonly<Record<string, boolean>>): DocumentNode {
  return visit(document, {
    Directive(node) {
      const value = conditionVariable(node);
      if (value === undefined || values[value] === undefined) return undefined;
      const [argument] = node.arguments!;
      const literal = { kind: Kind.BOOLEAN, value: values[value] } as const;
      return { ...node, arguments: [{ ...argument!, value: literal }] };
    },
  });
}

function conditionsOf(set: SelectionSetNode): Set<string> {
  const found = new Set<string>();
  visit(set, {
    Directive(node) {
      const variable = conditionVariable(node);
      if (variable !== undefined) found.add(variable);
    },
  });
  return found;
}

function conditionVariable({ name, arguments: given }: DirectiveNode): string | undefined {
  const value = given?.[0]?.value;
  return (name.value === 'skip' || name.value === 'include') && value?.kind === Kind.VARIABLE
    ? value.name.value
    : undefined;
}

/** What is selected of one object, sorted. */
interface Sorted {
  /** Fields of its type, by response name. */
  readonly fields: ReadonlyMap<string, readonly Occurrence[]>;
  /** What is asked of narrower types, by their names. */
  readonly narrower: ReadonlyMap<string, readonly Guarded[]>;
  /** Fragments that come later. */
  readonly later: readonly SelectionNode[];
}

type Fragment = Pick<InlineFragmentNode, 'typeCondition' | 'selectionSet'>;

class Normalizer {
  readonly #fragments: Fragments;
  readonly #schema: GraphQLSchema;
  readonly #deferred: ReadonlySet<unknown>;
  #left = MAX_SELECTIONS;

  constructor(fragments: Fragments, schema: GraphQLSchema, deferred: ReadonlySet<unknown>) {
    this.#deferred = deferred;
    this.#fragments = fragments;
    this.#schema = schema;
  }

  /** @param possible types that an object may have here: fragments within fragments leave fewer than `type` has. */
  set(
    selected: readonly Guarded[],
    type: GraphQLCompositeType,
    isRoot = false,
    possible: ReadonlySet<string> = this.#possible(type),
  ): SelectionSetNode | undefined {
    const { fields, narrower, later } = this.#sort(selected, type, possible, isRoot);
    const selections: SelectionNode[] = [];
    for (const occurrences of fields.values()) selections.push(...this.#fields(occurrences, type));
    for (const [condition, inner] of narrower) {
      const target = this.#schema.getType(condition);
      const set = isCompositeType(target) && this.set(inner, target, false, this.#common(target, possible));
      if (!set) continue;
      const typeCondition = { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: condition } } as const;
      selections.push({ kind: Kind.INLINE_FRAGMENT, typeCondition, selectionSet: set });
    }
    selections.push(...later);
    if (selections.length === 0 && isRoot) return undefined;
    // Where all that is asked for may be skipped, planners skip the object itself.
    if (!isRoot && selections.every(isConditional)) selections.push(TYPENAME);
    this.#left -= selections.length;
    if (this.#left < 0) {
      throw new CodedError('OPERATION_TOO_COMPLEX', 'The operation selects too much once its fragments are opened.');
    }
    return { kind: Kind.SELECTION_SET, selections };
  }

  /** Variables of fields that have several places, where an occurrence that is skipped leaves its place to another. */
  orderedBy(set: SelectionSetNode, root: GraphQLCompositeType): string[] {
    const { entries, places } = collectEntries([{ set, guard: [] }], root, this.#schema, this.#fragments);
    const placesOf = new Map(entries.map(({ responseName }) => [responseName, 0]));
    for (const { responseName } of places) placesOf.set(responseName, placesOf.get(responseName)! + 1);
    const guards = places.flatMap((place) => (placesOf.get(place.responseName)! > 1 ? (place.guards ?? []) : []));
    return [...new Set(guards.flat().map((flag) => flag.replace('!', '')))];
  }

  /** Sorts what is selected of one object. Fragments that always apply are opened. */
  #sort(
    selected: readonly Guarded[],
    type: GraphQLCompositeType,
    possible: ReadonlySet<string>,
    isRoot: boolean,
  ): Sorted {
    const fields = new Map<string, Occurrence[]>();
    const narrower = new Map<string, Guarded[]>();
    const later: SelectionNode[] = [];
    const visited = new Set<string>();
    const sort = (set: SelectionSetNode, outer: Guard): void => {
      for (const node of set.selections) {
        const guard = guardOf(node.directives, outer);
        if (guard === undefined) continue;
        if (node.kind === Kind.FIELD) sortField(node, guard);
        else if (node.kind === Kind.INLINE_FRAGMENT) sortFragment(node, node, guard);
        else sortSpread(node, guard);
      }
    };
    const sortField = (node: FieldNode, guard: Guard): void => {
      // The writer names types itself; under another name or a condition, `__typename` only confuses planners.
      if (node.name.value === '__typename') {
        if (!isRoot) fields.set('__typename', [{ node: TYPENAME, guard: [] }]);
      } else if (!isIntrospection(node)) addTo(fields, (node.alias ?? node.name).value, { node, guard });
    };
    const sortSpread = (node: FragmentSpreadNode, guard: Guard): void => {
      const key = `${node.name.value}|${guard.join('&')}`;
      if (visited.has(key)) return;
      visited.add(key);
      sortFragment(node, this.#fragments.get(node.name.value)!, guard);
    };
    const sortFragment = (node: SelectionNode, { typeCondition, selectionSet: set }: Fragment, guard: Guard): void => {
      const condition = typeCondition?.name.value;
      if (guard.length === 0 && this.#deferred.has(node)) later.push(...this.#later(set, condition, type, possible));
      else if (typeConditionHolds(condition, type, this.#schema)) sort(set, guard);
      else if (this.#mayApply(condition!, possible)) addTo(narrower, condition!, { set, guard });
    };
    for (const { set, guard } of selected) sort(set, guard);
    return { fields, narrower, later };
  }

  /** A fragment that comes later, as planners know it. */
  #later(
    set: SelectionSetNode,
    condition: string | undefined,
    type: GraphQLCompositeType,
    possible: ReadonlySet<string>,
  ): SelectionNode[] {
    const target = typeConditionHolds(condition, type, this.#schema) ? type : this.#schema.getType(condition!);
    if (!isCompositeType(target)) return [];
    const common = this.#common(target, possible);
    const selectionSet = common.size > 0 ? this.set([{ set, guard: [] }], target, false, common) : undefined;
    if (!selectionSet) return [];
    const typeCondition = { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: target.name } } as const;
    return [{ kind: Kind.INLINE_FRAGMENT, typeCondition, directives: [DEFER], selectionSet }];
  }

  /** Not where an object can no longer be of that type, within fragments that say more of it already. */
  #mayApply(condition: string, possible: ReadonlySet<string>): boolean {
    const target = this.#schema.getType(condition);
    return isCompositeType(target) && this.#common(target, possible).size > 0;
  }

  #possible(type: GraphQLCompositeType): ReadonlySet<string> {
    const types = isAbstractType(type) ? this.#schema.getPossibleTypes(type) : [type];
    return new Set(types.map(({ name }) => name));
  }

  #common(type: GraphQLCompositeType, possible: ReadonlySet<string>): ReadonlySet<string> {
    return new Set([...this.#possible(type)].filter((name) => possible.has(name)));
  }

  /** One field where that can be; a condition that is implied by a weaker one moves down to what only it asks for. */
  #fields(occurrences: readonly Occurrence[], type: GraphQLCompositeType): SelectionNode[] {
    const weakest = weakestGuards(occurrences.map(({ guard }) => guard));
    return weakest.map((guard) => {
      const implied = occurrences.filter((other) => guard.every((flag) => other.guard.includes(flag)));
      const { node } = implied[0]!;
      const definition = 'getFields' in type ? type.getFields()[node.name.value] : undefined;
      const named = definition && getNamedType(definition.type);
      const children = implied.flatMap((other) =>
        other.node.selectionSet
          ? [{ set: other.node.selectionSet, guard: other.guard.filter((flag) => !guard.includes(flag)) }]
          : [],
      );
      const selectionSet = isCompositeType(named) ? this.set(children, named) : undefined;
      const directives = node.directives?.filter(({ name }) => name.value !== 'skip' && name.value !== 'include') ?? [];
      return withGuard({ ...node, directives, ...(selectionSet && { selectionSet }) }, guard);
    });
  }
}

function addTo<T>(lists: Map<string, T[]>, key: string, value: T): void {
  const known = lists.get(key);
  if (known) known.push(value);
  else lists.set(key, [value]);
}

/** Guards that no other guard follows from; `[]`, always, is the weakest. */
function weakestGuards(guards: readonly Guard[]): Guard[] {
  const unique = [...new Map(guards.map((guard) => [guard.join('&'), guard])).values()];
  return unique.filter(
    (guard) => !unique.some((other) => other !== guard && other.every((flag) => guard.includes(flag))),
  );
}

/** Returns a field with its conditions; further ones of a kind, which cannot be repeated, in fragments around it. */
export function withGuard(field: FieldNode, guard: Guard): SelectionNode {
  const own: Record<'skip' | 'include', DirectiveNode | undefined> = { skip: undefined, include: undefined };
  const around: DirectiveNode[] = [];
  for (const flag of guard) {
    const directive = conditionOf(flag);
    const kind = flag.startsWith('!') ? 'skip' : 'include';
    if (own[kind]) around.push(directive);
    else own[kind] = directive;
  }
  const conditions = [own.skip, own.include].filter((directive) => directive !== undefined);
  const node: SelectionNode = { ...field, directives: [...(field.directives ?? []), ...conditions] };
  return around.reduce<SelectionNode>(
    (inner, directive) => ({
      kind: Kind.INLINE_FRAGMENT,
      directives: [directive],
      selectionSet: { kind: Kind.SELECTION_SET, selections: [inner] },
    }),
    node,
  );
}

function conditionOf(flag: string): DirectiveNode {
  const isSkip = flag.startsWith('!');
  const variable = { kind: Kind.VARIABLE, name: { kind: Kind.NAME, value: isSkip ? flag.slice(1) : flag } } as const;
  return {
    kind: Kind.DIRECTIVE,
    name: { kind: Kind.NAME, value: isSkip ? 'skip' : 'include' },
    arguments: [{ kind: Kind.ARGUMENT, name: { kind: Kind.NAME, value: 'if' }, value: variable }],
  };
}
