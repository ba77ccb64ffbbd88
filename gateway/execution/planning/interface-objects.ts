import {
  buildSchema,
  type FieldNode,
  type GraphQLCompositeType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  type InlineFragmentNode,
  isAbstractType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  Kind,
  print,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import { covers, type Joins } from './doubts.ts';
import { argumentsOf } from './joins.ts';
import { mergeFields } from './merge-fields.ts';
import type { EntityGroup, Plan, Requirement, Step } from './plan.ts';
import type { PlanRequest } from './planner.ts';

const TYPENAME: FieldNode = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } };

/** The parts that a planner has to be spared in a graph with @interfaceObject. */
export interface InterfaceObjects {
  /** Whether an operation selects anything of an interface that a subgraph has as an object. */
  concerns(normalized: PlanRequest): boolean;
  /**
   * The operation with those fields asked of the interface that are asked of one of its types, that @requires feeds,
   * and that are reached from where the types are not known. Apollo's planner runs in circles there, until the memory
   * is used up. More is fetched than is shown.
   */
  widened(normalized: PlanRequest): PlanRequest;
  /**
   * The plan with requirements by single types where Apollo's planner asks a key of one type and what @requires needs
   * of the whole interface: objects of its other types would be sent without a key.
   */
  narrowed(plan: Plan): Plan;
  /**
   * The plan with requirements of the whole interface where the native planner names single types of it: of several
   * types that are asked for the same field it names one, and sends no other. More is fetched than is shown.
   */
  opened(plan: Plan): Plan;
}

