import { isTracing, startSpan } from '../net/tracing/spans.ts';
import { changedRequest } from '../net/transport/transport.ts';
import type { SubgraphExecutor } from './execution.ts';

/**
 * Gives every query and mutation of a subgraph a server span, whether it came over HTTP or by a function call. A
 * subscription has none: it may last for hours, and a span is seen when it ends. What it starts continues the trace of
 * the client.
 */
export function traceExecutor(executor: SubgraphExecutor, subgraph: string): SubgraphExecutor {
  if (!isTracing()) return executor;
  return {
    async execute(request) {
      const span = startSpan(`${subgraph} graphql`, 'server', request.traceparent, {
        'sextant.subgraph': subgraph,
        'sextant.request_id': request.requestId,
        ...(request.operationName !== undefined && { 'graphql.operation.name': request.operationName }),
      });
      const result = await span.run(() => executor.execute(changedRequest(request, { traceparent: span.traceparent })));
      const error = result.errors?.[0];
      span.end(error && String(error.extensions?.['code'] ?? 'unknown'));
      return result;
    },
    subscribe: executor.subscribe,
  };
}
