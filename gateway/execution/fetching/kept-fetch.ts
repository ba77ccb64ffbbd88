import type { FetchCache, Lookup, Question } from '../../cache/fetch-cache.ts';
import type { FetchFacts } from '../../cache/fetch-facts.ts';
import { type CachePolicy, writeCacheControl } from '../../request/cache-control.ts';
import type { Run } from '../run/run.ts';

/** The place where the answers to one fetch are kept, for a time. */
export interface KeptFetch {
  /** Looks for answers. Undefined: nothing of this fetch is kept at the moment. */
  look(run: Run, variables: () => string, questions: () => readonly Question[]): Promise<Lookup> | undefined;
}

/** Longest time for fetching again what is given out stale, in milliseconds. */
const REFRESH_MS = 30_000;

/**
 * Creates the place where the answers to one fetch are kept.
 *
 * @param alias the `_entities` field; undefined for root fields.
 */
export function createKeptFetch(
  cache: FetchCache | undefined,
  { subgraph, text }: { readonly subgraph: string; readonly text: string },
  alias: string | undefined,
): KeptFetch | undefined {
  if (!cache) return undefined;
  let facts: FetchFacts | undefined | 'unread' = 'unread';
  const kind = alias === undefined ? 'root' : 'entity';
  return {
    look(run, variables, questions) {
      if (!cache.isOn(subgraph)) return undefined;
      if (facts === 'unread') facts = cache.facts(subgraph, text, alias);
      return facts && cache.look({ subgraph, kind, facts }, run.request, variables(), questions());
    },
  };
}

/** Tells a run that it uses answers that were kept. */
export function noteKnown(run: Run, subgraph: string, lookup: Lookup): void {
  const { known, tokens } = lookup;
  run.used = [...(run.used ?? []), lookup];
  for (const one of known) {
    if (!one) continue;
    const { policy, isStale, names, shown } = one;
    run.headers?.answered(subgraph, `HTTP/1.1 200 OK\r\ncache-control: ${writeCacheControl(policy)}${shown}`);
    if (isStale) run.keeping?.giveUp();
    else run.keeping?.add(policy, names, tokens);
  }
}

/** Tells a run that an answer to some of the questions, which was asked for now, may be kept. */
export function noteKept(run: Run, lookup: Lookup, policy: CachePolicy, questions: readonly number[]): void {
  if (!run.keeping) return;
  run.keeping.kept++;
  for (const n of questions) run.keeping.add(policy, lookup.namesOf(n), lookup.tokens);
}

/**
 * Fetches again what was given out stale; no client waits for it. What fails is tried again by the next caller.
 *
 * @param fetch sends the request of a run and keeps its answer.
 */
export function refresh(run: Run, fetch: (detached: Run) => Promise<void>): void {
  const detached = run.detached();
  detached.within(REFRESH_MS, () => fetch(detached).catch(() => undefined)).catch(() => undefined);
}
