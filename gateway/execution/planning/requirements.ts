import {
  type FieldNode,
  type InlineFragmentNode,
  Kind,
  parse,
  print,
  type SelectionNode,
  type SelectionSetNode,
  stripIgnoredCharacters,
  visit,
} from 'graphql';
import { joinFetches } from './combine.ts';
import { argumentsOf, fieldSet } from './joins.ts';
import type { EntityFetch, EntityGroup, Requirement } from './plan.ts';

/** A function that gives a fetch representations that have what its fields need, and no more than that. */
export type MendRequirements = (fetch: EntityFetch) => EntityFetch;

/**
 * Sees to it that entities are asked for by what their fields need. Apollo's planner sometimes asks for a field without
 * what its @requires names, so that the subgraph computes from nothing; and it asks for fields that need the key alone
 * by more than the key, so that entities which lack the rest, because it belongs to another type or is skipped, are not
 * asked for at all.
 */
export function createRequirementMender({ requires, keys, interfaceObjects }: Requirements): MendRequirements {
  return (fetch) => {
    const [group] = fetch.groups;
    if (!group || fetch.groups.length > 1 || group.context.length > 0) return fetch;
    const fragments = entitySelections(fetch.text);
    if (!fragments) return fetch;
    const needs = (type: string, field: FieldNode) => requires.get(`${fetch.subgraph} ${type}.${field.name.value}`);
    const needing = fragments.flatMap(({ type, fields }) =>
      fields.flatMap((field): Need[] => {
        const set = needs(type, field);
        return set ? [{ type, set }] : [];
      }),
    );
    const typed = fragments.map(({ type }) => type);
    const byKey = keyOnly(group, fetch.subgraph, typed);
    if (!byKey) return fetch;
    if (needing.length === 0) return { ...fetch, groups: [byKey] };
    const lacks = needing.some((need) => isLacking(group, need));
    const whole = lacks ? withRequired(group, needing) : group;
    const isApart = (keep: boolean): string | undefined =>
      selecting(fetch.text, (type, field) => (needs(type, field) !== undefined) === keep);
    const plain = isApart(false);
    const mayLack =
      /@(skip|include)\b/.test(fetch.text) || typed.some((t) => interfaceObjects.has(`${fetch.subgraph} ${t}`));
    if (plain === undefined || !mayLack || isEqual(byKey, whole)) {
      return { ...fetch, groups: [whole], lacks };
    }
    return {
      ...joinFetches([
        part(fetch, plain, byKey),
        part(fetch, isApart(true)!, needing.some(({ set }) => hasArguments(set)) ? whole : sending(byKey, needing)),
      ]),
      lacks,
    };
  };

  /** The group with representations of a key alone; undefined where the key is not plain to see. */
  function keyOnly(group: EntityGroup, subgraph: string, types: readonly string[]): EntityGroup | undefined {
    const trimmed: Requirement[] = [];
    for (const node of group.requires) {
      if (node.kind !== 'type') return undefined;
      const known = [node.type, ...types].flatMap((type) => keys.get(`${subgraph} ${type}`) ?? []);
      const key = known.find((set) => covers(node.selections, set));
      // What is needed beside a key may stand apart from it, under another type.
      if (!key) continue;
      trimmed.push({ ...node, selections: only(node.selections, key) });
    }
    return trimmed.length > 0 ? { ...group, requires: trimmed } : undefined;
  }
}

const isEqual = (a: EntityGroup, b: EntityGroup): boolean => JSON.stringify(a.requires) === JSON.stringify(b.requires);

function part(fetch: EntityFetch, text: string, group: EntityGroup): EntityFetch {
  const used = new Set<string>();
  visit(parse(text, { noLocation: true }), { Variable: ({ name }) => void used.add(name.value) });
  return { ...fetch, text, variables: fetch.variables.filter((name) => used.has(name)), groups: [group] };
}

/** What is selected of each type of entity; undefined where fragments with names or conditions stand around it. */
function entitySelections(text: string): { type: string; fields: FieldNode[] }[] | undefined {
  const document = parse(text, { noLocation: true });
  const [operation] = document.definitions;
  if (document.definitions.length !== 1 || operation?.kind !== Kind.OPERATION_DEFINITION) return undefined;
  const [entities] = operation.selectionSet.selections;
  if (entities?.kind !== Kind.FIELD) return undefined;
  const found: { type: string; fields: FieldNode[] }[] = [];
  for (const node of entities.selectionSet?.selections ?? []) {
    if (node.kind === Kind.FIELD && node.name.value === '__typename') continue;
    if (node.kind !== Kind.INLINE_FRAGMENT || !node.typeCondition) return undefined;
    found.push({ type: node.typeCondition.name.value, fields: node.selectionSet.selections.flatMap(fieldsWithin) });
  }
  return found;
}

