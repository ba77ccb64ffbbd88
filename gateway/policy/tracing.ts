import { isTracing, startSpan } from '#platform/net/tracing/spans.ts';
import type { OperationAnswer, OperationRequest, PreparedOperation } from '../execution/prepare/operation.ts';
import type { ExecutionObserver } from '../execution/run/observer.ts';
import { isRefused, type Pipeline } from './pipeline.ts';

/**
 * Gives every operation a server span, whatever carried it: `query`, `mutation` or `subscription` by the conventions
 * for GraphQL. It lasts from admission to the answer, of one in parts to the last part; that of a subscription to its
 * beginning, as the stream may last for hours. The text of the operation is not recorded: it may hold what a client
 * wrote into it.
 */
export function tracePipeline(pipeline: Pipeline): Pipeline {
  if (!isTracing()) return pipeline;
  return {
    ...pipeline,
    async admit(version, params, caller) {
      const span = startSpan('graphql', 'server', caller.traceparent, { 'sextant.request_id': caller.requestId });
      const admitted = await pipeline.admit(version, params, { ...caller, traceparent: span.traceparent });
      if (isRefused(admitted)) {
        span.end(String(admitted.errors[0]?.extensions['code'] ?? 'refused'));
        return admitted;
      }
      const { prepared, request } = admitted;
      span.rename(prepared.kind);
      span.set({
        'graphql.operation.type': prepared.kind,
        ...(prepared.name !== undefined && { 'graphql.operation.name': prepared.name }),
      });
      if (prepared.kind === 'subscription') {
        span.end();
        return admitted;
      }
      const execute = async (asked: OperationRequest): Promise<OperationAnswer> => {
        try {
          const answer = await prepared.execute(asked);
          span.end(answer.failed ? 'graphql' : undefined);
          return answer;
        } catch (error) {
          span.end('thrown');
          throw error;
        }
      };
      const { executeInParts } = prepared;
      if (!executeInParts) return { prepared: { ...prepared, execute } satisfies PreparedOperation, request };
      const inParts: NonNullable<PreparedOperation['executeInParts']> = async (asked, sink) => {
        let hasFailed = false;
        try {
          await executeInParts(asked, {
            first(answer, pending) {
              hasFailed = answer.failed;
              sink.first(answer, pending);
            },
            next(parts) {
              hasFailed ||= parts.some(({ errors }) => errors.length > 0);
              sink.next(parts);
            },
          });
          span.end(hasFailed ? 'graphql' : undefined);
        } catch (error) {
          span.end('thrown');
          throw error;
        }
      };
      return { prepared: { ...prepared, execute, executeInParts: inParts } satisfies PreparedOperation, request };
    },
  };
}

/** Makes a client span for each request to a subgraph. */
export const traceFetch: NonNullable<ExecutionObserver['fetch']> = (fetch, request) => {
  const span = startSpan(`fetch ${fetch.subgraph}`, 'client', request.traceparent, {
    'sextant.subgraph': fetch.subgraph,
    'graphql.operation.type': fetch.operation,
    ...(fetch.entities !== undefined && { 'sextant.entities': fetch.entities }),
  });
  return {
    traceparent: span.traceparent,
    end(failure, errors) {
      if (failure !== undefined) span.end(codeOf(failure));
      else span.end(errors > 0 ? 'graphql' : undefined);
    },
  };
};

const codeOf = (failure: unknown): string => {
  const code = (failure as { extensions?: { code?: unknown } } | null)?.extensions?.code;
  return typeof code === 'string' ? code : 'SUBGRAPH_UNAVAILABLE';
};
