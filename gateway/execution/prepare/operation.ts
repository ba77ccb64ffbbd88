import type { DocumentNode, GraphQLError, GraphQLFormattedError, OperationDefinitionNode } from 'graphql';
import type { CancelSignal } from '#platform/base/cancellation/cancellation.ts';
import type { ClientInfo } from '#platform/identity/client-info.ts';
import type { Identity } from '#platform/identity/identity.ts';
import type { SubgraphTransport, Unsubscribe } from '#platform/net/transport/transport.ts';
import type { AnswerHeaders } from '../../request/answer-headers.ts';

/**
 * An operation that was parsed, validated, planned and compiled. Immutable and shared by all requests with its text.
 */
export interface PreparedOperation {
  readonly kind: 'query' | 'mutation' | 'subscription';
  /** Name of the operation, undefined when it has none. */
  readonly name: string | undefined;
  /** Hash of text, name and variant: stable between processes, short enough for a log line or a metric. */
  readonly id: string;
  /** The document as the client sent it. */
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  /** The query plan, for the `explain` of people and tests; not for clients in production. */
  explain(): string;
  /**
   * Runs a query or mutation. Never rejects for what a subgraph or a client does: those are errors in the answer.
   */
  execute(request: OperationRequest): Promise<OperationAnswer>;
  /**
   * Runs a query in parts. Absent where no part of it may come later. Never rejects.
   */
  executeInParts?(request: OperationRequest, sink: PartsSink): Promise<void>;
  /**
   * Opens a subscription. Answers reach the sink strictly in the order of the upstream's events. What cannot
   * begin, for instance because of wrong variables, ends with errors and without an answer.
   */
  subscribe(request: OperationRequest, sink: AnswerSink): Unsubscribe;
}

/** A client's request for a prepared operation. */
export interface OperationRequest {
  /** As the client sent them. */
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
  readonly identity: Identity;
  /** Where the request came from, for the subgraphs. */
  readonly client?: ClientInfo | undefined;
  /** Headers of the client that are passed on to the subgraphs. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Equal for requests whose headers every subgraph answers alike: those may share an execution. */
  readonly headersKey?: string | undefined;
  readonly requestId: string;
  readonly traceparent?: string | undefined;
  /** Aborted when the client has left: running fetches end, the answer no longer matters. */
  readonly signal?: CancelSignal | undefined;
  readonly transports: ReadonlyMap<string, SubgraphTransport>;
  /** Of a subscription: a lost upstream is opened again silently, because a missed event does no harm. */
  readonly resubscribe?: boolean | undefined;
  /** Errors that other parts of the gateway found, e.g. of fields that authorization took out. Added to the answer. */
  readonly errors?: readonly GraphQLError[] | undefined;
  /** Added to the answer's `extensions`, e.g. the cost that demand control estimated. */
  readonly extensions?: Readonly<Record<string, unknown>> | undefined;
}

/** A complete GraphQL response body: a string, or the bytes of a trusted subgraph as they came. */
export interface OperationAnswer {
  readonly json: string | Uint8Array;
  /** Whether the body has `errors`. */
  readonly failed: boolean;
  /** Whether the request itself was wrong, e.g. a variable: the body has no `data` entry. HTTP says 400 then. */
  readonly refused: boolean;
  /** What goes with it over HTTP, of the headers of subgraphs' answers. */
  readonly headers?: AnswerHeaders | undefined;
}

/** A part of an answer that comes later: what a fragment adds to an object. */
export interface PendingPart {
  /** Different for all parts of an answer. */
  readonly id: number;
  readonly place: readonly (string | number)[];
  readonly label: string | undefined;
}

/** A part that is there. */
export interface AnswerPart extends PendingPart {
  /** JSON of the object's further fields, or `null` where they cannot be given. */
  readonly data: string;
  readonly errors: readonly GraphQLFormattedError[];
}

/** A receiver of an answer in parts. */
export interface PartsSink {
  /** @param pending what comes later. None: it is the whole answer. */
  first(answer: OperationAnswer, pending: readonly PendingPart[]): void;
  next(parts: readonly AnswerPart[]): void;
}

/** An error as an answer tells it. */
export type AnswerError = GraphQLError | GraphQLFormattedError;

/** A receiver of the answers of one subscription. Exactly one of `complete` and `error` is called, once, at the end. */
export interface AnswerSink {
  /** Returning a promise asks upstream to wait with more. */
  next(answer: OperationAnswer): void | Promise<void>;
  complete(): void;
  /** It cannot begin, or the upstream died or ended it with errors. At least one; all have a code. */
  error(errors: readonly AnswerError[]): void;
}

/** The text that is asked to be prepared. */
export interface PrepareRequest {
  readonly query: string;
  readonly operationName?: string | null | undefined;
  /** Who waits for it, where several do: see `clientKey`. */
  readonly client?: string | undefined;
  /** Plans less than was asked: fields that this client may not see are answered with null. See `Reduction`. */
  readonly reduction?: Reduction | undefined;
  /** Labels of progressive overrides that are taken, in a fixed order: what is taken has a plan of its own. */
  readonly overrides?: readonly string[] | undefined;
}

/**
 * A function that takes fields out of what is planned, while the answer keeps the client's shape: the fields are null,
 * bubbling up as usual. Equal keys must mean equal reductions, e.g. the sorted scopes of the client that matter to the
 * operation.
 */
export interface Reduction {
  readonly key: string;
  /** The document without the fields; `undefined` when nothing is left to fetch. */
  apply(document: DocumentNode, operation: OperationDefinitionNode): DocumentNode | undefined;
}

/** A prepared operation, or why there is none: syntax, validation, limits, unknown operation name. */
export type Prepared = PreparedOperation | readonly GraphQLError[];

/** Returns whether an operation was prepared, and not refused. */
export const isPrepared = (prepared: Prepared): prepared is PreparedOperation => !Array.isArray(prepared);
