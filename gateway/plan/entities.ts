import type { GraphQLFormattedError } from 'graphql';
import type { CodedError } from '#platform/errors/errors.ts';
import type { SubgraphResponse } from '#platform/transport/transport.ts';
import { joinFetches } from './combine.ts';
import { collectHeld, contextValue } from './context.ts';
import { reportMissing, reportSubgraphError, visibleFields } from './errors.ts';
import { type AddedVariable, answerOf, asCoded, type Execute, type FetchScope, RequestText } from './fetch.ts';
import { stringify } from './json.ts';
import { type Data, merge, setOwn } from './merge.ts';
import type { ObservedFetch } from './observer.ts';
import { collectObjects, locateObjects, type ResponsePath } from './paths.ts';
import type { EntityFetch, EntityGroup, Path } from './plan.ts';
import { compileRepresenter, type Representer } from './representation.ts';
import { applyRewrites, renamedFields } from './rewrites.ts';
import type { Run } from './run.ts';

/** What one `_entities` field is asked for: every entity once, however often it occurs in the response. */
interface Batch {
  readonly group: CompiledGroup;
  /** Distinct representations, as JSON text. */
  readonly texts: string[];
  /** The first object of each. */
  readonly distinct: Data[];
  /** Objects to be completed, and at the same index which representation each of them is. */
  readonly objects: Data[];
  readonly slots: number[];
}

interface CompiledGroup extends EntityGroup {
  readonly representer: Representer;
  readonly renamed: ReadonlyMap<string, string>;
}

/**
 * Runs a fetch for given objects.
 *
 * @param objectsOf the objects of a group; default: those at its targets.
 * @param added further variables.
 */
type EntityRun = (
  run: Run,
  objectsOf?: (group: number) => readonly Data[],
  added?: Readonly<Record<string, AddedVariable>>,
) => Promise<void> | undefined;

/** A fetch of entity fields: one request for all groups. */
export function compileEntityFetch(fetch: EntityFetch, scope: FetchScope): Execute {
  const [group] = fetch.groups;
  if (group && group.context.length > 0) return compileContextFetch(fetch, group, scope);
  const execute = compileEntities(fetch, scope);
  return (run) => execute(run);
}

/** Values of @fromContext that one request may have side by side. */
const MAX_CONTEXTS = 32;

/** Objects whose context is the same are asked for together, all of them in one request. */
function compileContextFetch(fetch: EntityFetch, { targets, context }: EntityGroup, scope: FetchScope): Execute {
  const { satisfies } = scope;
  const variants = new Map<number, { fetch: EntityFetch; execute: EntityRun }>();
  const variantOf = (copies: number): { fetch: EntityFetch; execute: EntityRun } => {
    let variant = variants.get(copies);
    if (!variant) {
      const joined = joinFetches(new Array<EntityFetch>(copies).fill(fetch));
      variant = { fetch: joined, execute: compileEntities(joined, scope) };
      variants.set(copies, variant);
    }
    return variant;
  };
  return (run) => {
    const byContext = new Map<string, { values: string[]; objects: Data[] }>();
    for (const held of targets.flatMap((target) => collectHeld(run.data, target, satisfies))) {
      const values = context.map((argument) => stringify(contextValue(held, argument, satisfies)));
      const known = byContext.get(values.join());
      if (known) known.objects.push(held.object);
      else byContext.set(values.join(), { values, objects: [held.object] });
    }
    const all = [...byContext.values()];
    const running: (Promise<void> | undefined)[] = [];
    for (let i = 0; i < all.length; i += MAX_CONTEXTS) {
      const part = all.slice(i, i + MAX_CONTEXTS);
      const variant = variantOf(part.length);
      const added: Record<string, AddedVariable> = {};
      for (const [n, { values }] of part.entries()) {
        for (const [k, argument] of variant.fetch.groups[n]!.context.entries()) {
          const text = values[k]!;
          added[argument.variable] = { json: () => text, value: () => JSON.parse(text) as unknown };
        }
      }
      running.push(variant.execute(run, (n) => part[n]!.objects, added));
    }
    return running.length > 0 ? Promise.all(running).then(() => undefined) : undefined;
  };
}

