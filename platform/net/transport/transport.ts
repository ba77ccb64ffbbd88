import type { DocumentNode, ExecutionResult } from 'graphql';
import type { CancelSignal } from '../../base/cancellation/cancellation.ts';
import type { ClientInfo } from '../../identity/client-info.ts';
import type { Identity } from '../../identity/identity.ts';
import type { Check, Checks } from '../http/health-report.ts';

/** An operation sent to one subgraph. */
export interface SubgraphRequest {
  /** Text of the operation; equal texts share one compiled operation in the subgraph, so keep it stable. */
  readonly query: string;
  /** The parsed text where the caller has it, so that an in-process subgraph need not parse it. */
  readonly document?: DocumentNode | undefined;
  readonly operationName?: string | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | undefined;
  /**
   * The JSON text `{"query":…,"operationName":…,"variables":…}`, where the caller can write it for less than it costs
   * to stringify the fields above. A transport that sends JSON uses it; the others never call it.
   */
  body?(): string;
  readonly identity: Identity;
  /** Where the client's request came from, for sessions, rate limits and the audit log. */
  readonly client?: ClientInfo | undefined;
  /** Correlates log lines of all processes. */
  readonly requestId: string;
  /** W3C trace context of the caller's span. */
  readonly traceparent?: string | undefined;
  /** Ends the work when the client is gone or a time limit is reached. */
  readonly signal?: CancelSignal | undefined;
  /** Headers of the client that are passed on to subgraphs over HTTP. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /**
   * Of a subscription: when the connection to the subgraph is lost, open it again silently instead of ending with an
   * error. For streams whose lost events do no harm, such as presence.
   */
  readonly resubscribe?: boolean | undefined;
}

/** Returns the same request with something changed. Requests have getters, which a spread would call or lose. */
export function changedRequest(request: SubgraphRequest, change: Partial<SubgraphRequest>): SubgraphRequest {
  const { query, document, operationName, variables, identity, client, requestId, traceparent, signal } = request;
  const { headers, resubscribe } = request;
  const plain = { query, document, operationName, variables, identity, client, requestId, traceparent, signal };
  return { ...plain, headers, resubscribe, ...(request.body && { body: () => request.body!() }), ...change };
}

/** An answer: parsed (in-process), or the bytes as they came, parsed on demand, so that they can be passed through. */
export interface SubgraphResponse {
  /** The JSON text as received; absent in-process. */
  readonly bytes?: Uint8Array;
  /** The status line and the headers as received; absent in-process. */
  readonly head?: string | undefined;
  /** The parsed answer. The caller owns it and may change it: a transport that shares answers hands out copies. */
  readonly result: ExecutionResult;
  /** Returns the same answer for another caller, who may change it too. Absent where there are no bytes. */
  copy?(): SubgraphResponse;
}

/**
 * A receiver of the events of one subscription, in order. Exactly one of `complete` and `error` is called, once, at the
 * end.
 */
export interface SubscriptionSink {
  /** Returning a promise asks the source to wait for it before it sends more, where the source can. */
  next(event: ExecutionResult): void | Promise<void>;
  /**
   * Takes an event as the JSON text that it came as, where the source has it. False: it has not taken it, and wants it
   * parsed. The bytes are part of a larger buffer, so they are not to be kept.
   */
  pass?(payload: Uint8Array): boolean;
  complete(): void;
  /**
   * The stream broke: the subgraph died, or ended the operation with errors of its own, which an `OperationFailed`
   * holds. Errors that end nothing come through `next`.
   */
  error(error: Error): void;
}

/**
 * A subgraph has ended a subscription with errors of GraphQL, at its beginning or after events. They are meant for the
 * client, but a subgraph may be any server: what is in them is not checked yet.
 */
export class OperationFailed extends Error {
  override name = 'OperationFailed';
  readonly errors: readonly unknown[];

  constructor(errors: readonly unknown[]) {
    super('The subgraph has ended the operation with errors.');
    this.errors = errors;
  }
}

/** The name beside the headers under which the payload of a client's `connection_init` travels; no header has it. */
export const CLIENT_INIT = 'init:payload';

/** A function that ends a subscription; calling it twice does no harm. No sink method is called afterwards. */
export type Unsubscribe = () => void;

/**
 * Where the HTTP face of a subgraph has its plain routes: `/routes/uploads/1` is the route `/uploads/1`. A path of
 * their own keeps what the gateway forwards away from `/graphql`, `/metrics`, `/health` and `/ready`, whatever a client
 * writes.
 */
export const ROUTES_PATH = '/routes';

/** The way in which a subgraph is reached: a function call in one process, HTTP and graphql-ws between processes. */
export interface SubgraphTransport {
  readonly subgraph: string;
  /**
   * Runs a query or mutation. Rejects only when the subgraph cannot be reached, and with the signal's reason at once
   * when it is aborted; GraphQL errors are in the result.
   */
  execute(request: SubgraphRequest): Promise<SubgraphResponse>;
  subscribe(request: SubgraphRequest, sink: SubscriptionSink): Unsubscribe;
  /**
   * Calls one of the subgraph's plain HTTP routes, e.g. `/jwks.json` or a signed upload. The path is the subgraph's
   * own.
   */
  fetch(request: Request, identity: Identity): Promise<Response>;
  /** Whether the subgraph answers and, of a process of its own, what that says of the servers behind it. */
  health(): Promise<Check & { readonly checks?: Checks }>;
  [Symbol.asyncDispose](): Promise<void>;
}