/** Reads the interface objects of a supergraph; undefined where no subgraph has an interface as an object. */
export function readInterfaceObjects(sdl: string, { keys }: Joins): InterfaceObjects | undefined {
  if (!sdl.includes('isInterfaceObject: true')) return undefined;
  const schema = buildSchema(sdl, { assumeValid: true, assumeValidSDL: true, noLocation: true });
  /** Interface to the subgraphs that have it as an object. */
  const holders = new Map<string, Set<unknown>>();
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isInterfaceType(type)) continue;
    const graphs = argumentsOf(type.astNode?.directives, 'join__type')
      .filter(({ isInterfaceObject }) => isInterfaceObject === true)
      .map(({ graph }) => graph);
    if (graphs.length > 0) holders.set(type.name, new Set(graphs));
  }

  function concerns({ operation }: PlanRequest): boolean {
    const walk = (set: SelectionSetNode, type: GraphQLCompositeType): boolean =>
      holders.has(type.name) ||
      set.selections.some((selection) => {
        const [inner, target] = below(selection, type, schema);
        return inner !== undefined && target !== undefined && walk(inner, target);
      });
    return walk(operation.selectionSet, schema.getRootType(operation.operation)!);
  }

  /** Whether objects of a field may come from a subgraph that does not know their types. */
  function isBlind(type: GraphQLCompositeType, name: string, holding: ReadonlySet<unknown>): boolean {
    const directives = 'getFields' in type ? type.getFields()[name]?.astNode?.directives : undefined;
    const owners = argumentsOf(directives, 'join__field');
    // A field without a graph is one that an interface has from a subgraph to which it is an object.
    if (owners.some(({ graph }) => graph === undefined) && 'getInterfaces' in type) {
      return type.getInterfaces().some((known) => isBlind(known, name, holding));
    }
    const all = owners.length > 0 ? owners : argumentsOf(type.astNode?.directives, 'join__type');
    return all.some(({ graph, external }) => external !== true && holding.has(graph));
  }

  const isFed = (type: GraphQLCompositeType, name: string): boolean => {
    const field = 'getFields' in type ? type.getFields()[name] : undefined;
    return argumentsOf(field?.astNode?.directives, 'join__field').some(({ requires }) => typeof requires === 'string');
  };

  /** A fragment on a union or another interface, as fragments on the types that both have. */
  function openAbstract(selection: SelectionNode, type: GraphQLCompositeType): readonly SelectionNode[] {
    if (selection.kind !== Kind.INLINE_FRAGMENT || !selection.typeCondition || !isAbstractType(type))
      return [selection];
    const condition = schema.getType(selection.typeCondition.name.value);
    const possible = schema.getPossibleTypes(type);
    // Opened fragments may hold what no object can be.
    if (isObjectType(condition)) return possible.includes(condition) ? [selection] : [];
    if (!isAbstractType(condition)) return [selection];
    const common = possible.filter((one) => schema.isSubType(condition, one));
    if (common.length === possible.length) {
      return selection.selectionSet.selections.flatMap((inner) => openAbstract(inner, type));
    }
    return common.flatMap((one) => {
      const selections = selectedOf(one, selection.selectionSet.selections);
      if (selections.length === 0) return [];
      const typeCondition = { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: one.name } } as const;
      return [{ ...selection, typeCondition, selectionSet: { ...selection.selectionSet, selections } }];
    });
  }

  /** What is selected of one type of object: within a fragment on it, no fragment says more of its type. */
  function selectedOf(type: GraphQLObjectType, selections: readonly SelectionNode[]): readonly SelectionNode[] {
    return selections.flatMap((node) => {
      if (node.kind !== Kind.INLINE_FRAGMENT || !node.typeCondition || node.directives?.length) return [node];
      const condition = schema.getType(node.typeCondition.name.value);
      const holds = condition === type || (isAbstractType(condition) && schema.isSubType(condition, type));
      return holds ? selectedOf(type, node.selectionSet.selections) : [];
    });
  }

  function widen(set: SelectionSetNode, type: GraphQLCompositeType, isTypeUnknown: boolean): SelectionSetNode {
    const selections: SelectionNode[] = [];
    const lifted: SelectionNode[] = [];
    const opened = holders.has(type.name) ? set.selections.flatMap((one) => openAbstract(one, type)) : set.selections;
    for (const selection of opened) {
      if (selection.kind !== Kind.INLINE_FRAGMENT || !selection.typeCondition || !isTypeUnknown) {
        selections.push(selection);
        continue;
      }
      const isLifted = (node: SelectionNode): boolean => node.kind === Kind.FIELD && isFed(type, node.name.value);
      const own = selection.selectionSet.selections;
      const moved = own.filter(isLifted);
      lifted.push(...moved);
      const left = own.filter((node) => !isLifted(node));
      if (left.length > 0) {
        selections.push({ ...selection, selectionSet: { ...selection.selectionSet, selections: left } });
      }
    }
    const merged =
      lifted.length > 0 || opened.length !== set.selections.length
        ? mergeFields([...selections, ...lifted, ...(lifted.length > 0 ? [TYPENAME] : [])])
        : selections;
    return { ...set, selections: merged.map((selection) => inside(selection, type, isTypeUnknown)) };
  }

  function inside(selection: SelectionNode, type: GraphQLCompositeType, isTypeUnknown: boolean): SelectionNode {
    const [inner, target] = below(selection, type, schema);
    if (!inner || !target || selection.kind === Kind.FRAGMENT_SPREAD) return selection;
    const holding = holders.get(target.name);
    const isUnknown =
      selection.kind === Kind.FIELD
        ? holding !== undefined && isBlind(type, selection.name.value, holding)
        : isTypeUnknown && !selection.typeCondition;
    return { ...selection, selectionSet: widen(inner, target, isUnknown) };
  }

  function widened(normalized: PlanRequest): PlanRequest {
    const { operation, document } = normalized;
    const root = schema.getRootType(operation.operation)!;
    const selectionSet = widen(operation.selectionSet, root, false);
    if (print(selectionSet) === print(operation.selectionSet)) return normalized;
    const changed = { ...operation, selectionSet };
    const widened = { ...document, definitions: [changed] };
    return { ...normalized, operation: changed, document: widened, text: print(widened) };
  }

  const isOf = (type: string, abstract: string): boolean => {
    const [narrow, wide] = [schema.getType(type), schema.getType(abstract)];
    return isInterfaceType(wide) && isObjectType(narrow) && schema.isSubType(wide, narrow);
  };

  function byType({ requires }: EntityGroup, subgraph: string): readonly Requirement[] {
    const hasKey = (type: string | undefined, selections: readonly Requirement[]): boolean =>
      keys.get(`${subgraph} ${type}`)?.some((key) => covers(selections, key.fields)) ?? true;
    const keyless = requires.filter((node) => node.kind === 'type' && !hasKey(node.type, node.selections));
    const left = requires.filter((node) => !keyless.includes(node));
    const spread = left.map((node) => {
      if (node.kind !== 'type') return node;
      const more = keyless.flatMap((wide) =>
        wide.kind === 'type' && isOf(node.type ?? '', wide.type ?? '') ? wide.selections : [],
      );
      const known = new Set(node.selections.map((one) => JSON.stringify(one)));
      return { ...node, selections: [...node.selections, ...more.filter((one) => !known.has(JSON.stringify(one)))] };
    });
    const isSpread = keyless.every(
      (wide) =>
        wide.kind === 'type' && left.some((node) => node.kind === 'type' && isOf(node.type ?? '', wide.type ?? '')),
    );
    return isSpread ? spread : requires;
  }

  function ofInterface({ requires, inputRewrites }: EntityGroup): readonly Requirement[] {
    const asked = inputRewrites
      .flatMap((one) => (one.kind === 'set' ? [String(one.value)] : []))
      .find(holders.has, holders);
    const isNamed = (node: Requirement): boolean => node.kind === 'type' && isOf(node.type ?? '', asked ?? '');
    if (asked === undefined || !requires.some(isNamed)) return requires;
    const opened = requires.map((node) => (isNamed(node) ? { ...node, type: asked } : node));
    return [...new Map(opened.map((node) => [JSON.stringify(node), node])).values()];
  }

  const mapped = (step: Step, requiresOf: (group: EntityGroup, subgraph: string) => readonly Requirement[]): Step => {
    switch (step.kind) {
      case 'entities':
        return {
          ...step,
          groups: step.groups.map((group) => ({ ...group, requires: requiresOf(group, step.subgraph) })),
        };
      case 'root':
        return step;
      case 'condition':
        return {
          ...step,
          whenTrue: step.whenTrue && mapped(step.whenTrue, requiresOf),
          whenFalse: step.whenFalse && mapped(step.whenFalse, requiresOf),
        };
      default:
        return { ...step, steps: step.steps.map((one) => mapped(one, requiresOf)) };
    }
  };

  return {
    concerns,
    widened,
    narrowed: (plan) => (plan.root ? { ...plan, root: mapped(plan.root, byType) } : plan),
    opened: (plan) => (plan.root ? { ...plan, root: mapped(plan.root, ofInterface) } : plan),
  };
}

/** The selection set of a selection, and the type that it is of. */
function below(
  selection: SelectionNode,
  type: GraphQLCompositeType,
  schema: GraphQLSchema,
): [SelectionSetNode | undefined, GraphQLCompositeType | undefined] {
  if (selection.kind === Kind.FRAGMENT_SPREAD) return [undefined, undefined];
  let target: unknown = type;
  if (selection.kind === Kind.FIELD) {
    const field = 'getFields' in type ? type.getFields()[selection.name.value] : undefined;
    target = field && getNamedType(field.type);
  } else if (selection.typeCondition)
    target = schema.getType((selection as InlineFragmentNode).typeCondition!.name.value);
  return [selection.selectionSet, isCompositeType(target) ? target : undefined];
}
