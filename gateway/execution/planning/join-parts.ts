import {
  type FieldNode,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  parse,
  print,
  type SelectionNode,
  stripIgnoredCharacters,
  type VariableDefinitionNode,
} from 'graphql';
import { nameApart } from './apart-names.ts';
import { combineParallel, pickGroup } from './combine.ts';
import { mergeFields } from './merge-fields.ts';
import type { EntityFetch, EntityGroup, Path, Plan, RootFetch, Step } from './plan.ts';
import { union } from './requirements.ts';

/**
 * Joins the plans of parts of an operation that select different things of one root field. What brings an object or a
 * list that several parts select of is one request for all of them: two may bring another one, or the elements of a
 * list in another order.
 *
 * @param schema the supergraph's, with what only subgraphs see.
 * @returns undefined where it cannot be one request: where the parts ask different subgraphs for the same object, where
 * the request would have to wait for itself, or where they have different fields at one place.
 */
export function joinParts(plans: readonly Plan[], schema: GraphQLSchema): Step | undefined {
  const fetches: Fetch[] = [];
  for (const [part, { root, primary, specialize }] of plans.entries()) {
    if (primary || specialize || (root && !divide(root, part, [], fetches))) return undefined;
  }
  return mergeShared(fetches) ? inOrder(fetches, schema) : undefined;
}

/** One request of a part, for one place: for root fields, or for the entities there. */
interface Fetch {
  readonly part: number;
  readonly step: RootFetch | EntityFetch;
  readonly operation: OperationDefinitionNode;
  /** The field of the entities; undefined where root fields are asked for. */
  readonly entities: FieldNode | undefined;
  /** Those that run before it. */
  readonly after: readonly Fetch[];
  /** The one whose request has what this one asks for. */
  mergedInto: Fetch | undefined;
}

/**
 * Divides a step into fetches of one place each.
 *
 * @returns those that what comes after the step has to wait for; undefined where a plan has what is not divided.
 */
function divide(step: Step, part: number, after: readonly Fetch[], into: Fetch[]): readonly Fetch[] | undefined {
  switch (step.kind) {
    case 'condition':
      return undefined;
    case 'sequence': {
      let before: readonly Fetch[] | undefined = after;
      for (const child of step.steps) before = before && divide(child, part, before, into);
      return before;
    }
    case 'parallel': {
      const ends = step.steps.map((child) => divide(child, part, after, into));
      return ends.some((end) => !end) ? undefined : [...new Set(ends.flatMap((end) => end!))];
    }
    case 'root': {
      const operation = operationOf(step.text);
      if (!operation || step.target.length > 0 || step.outputRewrites.length > 0) return undefined;
      into.push({ part, step, operation, entities: undefined, after, mergedInto: undefined });
      return [into.at(-1)!];
    }
    case 'entities': {
      const ends: Fetch[] = [];
      for (const group of step.groups) {
        const one = step.groups.length > 1 ? pickGroup(step, group) : step;
        const operation = operationOf(one.text);
        const [entities] = operation?.selectionSet.selections ?? [];
        if (!operation || entities?.kind !== Kind.FIELD || group.context.length > 0) return undefined;
        for (const target of group.targets) {
          const at = { ...one, groups: [{ ...group, targets: [target] }] };
          ends.push({ part, step: at, operation, entities, after, mergedInto: undefined });
        }
      }
      into.push(...ends);
      return ends;
    }
  }
}

/** A field of some request, by its place in the response. */
interface Brought {
  readonly fetch: Fetch;
  readonly isObject: boolean;
  /** Its name and arguments. */
  readonly field: string;
}

/** Merges the fetches that bring the same objects to different parts. Returns false where that cannot be. */
function mergeShared(fetches: readonly Fetch[]): boolean {
  const places = new Map<string, Brought[]>();
  let isPlain = true;
  const bring = (at: string, selections: readonly SelectionNode[], fetch: Fetch): void => {
    for (const node of selections) {
      if (node.kind === Kind.FRAGMENT_SPREAD) isPlain = false;
      else if (node.kind === Kind.INLINE_FRAGMENT) bring(at, node.selectionSet.selections, fetch);
      else {
        const place = `${at}.${(node.alias ?? node.name).value}`;
        const brought = { fetch, isObject: node.selectionSet !== undefined, field: fieldText(node) };
        places.set(place, [...(places.get(place) ?? []), brought]);
        if (node.selectionSet) bring(place, node.selectionSet.selections, fetch);
      }
    }
  };
  for (const fetch of fetches) {
    const { selectionSet } = fetch.entities ?? fetch.operation;
    bring(placeOf(targetOf(fetch)), selectionSet?.selections ?? [], fetch);
  }
  const partsOf = (brought: readonly Brought[]): Set<number> => new Set(brought.map(({ fetch }) => fetch.part));
  const isShared = (place: string): boolean => partsOf(places.get(place) ?? []).size > 1;
  const isRewritten = ({ step }: Fetch): boolean =>
    step.kind === 'entities' && step.groups.some(({ outputRewrites }) => outputRewrites.length > 0);
  // What a rewrite makes of an answer is not what its text says.
  if (!isPlain || fetches.some((fetch) => isRewritten(fetch) && isShared(placeOf(targetOf(fetch))))) return false;
  for (const brought of places.values()) {
    const parts = partsOf(brought);
    if (parts.size < 2) continue;
    if (brought.some(({ field }) => field !== brought[0]!.field)) return false;
    if (!brought.some(({ isObject }) => isObject)) continue;
    const shared = sharedRequest(brought, parts);
    if (!shared) return false;
    const [first, ...others] = shared.map(heirOf);
    for (const other of others) if (other !== first) other.mergedInto = heirOf(first!);
  }
  return true;
}

