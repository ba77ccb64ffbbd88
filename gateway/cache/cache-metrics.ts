import { Counter, type Registry } from 'prom-client';

export type CacheKind = 'root' | 'entity' | 'answer';
export type CacheResult = 'hit' | 'stale' | 'miss';

/** The instruments of the cache of answers. */
export interface CacheMetrics {
  /** @param subgraph empty for whole answers. */
  asked(subgraph: string, kind: CacheKind, result: CacheResult, count: number): void;
  kept(subgraph: string, kind: CacheKind): void;
  invalidated(count: number): void;
}

/** Creates the instruments of the cache of answers. */
export function createCacheMetrics(registry: Registry): CacheMetrics {
  const registers = [registry];
  const requests = new Counter({
    name: 'sextant_gateway_cache_requests_total',
    help: 'Answers that were looked for in the cache, by subgraph, kind (root, entity, answer) and result.',
    labelNames: ['subgraph', 'kind', 'result'],
    registers,
  });
  const kept = new Counter({
    name: 'sextant_gateway_cache_kept_total',
    help: 'Answers that were put into the cache.',
    labelNames: ['subgraph', 'kind'],
    registers,
  });
  const invalidated = new Counter({
    name: 'sextant_gateway_cache_invalidations_total',
    help: 'Tags, types, keys and subgraphs that were invalidated.',
    registers,
  });
  return {
    asked: (subgraph, kind, result, count) => void (count > 0 && requests.inc({ subgraph, kind, result }, count)),
    kept: (subgraph, kind) => kept.inc({ subgraph, kind }),
    invalidated: (count) => invalidated.inc(count),
  };
}
