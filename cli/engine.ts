import { createEngine } from '#gateway/plan/engine.ts';
import type { Compile } from '#gateway/plan/operations.ts';
import { traceFetch } from '#gateway/server/tracing.ts';
import type { Supergraph } from '#gateway/supergraph/supergraph.ts';
import type { Logger } from '#platform/log/log.ts';
import { isTracing } from '#platform/tracing/spans.ts';

/**
 * The compiled engine.
 *
 * @param isOwn whether the subgraphs are ours: then bytes in the client's shape are passed on unread.
 */
export const engineOf =
  (log: Logger, isOwn: boolean) =>
  (supergraph: Supergraph): Compile =>
    createEngine({
      supergraph,
      trusted: () => isOwn,
      observer: {
        ...(isTracing() && { fetch: traceFetch }),
        failed: (subgraph, cause, { requestId }) =>
          log.warn({ subgraph, requestId, err: cause }, 'a subgraph could not be used'),
      },
    });