/** Conditions stand around fields in fragments without a type. */
function fieldsWithin(node: SelectionNode): FieldNode[] {
  if (node.kind === Kind.FIELD) return [node];
  return node.kind === Kind.INLINE_FRAGMENT ? node.selectionSet.selections.flatMap(fieldsWithin) : [];
}

/** Returns the fields that entities are asked for; none where fragments with names or conditions stand around them. */
export const entityFields = (text: string): FieldNode[] =>
  (entitySelections(text) ?? []).flatMap(({ fields }) => fields);

/** Returns a fetch of one group with some of its entities' fields; undefined when none is left. */
export function selectingPart(fetch: EntityFetch, keep: (field: FieldNode) => boolean): EntityFetch | undefined {
  const [group] = fetch.groups;
  const text = selecting(fetch.text, (_, field) => keep(field));
  return group && text !== undefined ? part(fetch, text, group) : undefined;
}

/** The operation with some of its entities' fields; undefined when none is left. */
function selecting(text: string, keep: (type: string, field: FieldNode) => boolean): string | undefined {
  const document = parse(text, { noLocation: true });
  const [operation] = document.definitions;
  if (operation?.kind !== Kind.OPERATION_DEFINITION) return undefined;
  const [entities] = operation.selectionSet.selections;
  if (entities?.kind !== Kind.FIELD || !entities.selectionSet) return undefined;
  let kept = 0;
  const filter = (type: string, selections: readonly SelectionNode[]): SelectionNode[] =>
    selections.flatMap((node): SelectionNode[] => {
      if (node.kind === Kind.FIELD) {
        const isKept = keep(type, node);
        if (isKept && node.name.value !== '__typename') kept++;
        return isKept ? [node] : [];
      }
      if (node.kind !== Kind.INLINE_FRAGMENT) return [node];
      const inner = filter(type, node.selectionSet.selections);
      return inner.length > 0 ? [withSelections(node, inner)] : [];
    });
  const fragments = entities.selectionSet.selections.flatMap((node): SelectionNode[] => {
    if (node.kind !== Kind.INLINE_FRAGMENT) return [node];
    const inner = filter(node.typeCondition!.name.value, node.selectionSet.selections);
    return inner.length > 0 ? [withSelections(node, inner)] : [];
  });
  if (kept === 0) return undefined;
  const root: FieldNode = { ...entities, selectionSet: { kind: Kind.SELECTION_SET, selections: fragments } };
  const used = new Set<string>();
  visit(root, { Variable: ({ name }) => void used.add(name.value) });
  const variableDefinitions = operation.variableDefinitions?.filter((v) => used.has(v.variable.name.value)) ?? [];
  const selectionSet: SelectionSetNode = { kind: Kind.SELECTION_SET, selections: [root] };
  return stripIgnoredCharacters(print({ ...operation, variableDefinitions, selectionSet }));
}

const withSelections = (node: InlineFragmentNode, selections: SelectionNode[]): InlineFragmentNode => ({
  ...node,
  selectionSet: { kind: Kind.SELECTION_SET, selections },
});

/** What the field of a type needs. */
interface Need {
  readonly type: string;
  readonly set: SelectionSetNode;
}

/** Whether representations of one type are what a need is about; an interface object goes by the names of several. */
const concerns = ({ requires }: EntityGroup, { type }: Need, node: Requirement): boolean =>
  node.kind === 'type' &&
  (node.type === type || !requires.some((other) => other.kind === 'type' && other.type === type));

const isSent = (node: Requirement, set: SelectionSetNode): boolean =>
  node.kind !== 'type' || hasArguments(set) || covers(node.selections, set);

/** Whether what a field needs is not sent for its type; for an interface object, whether it is sent for no type. */
const isLacking = (group: EntityGroup, need: Need): boolean =>
  !group.requires.some((node) => concerns(group, need, node) && isSent(node, need.set));

/** A group that sends what @requires names too. */
function withRequired(group: EntityGroup, needing: readonly Need[]): EntityGroup {
  const missing = needing.filter((need) => isLacking(group, need));
  return {
    ...group,
    requires: group.requires.map((node) => {
      if (node.kind !== 'type') return node;
      const further = missing.filter((need) => concerns(group, need, node));
      return {
        ...node,
        selections: union(
          node.selections,
          further.flatMap(({ set }) => set.selections.map(requirementOf)),
        ),
      };
    }),
  };
}

/** A group that sends keys and, with each of them, all that is needed: what lacks some of it is not sent. */
function sending(group: EntityGroup, needing: readonly Need[]): EntityGroup {
  const requires = group.requires.flatMap((node) => {
    const further = needing.filter((need) => concerns(group, need, node));
    if (node.kind !== 'type' || further.length === 0) return [];
    const needed = further.flatMap(({ set }) => set.selections.map(requirementOf));
    return [{ ...node, selections: union(node.selections, needed) }];
  });
  return { ...group, requires };
}

