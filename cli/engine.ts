import type { Compile } from '#gateway/execution/prepare/operations.ts';
import { createEngine } from '#gateway/execution/run/engine.ts';
import { traceFetch } from '#gateway/policy/tracing.ts';
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
export const engineOf =
  (config: Config, log: Logger, isOwn: boolean, started: Promise<void> = Promise.resolve()) =>
  (supergraph: Supergraph): Compile => {
    if (config.GATEWAY_ENGINE === 'stock') return stockEngine(supergraph);
    let engine: Compile | undefined;
    const make = () => {
      engine ??= createEngine({
        supergraph,
        trusted: () => isOwn,
        limits: { timeoutMs: config.REQUEST_TIMEOUT_MS },
        planningTimeoutMs: config.PLANNING_TIMEOUT_MS,
        observer: {
          ...(isTracing() && { fetch: traceFetch }),
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

/** Loaded only when it is asked for: Apollo's gateway takes a third of a second to import. */
function stockEngine(supergraph: Supergraph): Compile {
  const compile = import('#gateway/execution/reference/stock-operations.ts').then(({ compileStock }) =>
    compileStock(supergraph),
  );
  return async (input) => (await compile)(input);
}