function compileEntities(fetch: EntityFetch, scope: FetchScope): EntityRun {
  const { subgraph } = fetch;
  const { satisfies } = scope;
  const text = new RequestText(fetch, scope.literals);
  const groups: CompiledGroup[] = fetch.groups.map((group) => ({
    ...group,
    representer: compileRepresenter(group.requires, group.inputRewrites, satisfies),
    renamed: renamedFields(group.outputRewrites),
  }));

  function gather(run: Run, group: CompiledGroup, given: readonly Data[] | undefined): Batch {
    const texts: string[] = [];
    const distinct: Data[] = [];
    const objects: Data[] = [];
    const slots: number[] = [];
    const known = new Map<string, number>();
    const { targets } = group;
    const found =
      given ??
      (targets.length === 1
        ? collectObjects(run.data, targets[0]!, satisfies)
        : targets.flatMap((target) => collectObjects(run.data, target, satisfies)));
    for (const object of found) {
      const json = group.representer.json(object);
      if (json === undefined) continue;
      let slot = known.get(json);
      if (slot === undefined) {
        slot = texts.length;
        known.set(json, slot);
        texts.push(json);
        distinct.push(object);
      }
      objects.push(object);
      slots.push(slot);
    }
    return { group, texts, distinct, objects, slots };
  }

  function receive(run: Run, batches: readonly Batch[], response: SubgraphResponse): void {
    const result = answerOf(response);
    if (result.errors) reportErrors(run, batches, result.errors);
    if (!result.data) return;
    for (const batch of batches) complete(batch, result.data);
  }

  function complete({ group, texts, objects, slots }: Batch, data: Data): void {
    const entities = data[group.alias];
    if (!Array.isArray(entities) || entities.length !== texts.length) {
      throw new Error(`${group.alias} should be a list of ${texts.length} elements.`);
    }
    const isUsed = new Array<boolean>(texts.length).fill(false);
    for (let i = 0; i < objects.length; i++) {
      const object = objects[i]!;
      const slot = slots[i]!;
      const entity: unknown = entities[slot];
      if (typeof entity !== 'object' || entity === null) continue;
      const found = entity as Data;
      if (group.outputRewrites.length > 0 && !isUsed[slot]) {
        // Conditions of a rewrite need a type; what did not tell one is of the type it was asked as.
        if (found.__typename === undefined) setOwn(found, '__typename', object.__typename);
        applyRewrites(group.outputRewrites, found, satisfies);
      }
      // The first object of a slot gets the entity's parts themselves, the others copies.
      merge(object, found, !isUsed[slot]);
      isUsed[slot] = true;
    }
  }

  function reportErrors(run: Run, batches: readonly Batch[], errors: readonly GraphQLFormattedError[]): void {
    const placesOf = cached((target: Path) => locateObjects(run.data, target, satisfies));
    for (const error of errors) {
      const [alias, index, ...rest] = error.path ?? [];
      const batch = batches.find(({ group }) => group.alias === alias);
      if (!batch || typeof index !== 'number') {
        // Not about one entity: the whole request failed.
        for (const path of wholePlaces(batch ? [batch] : batches, placesOf))
          reportSubgraphError(run, subgraph, error, path);
        continue;
      }
      const inEntity = rest.map((part) => batch.group.renamed.get(String(part)) ?? part);
      for (const place of placesOfSlot(batch, index, placesOf)) {
        reportSubgraphError(run, subgraph, error, [...place, ...inEntity]);
      }
    }
  }

  function reportFailure(run: Run, batches: readonly Batch[], error: CodedError): void {
    for (const { group, objects } of batches) {
      const wanted = new Set(objects);
      for (const target of group.targets) {
        const fields = visibleFields(fetch.text, group.renamed, target, scope.operation, scope.fragments, group.alias);
        const places = [...locateObjects(run.data, target, satisfies)].flatMap(([object, paths]) =>
          wanted.has(object) ? paths : [],
        );
        reportMissing(run, error, places, fields);
      }
    }
  }

  async function ask(
    run: Run,
    batches: readonly Batch[],
    observed: ObservedFetch,
    variables: Readonly<Record<string, AddedVariable>>,
  ): Promise<void> {
    let response: SubgraphResponse;
    try {
      response = await run.send(observed, text.request(run, variables));
    } catch (error) {
      reportFailure(run, batches, run.unreachable(subgraph, error));
      return;
    }
    try {
      receive(run, batches, response);
    } catch (error) {
      reportFailure(run, batches, asCoded(error, run, subgraph));
    }
  }

  return (run, objectsOf, added) => {
    const batches = groups.map((group, n) => gather(run, group, objectsOf?.(n)));
    let entities = 0;
    for (const batch of batches) entities += batch.texts.length;
    if (entities === 0) return undefined;
    const variables: Record<string, AddedVariable> = { ...added };
    for (const { group, texts, distinct } of batches) {
      variables[group.variable] = {
        json: () => `[${texts.join(',')}]`,
        value: () => distinct.map(group.representer.value),
      };
    }
    return ask(run, batches, { subgraph, operation: 'query', entities }, variables);
  };
}

type PlacesOf = (target: Path) => Map<Data, ResponsePath[]>;

function placesOfSlot({ group, objects, slots }: Batch, slot: number, placesOf: PlacesOf): ResponsePath[] {
  const wanted = new Set(objects.filter((_, i) => slots[i] === slot));
  return group.targets.flatMap((target) =>
    [...placesOf(target)].flatMap(([object, paths]) => (wanted.has(object) ? paths : [])),
  );
}

/** The objects of a request that failed as a whole; their common place when there are many. */
function wholePlaces(batches: readonly Batch[], placesOf: PlacesOf): ResponsePath[] {
  return batches.flatMap(({ group }) =>
    group.targets.map((target) => {
      const [first] = [...placesOf(target).values()].flat();
      const index = first?.findIndex((part) => typeof part === 'number') ?? -1;
      return index === -1 ? (first ?? []) : first!.slice(0, index);
    }),
  );
}

function cached<K, V>(compute: (key: K) => V): (key: K) => V {
  const known = new Map<K, V>();
  return (key) => {
    const value = known.get(key) ?? compute(key);
    known.set(key, value);
    return value;
  };
}