function requirementOf(node: SelectionNode): Requirement {
  if (node.kind === Kind.FIELD) {
    const name = node.name.value;
    return { kind: 'field', from: name, to: name, selections: node.selectionSet?.selections.map(requirementOf) };
  }
  if (node.kind !== Kind.INLINE_FRAGMENT) throw new Error('A field set has no named fragments.');
  const selections = node.selectionSet.selections.map(requirementOf);
  return { kind: 'type', type: node.typeCondition?.name.value, selections };
}

const nameOf = (node: Requirement): string => (node.kind === 'field' ? node.to : `... on ${node.type ?? ''}`);

/** Returns what either of two representations has. */
export function union(known: readonly Requirement[], further: readonly Requirement[]): Requirement[] {
  const result = [...known];
  for (const node of further) {
    const at = result.findIndex((other) => nameOf(other) === nameOf(node));
    const same = result[at];
    if (!same) result.push(node);
    else if (node.selections) result[at] = { ...same, selections: union(same.selections ?? [], node.selections) };
  }
  return result;
}

/** The part of a representation that a key has. */
function only(given: readonly Requirement[], key: SelectionSetNode): Requirement[] {
  return given.flatMap((node): Requirement[] => {
    if (node.kind !== 'field') return [];
    if (node.to === '__typename') return [node];
    const wanted = key.selections.find((one) => one.kind === Kind.FIELD && one.name.value === node.to);
    if (wanted?.kind !== Kind.FIELD) return [];
    return [wanted.selectionSet ? { ...node, selections: only(node.selections ?? [], wanted.selectionSet) } : node];
  });
}

/** Returns whether a representation has every field of a field set. */
export function covers(given: readonly Requirement[], set: SelectionSetNode): boolean {
  return set.selections.every((wanted) => {
    if (wanted.kind !== Kind.FIELD || wanted.name.value === '__typename') return true;
    const field = given.find((node) => node.kind === 'field' && node.to === wanted.name.value);
    if (field?.kind !== 'field') return false;
    return !wanted.selectionSet || covers(field.selections ?? [], wanted.selectionSet);
  });
}

/** Under which name a field with arguments is known is the planner's own. */
function hasArguments(set: SelectionSetNode): boolean {
  return set.selections.some(
    (node) =>
      (node.kind === Kind.FIELD && (node.arguments?.length ?? 0) > 0) ||
      ('selectionSet' in node && node.selectionSet !== undefined && hasArguments(node.selectionSet)),
  );
}

/** Reads the names of all fields that some @requires needs. */
export function readInputs(sdl: string): ReadonlySet<string> {
  const names = new Set<string>();
  for (const set of readRequirements(sdl).requires.values())
    visit(set, { Field: ({ name }) => void names.add(name.value) });
  return names;
}

/** The facts that a supergraph states of @requires, of keys and of interface objects. */
export interface Requirements {
  /** `<subgraph> <type>.<field>`. */
  readonly requires: ReadonlyMap<string, SelectionSetNode>;
  /** `<subgraph> <type>`; keys that the subgraph resolves. */
  readonly keys: ReadonlyMap<string, readonly SelectionSetNode[]>;
  readonly interfaceObjects: ReadonlySet<string>;
  /** `<subgraph> <field>` of what @provides names. */
  readonly provided: ReadonlySet<string>;
}

/** Reads a supergraph. */
export function readRequirements(sdl: string): Requirements {
  const names = new Map<string, string>();
  const requires = new Map<string, SelectionSetNode>();
  const keys = new Map<string, SelectionSetNode[]>();
  const interfaceObjects = new Set<string>();
  const provided = new Set<string>();
  const document = parse(sdl, { noLocation: true });
  visit(document, {
    EnumValueDefinition: ({ name, directives }) => {
      const graph = argumentsOf(directives, 'join__graph')[0]?.['name'];
      if (typeof graph === 'string') names.set(name.value, graph);
    },
  });
  const nameOf = (graph: unknown): string => names.get(String(graph)) ?? String(graph);
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OBJECT_TYPE_DEFINITION && definition.kind !== Kind.INTERFACE_TYPE_DEFINITION) continue;
    const type = definition.name.value;
    for (const { graph, key, resolvable, isInterfaceObject } of argumentsOf(definition.directives, 'join__type')) {
      const at = `${nameOf(graph)} ${type}`;
      if (isInterfaceObject === true) interfaceObjects.add(at);
      if (typeof key === 'string' && resolvable !== false) keys.set(at, [...(keys.get(at) ?? []), fieldSet(key)]);
    }
    for (const field of definition.fields ?? []) {
      for (const { graph, requires: needed, provides } of argumentsOf(field.directives, 'join__field')) {
        if (typeof needed === 'string') requires.set(`${nameOf(graph)} ${type}.${field.name.value}`, fieldSet(needed));
        if (typeof provides !== 'string') continue;
        visit(fieldSet(provides), { Field: ({ name }) => void provided.add(`${nameOf(graph)} ${name.value}`) });
      }
    }
  }
  return { requires, keys, interfaceObjects, provided };
}