/** Of what brings an object: a fetch of each part that is the same request but for what it selects. */
function sharedRequest(brought: readonly Brought[], parts: ReadonlySet<number>): Fetch[] | undefined {
  const alike = new Map<string, Map<number, Fetch>>();
  for (const { fetch } of brought) {
    const key = requestKey(fetch);
    const known = alike.get(key) ?? new Map<number, Fetch>();
    if (!known.has(fetch.part)) known.set(fetch.part, fetch);
    alike.set(key, known);
  }
  const shared = [...alike.values()].find(({ size }) => size === parts.size);
  return shared && [...shared.values()];
}

function heirOf(fetch: Fetch): Fetch {
  let heir = fetch;
  while (heir.mergedInto) heir = heir.mergedInto;
  return heir;
}

/** The fetches, each as early as what it waits for lets it; undefined where some of them wait for one another. */
function inOrder(fetches: readonly Fetch[], schema: GraphQLSchema): Step | undefined {
  const heirs = new Map<Fetch, Fetch[]>();
  for (const fetch of fetches) heirs.set(heirOf(fetch), [...(heirs.get(heirOf(fetch)) ?? []), fetch]);
  const steps: Step[] = [];
  const done = new Set<Fetch>();
  while (done.size < heirs.size) {
    const next = [...heirs].filter(
      ([heir, merged]) => !done.has(heir) && merged.every(({ after }) => after.every((one) => done.has(heirOf(one)))),
    );
    if (next.length === 0) return undefined;
    for (const [heir] of next) done.add(heir);
    const made = next.map(([, merged]) => mergeFetches(merged, schema));
    if (made.some((step) => !step)) return undefined;
    steps.push(combineParallel(made.map((step) => step!)));
  }
  return steps.length === 1 ? steps[0] : { kind: 'sequence', steps };
}

/** One request that selects what several do; undefined where it would be refused. */
function mergeFetches(fetches: readonly Fetch[], schema: GraphQLSchema): RootFetch | EntityFetch | undefined {
  const [first] = fetches;
  if (fetches.length === 1) return first!.step;
  const variables = new Map<string, VariableDefinitionNode>();
  for (const { operation } of fetches) {
    for (const definition of operation.variableDefinitions ?? []) {
      // That of the representations has another name in another request.
      const isOfEntities = first!.entities && isRepresentations(definition);
      if (!isOfEntities || operation === first!.operation) variables.set(definition.variable.name.value, definition);
    }
  }
  const all = fetches.flatMap(({ operation, entities }) => (entities ?? operation).selectionSet?.selections ?? []);
  const parent = first!.entities ? undefined : schema.getRootType(first!.operation.operation)?.name;
  const apart = nameApart(all, parent, schema);
  if (!apart) return undefined;
  const merged = { kind: Kind.SELECTION_SET, selections: mergeFields(apart.selections) } as const;
  const selectionSet = first!.entities
    ? ({ kind: Kind.SELECTION_SET, selections: [{ ...first!.entities, selectionSet: merged }] } as const)
    : merged;
  const joined = { ...first!.operation, variableDefinitions: [...variables.values()], selectionSet };
  const changed = {
    text: stripIgnoredCharacters(print(joined)),
    variables: [...new Set(fetches.flatMap(({ step }) => step.variables))],
  };
  const { step } = first!;
  if (step.kind === 'root') return { ...step, ...changed, outputRewrites: apart.renames };
  const groups = fetches.map((fetch) => groupOf(fetch)!);
  const requires = groups.map((group) => group.requires).reduce((all, one) => union(all, one));
  return { ...step, ...changed, groups: [{ ...groups[0]!, requires, outputRewrites: apart.renames }] };
}

const isRepresentations = ({ type }: VariableDefinitionNode): boolean => print(type) === '[_Any!]!';

const groupOf = ({ step }: Fetch): EntityGroup | undefined => (step.kind === 'entities' ? step.groups[0] : undefined);

const targetOf = (fetch: Fetch): Path => groupOf(fetch)?.targets[0] ?? [];

const requestKey = (fetch: Fetch): string =>
  JSON.stringify([fetch.step.subgraph, targetOf(fetch), fetch.step.kind, groupOf(fetch)?.inputRewrites]);

/** The only definition of a text; undefined where fragments stand beside it. */
function operationOf(text: string): OperationDefinitionNode | undefined {
  const { definitions } = parse(text, { noLocation: true });
  const [operation] = definitions;
  return definitions.length === 1 && operation?.kind === Kind.OPERATION_DEFINITION ? operation : undefined;
}

/** The place of objects in the response, whichever elements of lists and types they are. */
const placeOf = (path: Path): string =>
  path.flatMap((step) => (typeof step === 'object' && 'field' in step ? [`.${step.field}`] : [])).join('');

const fieldText = (node: FieldNode): string =>
  print({ ...node, alias: undefined, selectionSet: undefined } as FieldNode);
