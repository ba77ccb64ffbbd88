import { createEngine } from '#gateway/plan/engine.ts';
import type { Compile } from '#gateway/plan/operations.ts';
import type { Supergraph } from '#gateway/supergraph/supergraph.ts';
import type { Logger } from '#platform/log/log.ts';

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
        failed: (subgraph, cause, { requestId }) =>
          log.warn({ subgraph, requestId, err: cause }, 'a subgraph could not be used'),
      },
    });
