import { buildSchema, type GraphQLSchema } from 'graphql';
import { digestOf } from '#platform/base/secrets/tokens.ts';
import type { Cache } from '#platform/realtime/cache/cache.ts';
import { shownLines } from '../request/answer-headers.ts';
import type { Propagation } from '../request/propagation.ts';
import { type GatewayFile, settingsOf, textOf } from '../settings/gateway-file.ts';
import type { Supergraph } from '../supergraph/supergraph.ts';
import { AnswerStore } from './answer-store.ts';
import { readCacheHints } from './cache-hints.ts';
import type { CacheMetrics } from './cache-metrics.ts';
import { type CacheRules, FetchCache, type SubgraphCacheSettings } from './fetch-cache.ts';

/** The caches of a gateway: one for each supergraph that it serves, over one store. */
export interface AnswerCaches {
  of(supergraph: Supergraph, full?: GraphQLSchema): FetchCache;
}

export interface AnswerCacheOptions {
  readonly cache: Cache;
  readonly metrics: CacheMetrics;
  /** As they are at the moment. */
  readonly rules: CacheRules;
}

/** Creates the caches of a gateway. */
export function createAnswerCaches({ cache, metrics, rules }: AnswerCacheOptions): AnswerCaches {
  const store = new AnswerStore(cache);
  const caches = new WeakMap<Supergraph, FetchCache>();
  return {
    of(supergraph, full) {
      let found = caches.get(supergraph);
      if (!found) {
        let hints: ReturnType<typeof readCacheHints> | undefined;
        const schema =
          full ?? buildSchema(supergraph.sdl, { assumeValid: true, assumeValidSDL: true, noLocation: true });
        found = new FetchCache(supergraph, schema, {
          store,
          rules,
          metrics,
          hints() {
            hints ??= readCacheHints(supergraph.sdl);
            return hints;
          },
        });
        caches.set(supergraph, found);
      }
      return found;
    },
  };
}

export interface CacheRuleOptions {
  readonly file: GatewayFile;
  readonly propagation: Propagation;
  /** Whether a subgraph is in this process. */
  readonly isOwn: (subgraph: string) => boolean;
  /** Whether identities are signed for subgraphs. */
  readonly signs: boolean;
}

/** Reads what a gateway.yaml says about keeping answers. */
export function readCacheRules({ file, propagation, isOwn, signs }: CacheRuleOptions): CacheRules {
  const known = new Map<string, SubgraphCacheSettings | undefined>();
  const isAnywhere = [file.all, ...Object.values(file.subgraphs ?? {})].some((settings) => settings?.cache?.enabled);
  return {
    settingsOf(subgraph) {
      if (!isAnywhere) return undefined;
      if (!known.has(subgraph)) {
        const { cache } = settingsOf(file, subgraph);
        known.set(subgraph, cache?.enabled ? cache : undefined);
      }
      return known.get(subgraph);
    },
    headersOf: (subgraph, headers) => (isOwn(subgraph) ? undefined : propagation.of(subgraph, headers)),
    counts: (subgraph, name) => propagation.counts(subgraph, name),
    maySend: (subgraph, name) => !isOwn(subgraph) && propagation.maySend(subgraph, name),
    shownOf: (subgraph, head) => shownLines(settingsOf(file, subgraph).headers?.response ?? [], head),
    isToldIdentity: (subgraph) => signs || isOwn(subgraph),
    answers: isAnywhere && file.cache?.answers === true,
    version: digestOf(textOf({ ...file, cache: undefined })),
  };
}
