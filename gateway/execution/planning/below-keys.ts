import {
  buildSchema,
  type FieldNode,
  type GraphQLSchema,
  getNamedType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  parse,
  print,
  type SelectionNode,
  type SelectionSetNode,
  stripIgnoredCharacters,
} from 'graphql';
import { argumentsOf } from './joins.ts';
import type { EntityFetch, Requirement } from './plan.ts';
import { covers, type Requirements } from './requirements.ts';

/** A function that gives the fetches that have to run for one, in their order: itself, or others before it. */
export type FetchBefore = (fetch: EntityFetch) => readonly EntityFetch[];

/**
 * Fetches what @requires names below an object of the key: of `edition { isbn }`, the key, and `edition { volume }`,
 * the input. Apollo's planner takes it from the subgraph that has it as @external, in the request of the field that
 * needs it. It is asked of a subgraph that resolves it by the same key, before that request.
 */
export function createFetchBefore(sdl: string, { requires, keys }: Requirements): FetchBefore {
  const isDeep = (set: SelectionSetNode): boolean => set.selections.some((node) => 'selectionSet' in node);
  if (![...requires.values()].some(isDeep)) return (fetch) => [fetch];
  const schema = buildSchema(sdl, { assumeValid: true, assumeValidSDL: true, noLocation: true });
  const resolves = createResolves(schema);

  /** A subgraph that resolves fields of an entity, by what another one is sent. */
  function ownerOf(fields: readonly FieldNode[], type: string, given: readonly Requirement[], asked: string) {
    for (const [at, known] of keys) {
      const [subgraph = '', entity] = at.split(' ');
      if (entity !== type || subgraph === asked || !known.some((key) => covers(given, key))) continue;
      if (resolves(subgraph, type, fields)) return subgraph;
    }
    return undefined;
  }

  return (fetch) => {
    const [group] = fetch.groups;
    const document = parse(fetch.text, { noLocation: true });
    const [operation] = document.definitions;
    if (!group || fetch.groups.length > 1 || group.context.length > 0) return [fetch];
    if (document.definitions.length > 1 || operation?.kind !== Kind.OPERATION_DEFINITION) return [fetch];
    const [entities] = operation.selectionSet.selections;
    if (entities?.kind !== Kind.FIELD || !entities.selectionSet) return [fetch];
    const before: EntityFetch[] = [];
    const fragments = entities.selectionSet.selections.map((node): SelectionNode => {
      const type = node.kind === Kind.INLINE_FRAGMENT ? node.typeCondition?.name.value : undefined;
      const sent = group.requires.find((one) => one.kind === 'type' && one.type === type);
      if (node.kind !== Kind.INLINE_FRAGMENT || !type || !sent?.selections) return node;
      let { selections } = node.selectionSet;
      for (const field of node.selectionSet.selections) {
        const need =
          field.kind === Kind.FIELD ? requires.get(`${fetch.subgraph} ${type}.${field.name.value}`) : undefined;
        const missing = need && without(need, sent.selections);
        if (!missing?.length || !includes(selections, missing)) continue;
        const subgraph = ownerOf(missing, type, sent.selections, fetch.subgraph);
        if (subgraph === undefined) continue;
        selections = removed(selections, missing);
        const text = textOf(operation, entities, [withSelections(node, missing)], group.variable);
        before.push({
          ...fetch,
          subgraph,
          text,
          variables: [],
          groups: [{ ...group, requires: [sent], outputRewrites: [] }],
        });
      }
      return withSelections(node, selections);
    });
    if (before.length === 0) return [fetch];
    return [...before, { ...fetch, text: textOf(operation, entities, fragments) }];
  };
}

const withSelections = <T extends SelectionNode>(node: T, selections: readonly SelectionNode[]): T => ({
  ...node,
  selectionSet: { kind: Kind.SELECTION_SET, selections },
});

/** @param only the variable that is left; all of them where it is not given. */
function textOf(
  operation: OperationDefinitionNode,
  entities: FieldNode,
  fragments: readonly SelectionNode[],
  only?: string,
): string {
  const variableDefinitions =
    operation.variableDefinitions?.filter((v) => !only || v.variable.name.value === only) ?? [];
  const selections = [withSelections(entities, fragments)];
  const selectionSet: SelectionSetNode = { kind: Kind.SELECTION_SET, selections };
  return stripIgnoredCharacters(print({ ...operation, variableDefinitions, selectionSet }));
}

/** The part of a field set that is not sent; undefined where it has more than fields without arguments. */
function without(set: SelectionSetNode, sent: readonly Requirement[]): FieldNode[] | undefined {
  const left: FieldNode[] = [];
  for (const node of set.selections) {
    if (node.kind !== Kind.FIELD || node.arguments?.length) return undefined;
    const known = sent.find((one) => one.kind === 'field' && one.to === node.name.value);
    if (!known) {
      left.push(node);
      continue;
    }
    const inner = node.selectionSet && without(node.selectionSet, known.selections ?? []);
    if (node.selectionSet && !inner) return undefined;
    if (inner?.length) left.push(withSelections(node, inner));
  }
  return left;
}

const isSame =
  (field: FieldNode) =>
  (node: SelectionNode): node is FieldNode =>
    node.kind === Kind.FIELD && !node.alias && node.name.value === field.name.value;

const fieldsBelow = ({ selectionSet }: FieldNode): FieldNode[] =>
  (selectionSet?.selections ?? []).filter((node): node is FieldNode => node.kind === Kind.FIELD);

function includes(selections: readonly SelectionNode[], fields: readonly FieldNode[]): boolean {
  return fields.every((field) => {
    const found = selections.find(isSame(field));
    return found !== undefined && includes(found.selectionSet?.selections ?? [], fieldsBelow(field));
  });
}

function removed(selections: readonly SelectionNode[], fields: readonly FieldNode[]): SelectionNode[] {
  return selections.flatMap((node): SelectionNode[] => {
    const field = fields.find((one) => isSame(one)(node));
    if (!field || node.kind !== Kind.FIELD) return [node];
    if (!node.selectionSet) return [];
    const left = removed(node.selectionSet.selections, fieldsBelow(field));
    return left.length > 0 ? [withSelections(node, left)] : [];
  });
}

/** Whether a subgraph resolves fields of a type, all the way down. */
type Resolves = (subgraph: string, type: string, fields: readonly FieldNode[]) => boolean;

function createResolves(schema: GraphQLSchema): Resolves {
  const names = new Map<unknown, unknown>();
  const graphs = schema.getType('join__Graph')?.astNode;
  for (const value of graphs?.kind === Kind.ENUM_TYPE_DEFINITION ? (graphs.values ?? []) : []) {
    names.set(value.name.value, argumentsOf(value.directives, 'join__graph')[0]?.['name']);
  }
  const resolves: Resolves = (subgraph, name, fields) => {
    const type = schema.getType(name);
    if (!isObjectType(type)) return false;
    return fields.every((node) => {
      const field = type.getFields()[node.name.value];
      if (!field) return false;
      const own = argumentsOf(field.astNode?.directives, 'join__field');
      const owners = own.length > 0 ? own : argumentsOf(type.astNode?.directives, 'join__type');
      const isOwner = owners.some(
        ({ graph, external, usedOverridden }) =>
          names.get(graph) === subgraph && external !== true && usedOverridden !== true,
      );
      return isOwner && (!node.selectionSet || resolves(subgraph, getNamedType(field.type).name, fieldsBelow(node)));
    });
  };
  return resolves;
}
