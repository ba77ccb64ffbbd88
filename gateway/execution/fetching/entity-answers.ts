import type { CodedError } from '#platform/base/errors/errors.ts';
import type { SubgraphResponse } from '#platform/net/transport/transport.ts';
import type { EntityFetch, EntityGroup, Path } from '../planning/plan.ts';
import { type Data, setOwn } from '../prepare/data.ts';
import type { AskedFields } from '../run/asked-fields.ts';
import { reportMissing, reportSubgraphError, visibleFields } from '../run/errors.ts';
import { merge } from '../run/merge.ts';
import { locateObjects, type ResponsePath } from '../run/paths.ts';
import { applyRewrites } from '../run/rewrites.ts';
import type { Run } from '../run/run.ts';
import { answerOf, type SubgraphError } from '../run/subgraph-answer.ts';
import type { IsAsked } from './asked.ts';
import { asCoded, type FetchScope } from './fetch-scope.ts';
import type { KeptFetch } from './kept-fetch.ts';
import type { Representer } from './representation.ts';

/** An `_entities` field of a compiled fetch. */
export interface CompiledGroup extends EntityGroup {
  readonly representer: Representer;
  readonly renamed: ReadonlyMap<string, string>;
  /** Undefined where it is asked for in every run. */
  readonly isAsked: IsAsked | undefined;
  /** Undefined where its entities are not kept. */
  readonly kept: KeptFetch | undefined;
  /** What is asked of its entities. */
  readonly asked: () => AskedFields;
}

/** The entities that one `_entities` field is asked for: every entity once, however often it occurs in the response. */
export interface Batch {
  readonly group: CompiledGroup;
  /** Distinct representations, as JSON text. */
  readonly texts: string[];
  /** The first object of each. */
  readonly distinct: Data[];
  /** Objects to be completed, and at the same index which representation each of them is. */
  readonly objects: Data[];
  readonly slots: number[];
}

/** The use of the answers of one entity fetch. */
export interface EntityAnswers {
  /**
   * Completes the objects and reports the errors.
   *
   * @returns batches of which the answer says nothing, because another one's failure took the data with it.
   * @throws when the answer is not GraphQL.
   */
  receive(run: Run, batches: readonly Batch[], response: SubgraphResponse): readonly Batch[];
  /** Reports that the fields of these batches are missing. */
  fail(run: Run, batches: readonly Batch[], error: CodedError): void;
}

/** Creates the functions that put the answers of one entity fetch where they belong. */
export function createEntityAnswers(fetch: EntityFetch, scope: FetchScope): EntityAnswers {
  const { subgraph } = fetch;
  const { satisfies } = scope;

  function receive(run: Run, batches: readonly Batch[], response: SubgraphResponse): readonly Batch[] {
    const { data, errors } = answerOf(response);
    const told = errors.length > 0 ? reportErrors(run, batches, errors) : NOTHING_TOLD;
    // `_entities` is not nullable: where one of several fails as a whole, most servers drop the data of all.
    if (data === null) return told.size > 0 ? batches.filter((batch) => !told.has(batch)) : [];
    for (const batch of batches) {
      const entities = data[batch.group.alias];
      if (Array.isArray(entities) && entities.length === batch.texts.length) complete(run, batch, entities);
      // Servers that leave out what has failed deliver the rest all the same.
      else if (told.get(batch) !== 'whole' || (entities !== null && entities !== undefined)) {
        const reason = new Error(`${batch.group.alias} should be a list of ${batch.texts.length} elements.`);
        fail(run, [batch], asCoded(reason, run, subgraph));
      }
    }
    return [];
  }

  function complete(run: Run, { group, texts, objects, slots }: Batch, entities: readonly unknown[]): void {
    const asked = group.asked();
    const isUsed = new Array<boolean>(texts.length).fill(false);
    for (let i = 0; i < objects.length; i++) {
      const object = objects[i]!;
      const slot = slots[i]!;
      const entity = entities[slot];
      if (entity === null) run.lacksEntities = true;
      if (typeof entity !== 'object' || entity === null) continue;
      const found = entity as Data;
      if (group.outputRewrites.length > 0 && !isUsed[slot]) {
        // Conditions of a rewrite need a type; what did not tell one is of the type it was asked as.
        if (found.__typename === undefined) setOwn(found, '__typename', object.__typename);
        applyRewrites(group.outputRewrites, found, satisfies);
      }
      // The first object of a slot gets the entity's parts themselves, the others copies.
      merge(object, found, satisfies, !isUsed[slot], asked);
      isUsed[slot] = true;
    }
  }

  function reportErrors(run: Run, batches: readonly Batch[], errors: readonly SubgraphError[]): Told {
    const placesOf = cached((target: Path) => locateObjects(run.data, target, satisfies));
    const placesIn = cached((batch: Batch) => placesBySlot(batch, placesOf));
    const wholeOf = cached((batch: Batch) => wholePlaces(batch, placesOf));
    const told = new Map<Batch, 'whole' | 'part'>();
    for (const error of errors) {
      const [alias, index, ...rest] = error.path ?? [];
      const batch = batches.find(({ group }) => group.alias === alias);
      const inEntity = rest.map((part) => batch?.group.renamed.get(String(part)) ?? part);
      const places = (batch && typeof index === 'number' && placesIn(batch).get(index)) || [];
      if (batch && told.get(batch) !== 'whole') told.set(batch, places.length === 0 ? 'whole' : 'part');
      for (const place of places) reportSubgraphError(run, subgraph, error, [...place, ...inEntity]);
      if (places.length > 0) continue;
      // Not about one entity that was asked for: the whole request, or the whole list, failed.
      const whole = (batch ? [batch] : batches).flatMap(wholeOf);
      for (const place of whole.length > 0 ? whole : [undefined]) reportSubgraphError(run, subgraph, error, place);
    }
    return told;
  }

  function fail(run: Run, batches: readonly Batch[], error: CodedError): void {
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

  return { receive, fail };
}

/** Batches that errors were told of: as a whole, or of single entities. */
type Told = ReadonlyMap<Batch, 'whole' | 'part'>;
const NOTHING_TOLD: Told = new Map();

type PlacesOf = (target: Path) => Map<Data, ResponsePath[]>;

/** The places of each entity, by its index in the request: found once, as there may be as many errors as entities. */
function placesBySlot({ group, objects, slots }: Batch, placesOf: PlacesOf): ReadonlyMap<number, ResponsePath[]> {
  const slotOf = new Map(objects.map((object, i) => [object, slots[i]!]));
  const places = new Map<number, ResponsePath[]>();
  for (const target of group.targets) {
    for (const [object, paths] of placesOf(target)) {
      const slot = slotOf.get(object);
      if (slot === undefined) continue;
      const known = places.get(slot) ?? [];
      for (const path of paths) known.push(path);
      places.set(slot, known);
    }
  }
  return places;
}

/** The objects of a request that failed as a whole; their common place when there are many. */
function wholePlaces({ group, objects }: Batch, placesOf: PlacesOf): ResponsePath[] {
  if (objects.length === 0) return [];
  return group.targets.flatMap((target) => {
    const [first] = placesOf(target).values().next().value ?? [];
    const index = first?.findIndex((part) => typeof part === 'number') ?? -1;
    return first ? [index === -1 ? first : first.slice(0, index)] : [];
  });
}

function cached<K, V>(compute: (key: K) => V): (key: K) => V {
  const known = new Map<K, V>();
  return (key) => {
    const value = known.get(key) ?? compute(key);
    known.set(key, value);
    return value;
  };
}
