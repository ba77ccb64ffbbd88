import type { ExecutionResult } from 'graphql';
import { CodedError } from '../../base/errors/errors.ts';
import type { HttpAnswer } from './http-response.ts';
import type { SubgraphResponse } from './transport.ts';

/**
 * An HTTP answer as GraphQL.
 *
 * @throws {CodedError} SUBGRAPH_UNAVAILABLE when it is none.
 */
export function responseOf(subgraph: string, { status, body }: HttpAnswer): SubgraphResponse {
  if (status === 200) return new JsonResponse(subgraph, body);
  // GraphQL over HTTP answers 4xx and 500 with a GraphQL body where the request failed as a whole.
  const response = new JsonResponse(subgraph, body);
  try {
    if (response.result.errors?.length) return response;
  } catch {
    // not GraphQL: a proxy's page
  }
  throw new CodedError('SUBGRAPH_UNAVAILABLE', `${subgraph} answered with status ${status}.`);
}

/** Parsed when somebody looks: a passed-through answer never is. */
class JsonResponse implements SubgraphResponse {
  readonly bytes: Uint8Array;
  readonly #subgraph: string;
  #result: ExecutionResult | undefined;

  constructor(subgraph: string, body: Buffer) {
    this.#subgraph = subgraph;
    this.bytes = body;
  }

  get result(): ExecutionResult {
    this.#result ??= this.#parse();
    return this.#result;
  }

  #parse(): ExecutionResult {
    try {
      const result: unknown = JSON.parse((this.bytes as Buffer).toString());
      if (typeof result === 'object' && result !== null && ('data' in result || 'errors' in result)) {
        return result as ExecutionResult;
      }
    } catch {
      // falls through: the answer is no GraphQL
    }
    throw new CodedError('SUBGRAPH_UNAVAILABLE', `${this.#subgraph} answered with something that is no GraphQL.`);
  }
}
