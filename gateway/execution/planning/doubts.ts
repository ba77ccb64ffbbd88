import { type DocumentNode, type FieldNode, Kind, parse, type SelectionSetNode, visit } from 'graphql';
import { argumentsOf, fieldSet } from './joins.ts';
import type { EntityFetch, Plan, Requirement, Step } from './plan.ts';

/**
 * A function that says what is wrong, or known to go wrong often, with a plan; undefined when there is no reason to
 * doubt it.
 */
export type Doubt = (plan: Plan) => string | undefined;

export interface Key {
  readonly fields: SelectionSetNode;
  readonly resolvable: boolean;
}

/**
 * Checks for faults of Apollo's planner that the public federation audit and our generated operations show: a fetch
 * that is missing altogether; an entity asked for by a key that its subgraph does not resolve; a field that is needed
 * with other arguments by @requires than by someone else at the same place; a request that needs more than a key
 * for some field under @include or @skip, so that all its other fields are lost where that field is not asked for; and
 * a request that asks something of a type of which it sends no entity.
 */
export function createDoubt({ keys, withArguments, belowKeys, interfaces }: Joins): Doubt {
  function doubtOf(fetch: EntityFetch): string | undefined {
    const document = parse(fetch.text, { noLocation: true });
    let suspect: string | undefined;
    let deep: string | undefined;
    let conditional = false;
    visit(document, {
      Directive: ({ name }) => {
        conditional ||= name.value === 'skip' || name.value === 'include';
      },
      Field: ({ name }) => {
        if (withArguments.has(`${fetch.subgraph} ${name.value}`)) suspect = name.value;
        if (belowKeys.has(`${fetch.subgraph} ${name.value}`)) deep = name.value;
      },
    });
    if (suspect !== undefined) return `${suspect} requires fields with arguments`;
    if (conditional && deep !== undefined) return `${deep}, which may be skipped, requires what stands below a key`;
    for (const group of fetch.groups) {
      const unsent = typesAsked(document, group.alias).find((type) => !isSent(type, group.requires));
      if (unsent !== undefined) return `${fetch.subgraph} is asked of ${unsent} and sent none`;
      for (const node of group.requires) {
        const known = node.kind === 'type' ? keys.get(`${fetch.subgraph} ${node.type}`) : undefined;
        if (node.kind !== 'type' || !known) continue;
        if (!known.some((key) => key.resolvable && covers(node.selections, key.fields))) {
          return `${fetch.subgraph} cannot resolve ${node.type} by what it is sent`;
        }
        const size = (key: Key): number => key.fields.selections.length + 1;
        if (
          conditional &&
          !known.some((key) => covers(node.selections, key.fields) && size(key) === node.selections.length)
        ) {
          return `${fetch.subgraph} is sent more than a key for what may be skipped`;
        }
      }
    }
    return undefined;
  }

  /** An interface may stand for the type: what is sent of it says which type it is. */
  function isSent(type: string, requires: readonly Requirement[]): boolean {
    const above = interfaces.get(type);
    if (!above) return true;
    return requires.some(
      (node) => node.kind === 'field' || node.type === undefined || node.type === type || above.has(node.type),
    );
  }

  return (plan) => {
    if (!plan.root && !plan.primary) return 'nothing is fetched';
    return (
      plan.root &&
      entityFetches(plan.root)
        .map(doubtOf)
        .find((doubt) => doubt !== undefined)
    );
  };
}

/** The types of which an `_entities` field asks something. */
function typesAsked({ definitions }: DocumentNode, alias: string): string[] {
  const fields = definitions.flatMap((node) =>
    node.kind === Kind.OPERATION_DEFINITION ? node.selectionSet.selections : [],
  );
  const entities = fields.find(
    (node): node is FieldNode => node.kind === Kind.FIELD && (node.alias ?? node.name).value === alias,
  );
  return (entities?.selectionSet?.selections ?? []).flatMap((node) =>
    node.kind === Kind.INLINE_FRAGMENT && node.typeCondition ? [node.typeCondition.name.value] : [],
  );
}

/** Yields the fetches of entities in a plan. */
export function entityFetches(step: Step): EntityFetch[] {
  switch (step.kind) {
    case 'entities':
      return [step];
    case 'root':
      return [];
    case 'condition':
      return [step.whenTrue, step.whenFalse].flatMap((child) => (child ? entityFetches(child) : []));
    default:
      return step.steps.flatMap(entityFetches);
  }
}

/** Returns whether a representation has every field of a key. */
export function covers(given: readonly Requirement[], key: SelectionSetNode): boolean {
  return key.selections.every((wanted) => {
    if (wanted.kind !== Kind.FIELD) return true;
    const field = given.find((node) => node.kind === 'field' && node.to === wanted.name.value);
    if (field?.kind !== 'field') return false;
    return !wanted.selectionSet || covers(field.selections ?? [], wanted.selectionSet);
  });
}

/** The facts that a supergraph states of its subgraphs. */
export interface Joins {
  /** The keys of every type in every subgraph: `<subgraph> <type>`. */
  readonly keys: ReadonlyMap<string, readonly Key[]>;
  /** The fields whose @requires has arguments: `<subgraph> <field>`. */
  readonly withArguments: ReadonlySet<string>;
  /** The fields whose @requires names more of an object that a key has: `<subgraph> <field>`. */
  readonly belowKeys: ReadonlySet<string>;
  /** The interfaces of every object type. */
  readonly interfaces: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Reads the joins of a supergraph. */
export function readJoins(sdl: string): Joins {
  const document = parse(sdl, { noLocation: true });
  const names = new Map<string, string>();
  const keys = new Map<string, Key[]>();
  const withArguments = new Set<string>();
  const belowKeys = new Set<string>();
  const interfaces = new Map<string, ReadonlySet<string>>();
  visit(document, {
    EnumValueDefinition: ({ name, directives }) => {
      const graph = argumentsOf(directives, 'join__graph')[0]?.name;
      if (typeof graph === 'string') names.set(name.value, graph);
    },
  });
  const nameOf = (graph: unknown): string => names.get(String(graph)) ?? String(graph);
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OBJECT_TYPE_DEFINITION && definition.kind !== Kind.INTERFACE_TYPE_DEFINITION) continue;
    if (definition.kind === Kind.OBJECT_TYPE_DEFINITION) {
      interfaces.set(definition.name.value, new Set(definition.interfaces?.map(({ name }) => name.value)));
    }
    const objects = new Set<string>();
    for (const { graph, key, resolvable } of argumentsOf(definition.directives, 'join__type')) {
      if (typeof key !== 'string') continue;
      const at = `${nameOf(graph)} ${definition.name.value}`;
      keys.set(at, [...(keys.get(at) ?? []), { fields: fieldSet(key), resolvable: resolvable !== false }]);
      for (const name of objectsIn(fieldSet(key))) objects.add(name);
    }
    for (const field of definition.fields ?? []) {
      for (const { graph, requires } of argumentsOf(field.directives, 'join__field')) {
        if (typeof requires !== 'string') continue;
        const at = `${nameOf(graph)} ${field.name.value}`;
        if (requires.includes('(')) withArguments.add(at);
        if (objectsIn(fieldSet(requires)).some((name) => objects.has(name))) belowKeys.add(at);
      }
    }
  }
  return { keys, withArguments, belowKeys, interfaces };
}

const objectsIn = ({ selections }: SelectionSetNode): string[] =>
  selections.flatMap((node) => (node.kind === Kind.FIELD && node.selectionSet ? [node.name.value] : []));
