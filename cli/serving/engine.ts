import { Histogram, type Registry } from 'prom-client';
import { createEngine } from '#gateway/execution/engine/engine.ts';
import type { PlanningObserver } from '#gateway/execution/planning/planning.ts';
import type { Compile } from '#gateway/execution/prepare/operations.ts';
import type { EngineHooks } from '#gateway/execution/run/observer.ts';
import { traceFetch } from '#gateway/policy/tracing.ts';
import { subgraphMetrics } from '#gateway/server/subgraph-metrics.ts';
import type { Supergraph } from '#gateway/supergraph/supergraph.ts';
import type { Config } from '#platform/base/config/config.ts';
import type { Logger } from '#platform/base/log/log.ts';
import { isTracing } from '#platform/net/tracing/spans.ts';

/**
 * Returns what runs operations: the compiled engine, or Apollo's where GATEWAY_ENGINE says so.
 *
 * @param isOwn whether the subgraphs are ours: then bytes in the client's shape are passed on unread.
 * @param started when the rest of the process is there: only then the planner is made, or for the first operation.
 */
export function engineOf(
  { config, log, metrics }: { readonly config: Config; readonly log: Logger; readonly metrics: Registry },
  isOwn: boolean,
  started: Promise<void> = Promise.resolve(),
): (supergraph: Supergraph, hooks: EngineHooks) => Compile {
  const planned = watchPlanning(log, metrics);
  const ofSubgraphs = subgraphMetrics(metrics);
  return (supergraph, { expose, headers, cache, hideSuggestions }) => {
    if (config.GATEWAY_ENGINE === 'stock') return stockEngine(supergraph);
    let engine: Compile | undefined;
    const make = () => {
      engine ??= createEngine({
        supergraph,
        trusted: () => isOwn,
        limits: { timeoutMs: config.REQUEST_TIMEOUT_MS },
        planningTimeoutMs: config.PLANNING_TIMEOUT_MS,
        planned,
        observer: {
          ...(isTracing() && { fetch: traceFetch }),
          ...(!isOwn && { expose }),
          reported: ofSubgraphs.reported,
          headers,
          cache,
          hideSuggestions,
          failed: (subgraph, cause, { requestId }) =>
            log.warn({ subgraph, requestId, err: cause }, 'a subgraph could not be used'),
        },
      });
      return engine;
    };
    // Where that fails, another line tells the person who started it.
    started.then(make, () => {});
    return (input) => make()(input);
  };
}

/** The beginning of an operation's text tells enough of it in a line. */
const MAX_TEXT = 500;

/** Measures how long plans take, and logs the operations whose plans take long or that have none. */
function watchPlanning(log: Logger, registry: Registry): PlanningObserver {
  const durations = new Histogram({
    name: 'sextant_gateway_planning_duration_seconds',
    help: 'Time to a plan for a new operation, or to its refusal; slow plans took more than half a second.',
    labelNames: ['outcome'],
    buckets: [0.005, 0.025, 0.1, 0.5, 1, 2.5, 5, 10, 20],
    registers: [registry],
  });
  return (outcome, ms, text) => {
    durations.observe({ outcome }, ms / 1_000);
    if (outcome === 'planned') return;
    const about = { ms: Math.round(ms), operation: text.slice(0, MAX_TEXT) };
    if (outcome === 'slow') log.info(about, 'an operation took long to plan');
    else log.warn(about, 'an operation was not planned');
  };
}

/** Loaded only when it is asked for: Apollo's gateway takes a third of a second to import. */
function stockEngine(supergraph: Supergraph): Compile {
  const compile = import('#gateway/execution/reference/stock-operations.ts').then(({ compileStock }) =>
    compileStock(supergraph),
  );
  return async (input) => (await compile)(input);
}
