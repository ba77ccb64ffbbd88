import { CodedError } from '#platform/base/errors/errors.ts';
import type { OperationAnswer } from '../execution/prepare/operation.ts';
import {
  type Admitted,
  isRefused,
  type OperationCaller,
  type OperationParams,
  type Pipeline,
  type Served,
} from '../policy/pipeline.ts';
import type { GatewayMetrics } from '../server/metrics.ts';
import type { GraphVersion } from '../supergraph/graph.ts';
import { errorBody } from './graphql-http.ts';

/** Returns whether a request holds several operations. */
export const isBatch = (params: OperationParams | readonly OperationParams[]): params is readonly OperationParams[] =>
  Array.isArray(params);

type Execute = (params: OperationParams, admitted: Admitted) => Promise<OperationAnswer>;

/**
 * Creates the answering of batches: the operations of one run at the same time, and each passes what an operation
 * passes that comes alone. The answer is the list of theirs, in their order.
 */
export function createBatches({ pipeline, metrics }: { pipeline: Pipeline; metrics: GatewayMetrics }) {
  async function answer(
    params: OperationParams,
    version: GraphVersion<Served>,
    caller: OperationCaller,
    execute: Execute,
  ): Promise<string | Uint8Array> {
    const started = performance.now();
    const seconds = () => (performance.now() - started) / 1_000;
    const refuse = (errors: Parameters<typeof errorBody>[0]) => {
      metrics.operation('http', 'unknown', 'refused', seconds());
      return errorBody(errors);
    };
    const admitted = await pipeline.admit(version, params, caller);
    if (isRefused(admitted)) return refuse(admitted.errors);
    const { kind } = admitted.prepared;
    if (kind === 'subscription') {
      return refuse([new CodedError('BAD_USER_INPUT', 'A subscription cannot be part of a batch; send it alone.')]);
    }
    const { json, failed } = await execute(params, admitted);
    metrics.operation('http', kind, failed ? 'errors' : 'ok', seconds());
    return json;
  }

  return async (
    batch: readonly OperationParams[],
    version: GraphVersion<Served>,
    caller: OperationCaller,
    execute: Execute,
  ): Promise<Buffer> => {
    const answers = await Promise.all(batch.map((params) => answer(params, version, caller, execute)));
    const parts: Uint8Array[] = [];
    for (const [index, one] of answers.entries()) {
      parts.push(Buffer.from(index === 0 ? '[' : ','), typeof one === 'string' ? Buffer.from(one) : one);
    }
    return Buffer.concat([...parts, Buffer.from(']')]);
  };
}
