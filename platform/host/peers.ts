import { randomUUID } from 'node:crypto';
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { type GraphQLFormattedError, Kind, print } from 'graphql';
import { CodedError, ERROR_CODES, type ErrorCode } from '../base/errors/errors.ts';
import type { Identity } from '../identity/identity.ts';
import { activeTraceparent } from '../net/tracing/spans.ts';
import type { SubgraphTransport } from '../net/transport/transport.ts';

/** The way in which a subgraph asks another one: typed GraphQL operations over the transports that the gateway uses. */
export interface Peers {
  /**
   * Runs a query or mutation on one subgraph.
   *
   * @param subgraph its name in supergraph.yaml.
   * @throws {CodedError} the first error of the answer, with its code; SUBGRAPH_UNAVAILABLE or TIMEOUT when the
   * subgraph cannot be reached.
   */
  execute<Result, Variables extends Record<string, unknown>>(
    subgraph: string,
    document: TypedDocumentNode<Result, Variables>,
    variables: Variables,
    options: PeerCall,
  ): Promise<Result>;

  /**
   * Asks a plain route of one subgraph.
   *
   * @throws {CodedError} SUBGRAPH_UNAVAILABLE, also when the answer is not a success.
   */
  fetch(subgraph: string, request: Request, options: Pick<PeerCall, 'identity'>): Promise<Response>;
}

export interface PeerCall {
  readonly identity: Identity;
  /** Default: a new one. */
  readonly requestId?: string | undefined;
  /** Default: that of the work that runs now. */
  readonly traceparent?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Creates the way to ask other subgraphs over the transports of the gateway.
 *
 * @param transportOf how each subgraph is reached; asked at each call, because in one process the subgraphs start after
 * one another.
 */
export function createPeers(transportOf: (subgraph: string) => SubgraphTransport | undefined): Peers {
  const texts = new WeakMap<object, { text: string; name: string | undefined }>();
  return {
    async execute<Result, Variables extends Record<string, unknown>>(
      subgraph: string,
      document: TypedDocumentNode<Result, Variables>,
      variables: Variables,
      options: PeerCall,
    ): Promise<Result> {
      const transport = transportOf(subgraph);
      if (!transport) throw new CodedError('SUBGRAPH_UNAVAILABLE', `No subgraph ${subgraph} is configured.`);
      let operation = texts.get(document);
      if (operation === undefined) {
        const named = document.definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION);
        operation = { text: print(document), name: named?.name?.value };
        texts.set(document, operation);
      }
      const { result } = await transport.execute({
        query: operation.text,
        ...(operation.name !== undefined && { operationName: operation.name }),
        variables,
        identity: options.identity,
        requestId: options.requestId ?? randomUUID(),
        traceparent: options.traceparent ?? activeTraceparent(),
        ...(options.signal && { signal: options.signal }),
      });
      if (result.errors?.length) throw thrown(subgraph, result.errors[0]!);
      return result.data as Result;
    },
    async fetch(subgraph, request, { identity }) {
      const transport = transportOf(subgraph);
      if (!transport) throw new CodedError('SUBGRAPH_UNAVAILABLE', `No subgraph ${subgraph} is configured.`);
      const response = await transport.fetch(request, identity);
      if (response.ok) return response;
      await response.body?.cancel();
      throw new CodedError('SUBGRAPH_UNAVAILABLE', `${subgraph} answered with the status ${response.status}.`);
    },
  };
}

function thrown(subgraph: string, error: GraphQLFormattedError): Error {
  const { code, ...extensions } = error.extensions ?? {};
  if (String(code) in ERROR_CODES) return new CodedError(code as ErrorCode, error.message, extensions);
  return new Error(`${subgraph} answered: ${error.message}`);
}
