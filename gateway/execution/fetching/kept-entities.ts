import type { SubgraphResponse } from '#platform/net/transport/transport.ts';
import type { Lookup } from '../../cache/fetch-cache.ts';
import type { Data } from '../prepare/data.ts';
import type { Batch } from './entity-answers.ts';

/** A batch by what the cache knows of it. */
export interface Division {
  readonly lookup: Lookup;
  /** Entities that were kept. */
  readonly found: Batch;
  /** Those of them that are to be fetched again now, for the next caller, and which questions they are. */
  readonly stale: Batch;
  readonly staleQuestions: readonly number[];
  /** Entities that have to be asked for, and which questions they are. */
  readonly missing: Batch;
  readonly questions: readonly number[];
}

/** Divides a batch; each part is a batch of its own. */
export function divide(batch: Batch, lookup: Lookup): Division {
  const numbers = batch.texts.map((_, n) => n);
  const staleQuestions = numbers.filter((n) => lookup.known[n]?.isToRefresh);
  const questions = numbers.filter((n) => lookup.known[n] === undefined);
  return {
    lookup,
    found: part(
      batch,
      numbers.filter((n) => lookup.known[n] !== undefined),
    ),
    stale: part(batch, staleQuestions),
    staleQuestions,
    missing: part(batch, questions),
    questions,
  };
}

/** Those of the entities of a batch that have these numbers. */
function part({ group, texts, distinct, objects, slots }: Batch, numbers: readonly number[]): Batch {
  const place = new Map(numbers.map((number, at) => [number, at]));
  const kept = slots.flatMap((slot, at) => (place.has(slot) ? [at] : []));
  return {
    group,
    texts: numbers.map((n) => texts[n]!),
    distinct: numbers.map((n) => distinct[n]!),
    objects: kept.map((at) => objects[at]!),
    slots: kept.map((at) => place.get(slots[at]!)!),
  };
}

/** Returns what was kept as if the subgraph had answered it. */
export function answersOf(divisions: readonly Division[]): SubgraphResponse {
  const data: Data = {};
  for (const { found, lookup } of divisions) {
    data[found.group.alias] = lookup.known.flatMap((known) => known?.data ?? []);
  }
  return { result: { data } };
}
