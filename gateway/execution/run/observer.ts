import type { GraphQLFormattedError, GraphQLSchema } from 'graphql';
import type { FetchCache } from '../../cache/fetch-cache.ts';
import type { HeaderGatherer } from '../../request/answer-headers.ts';
import type { Supergraph } from '../../supergraph/supergraph.ts';
import type { OperationRequest } from '../prepare/operation.ts';

/** A function that returns what clients see of an error that a subgraph reported. */
export type ExposeError = (error: GraphQLFormattedError, subgraph: string) => GraphQLFormattedError;

/** An observer of what the executor does: tracing, metrics, the log. Every method is optional and must not throw. */
export interface ExecutionObserver {
  /** A request to a subgraph begins. What is returned is told how it ended. */
  fetch?(fetch: ObservedFetch, request: OperationRequest): FetchSpan | undefined;
  /**
   * What clients see of an error that a subgraph reported. Default: message, path and extensions as they are, with
   * `DOWNSTREAM_SERVICE_ERROR` where the subgraph gave no code.
   */
  readonly expose?: ExposeError | undefined;
  /** A subgraph has reported an error with this code, if it gave one. */
  reported?(subgraph: string, code: unknown): void;
  /** Begins to gather what the client sees of the headers of subgraphs' answers. Default: it sees none. */
  readonly headers?: ((request: OperationRequest) => HeaderGatherer | undefined) | undefined;
  /** The cache of a supergraph's fetches. Default: nothing is kept. */
  readonly cache?: ((supergraph: Supergraph, full: GraphQLSchema) => FetchCache | undefined) | undefined;
  /** Whether what is said of wrong variables leaves out what was perhaps meant, which tells of the schema. */
  readonly hideSuggestions?: boolean | undefined;
  /** A failure whose cause clients do not see: an unreachable subgraph, an answer that is not GraphQL. */
  failed?(subgraph: string, cause: unknown, request: OperationRequest): void;
}

/** The parts that a gateway gives the engine that it makes. */
export type EngineHooks = Pick<ExecutionObserver, 'expose' | 'headers' | 'cache' | 'hideSuggestions'>;

export interface ObservedFetch {
  readonly subgraph: string;
  readonly operation: 'query' | 'mutation' | 'subscription';
  /** Representations in the request; undefined for root fields. */
  readonly entities: number | undefined;
}

export interface FetchSpan {
  /** Trace context that the subgraph gets instead of the client's. */
  readonly traceparent?: string | undefined;
  /** @param failure why there was no answer; undefined when there was one, with or without GraphQL errors. */
  end(failure: unknown, errors: number): void;
}
