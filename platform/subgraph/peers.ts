import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import type { Identity } from '../identity/identity.ts';

/** How a subgraph asks another one: typed GraphQL operations over the transports that the gateway uses. */
export interface Peers {
  /**
   * Runs an operation on another subgraph on behalf of `identity`.
   *
   * @throws {CodedError} SUBGRAPH_UNAVAILABLE when it cannot be reached, TIMEOUT when `signal` aborts first, or the first
   * error of the answer when it has no data.
   */
  execute<Data, Variables extends Record<string, unknown>>(
    subgraph: string,
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
    call: {
      readonly identity: Identity;
      readonly signal?: AbortSignal;
      readonly requestId?: string;
      readonly traceparent?: string;
    },
  ): Promise<Data>;
}
