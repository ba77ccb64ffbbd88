import type { IncomingMessage, ServerResponse } from 'node:http';
import { type FormattedExecutionResult, GraphQLError } from 'graphql';
import type { Cancellation } from '#platform/base/cancellation/cancellation.ts';
import { CodedError } from '#platform/base/errors/errors.ts';
import type { ClientInfo } from '#platform/identity/client-info.ts';
import type { Identity } from '#platform/identity/identity.ts';
import { watchClient } from '#platform/net/http/client-left.ts';
import type { AnswerError } from '../execution/prepare/operation.ts';
import { type Admitted, isRefused, type OperationCaller, type Served } from '../policy/pipeline.ts';
import { credentialsOf, identify } from '../request/authentication.ts';
import { clientOf, requestIdOf, traceparentOf } from '../request/client.ts';
import type { Carrier } from '../server/metrics.ts';
import type { Channel } from '../subscriptions/delivery.ts';
import { streamPolicyOf } from '../subscriptions/stream-policy.ts';
import type { GraphVersion } from '../supergraph/graph.ts';
import type { DoorOperation } from './operations.ts';
import type { DoorParts } from './parts.ts';

/** A request through a door: who asks, and how it asks the graph. Each operation passes the gateway's pipeline. */
export class Visit {
  readonly identity: Identity;
  readonly client: ClientInfo;
  readonly requestId: string;
  /** Aborted when the client has left. */
  readonly signal: Cancellation;
  readonly #parts: DoorParts;
  readonly #carrier: Carrier;
  readonly #caller: OperationCaller;
  readonly #response: ServerResponse;

  private constructor(
    parts: DoorParts,
    carrier: Carrier,
    caller: OperationCaller,
    signal: Cancellation,
    response: ServerResponse,
  ) {
    this.#parts = parts;
    this.#carrier = carrier;
    this.#caller = caller;
    this.#response = response;
    this.identity = caller.identity;
    this.client = caller.client;
    this.requestId = caller.requestId;
    this.signal = signal;
  }

  /**
   * Finds out who asks.
   *
   * @param resource URL of the door, where connected apps come to it; see Credentials.
   * @throws {GraphQLError} UNAUTHENTICATED, RATE_LIMITED: the credentials are not good.
   */
  static async begin(
    parts: DoorParts,
    carrier: Carrier,
    request: IncomingMessage,
    response: ServerResponse,
    resource?: string,
  ): Promise<Visit> {
    const requestId = requestIdOf(request);
    response.setHeader('x-request-id', requestId);
    const signal = watchClient(response);
    const client = clientOf(request, parts.config.TRUSTED_PROXIES);
    const credentials = { ...credentialsOf(request, parts.authenticator), resource };
    const identity = await identify(parts.authenticator, credentials, client);
    const caller: OperationCaller = {
      identity,
      client,
      requestId,
      traceparent: traceparentOf(request.headers['traceparent']),
      ...parts.propagation.collect(request, identity),
      signal,
      isOwnText: true,
    };
    return new Visit(parts, carrier, caller, signal, response);
  }

  /** Runs a query or mutation. @throws {GraphQLError} when it is refused as a whole. */
  async result(operation: DoorOperation, variables: Readonly<Record<string, unknown>>) {
    return this.#execute(await this.#admit(this.#version(), operation, variables, this.#caller));
  }

  /** Says what is wrong with a text that the caller wrote itself, as far as it does not have to be run for that. */
  async problemsOf(query: string): Promise<readonly string[]> {
    const caller = { ...this.#caller, isOwnText: false };
    const admitted = await this.#parts.pipeline.admit(this.#version(), { query }, caller);
    return isRefused(admitted) ? admitted.errors.map(({ message }) => message) : [];
  }

  /** Runs a text that the caller wrote itself: no operation of the door, so a manifest decides on it. */
  async text(query: string, variables: Readonly<Record<string, unknown>>): Promise<FormattedExecutionResult> {
    const caller = { ...this.#caller, isOwnText: false };
    const admitted = await this.#parts.pipeline.admit(this.#version(), { query, variables }, caller);
    if (isRefused(admitted)) return { errors: admitted.errors.map((error) => error.toJSON()) };
    if (admitted.prepared.kind === 'subscription') {
      throw new CodedError('BAD_USER_INPUT', 'A subscription cannot be run here: send a query or a mutation.');
    }
    return this.#execute(admitted);
  }

  /**
   * Runs a query or mutation.
   *
   * @returns the value of its root field; null where it is null without an error.
   * @throws {GraphQLError} why there is no value.
   */
  async run<Value>(operation: DoorOperation, variables: Readonly<Record<string, unknown>>): Promise<Value | null> {
    const { data, errors } = await this.result(operation, variables);
    const value = data?.[operation.root] as Value | null | undefined;
    if (value === null || value === undefined) {
      if (errors?.[0]) throw asError(errors[0]);
      return null;
    }
    return value;
  }

  /** Runs an operation whose value has to be there. @throws {GraphQLError} why it is not. */
  async need<Value>(operation: DoorOperation, variables: Readonly<Record<string, unknown>>): Promise<Value> {
    const value = await this.run<Value>(operation, variables);
    if (value === null) throw new CodedError('NOT_FOUND', 'There is nothing of that id, or you may not know of it.');
    return value;
  }

  /**
   * Follows a subscription to its end.
   *
   * @param take gets the value of the root field of each event; `enough` ends the subscription.
   * @throws {GraphQLError} why it could not begin, or did not end well; the reason of the signal when the client left.
   */
  async follow<Value>(
    operation: DoorOperation,
    variables: Readonly<Record<string, unknown>>,
    take: (value: Value) => 'enough' | undefined,
  ): Promise<void> {
    const version = this.#version();
    const admitted = await this.#admit(version, operation, variables, this.#caller);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let over = false;
    const end = (settle: () => void): void => {
      if (over) return;
      over = true;
      settle();
    };
    const channel: Channel = {
      next: (json) => {
        if (over) return;
        try {
          const { data, errors } = JSON.parse(json.toString()) as FormattedExecutionResult;
          if (errors?.[0] && data?.[operation.root] == null) return end(() => reject(asError(errors[0]!)));
          if (take(data?.[operation.root] as Value) === 'enough') end(resolve);
        } catch (error) {
          end(() => reject(error));
        }
      },
      error: (errors) => end(() => reject(asError(errors[0]!))),
      complete: () => end(resolve),
      buffered: () => this.#response.writableLength,
      cut: () => undefined,
    };
    const { authenticator, subscriptions } = this.#parts;
    const leave = (): void => end(() => reject(this.signal.reason));
    this.signal.addEventListener('abort', leave);
    if (this.signal.aborted) leave();
    const unwatch =
      authenticator && this.identity.kind === 'user'
        ? authenticator.watch(this.identity, (reason) =>
            channel.error([new CodedError('UNAUTHENTICATED', `The credentials are ${reason}. Sign in again.`)]),
          )
        : () => undefined;
    const stop = subscriptions.run(admitted, streamPolicyOf(admitted, version), channel, this.#carrier);
    try {
      await promise;
    } finally {
      this.signal.removeEventListener('abort', leave);
      unwatch();
      stop();
    }
  }

  /** Runs an operation even when the client has left, or has spent its allowance: it cleans up behind it. */
  async afterwards(operation: DoorOperation, variables: Readonly<Record<string, unknown>>): Promise<void> {
    const { signal: _, ...caller } = this.#caller;
    await this.#execute(await this.#admit(this.#version(), operation, variables, { ...caller, paid: true }));
  }

  /** Sends a request to a plain route of a subgraph, as a signed link names it. It is paid for like an operation. */
  async fetch(url: string, init: RequestInit): Promise<Response> {
    const { pathname, search } = new URL(url, this.#parts.config.publicUrl);
    const [, subgraph, path] = /^.*?\/_\/([^/]+)(\/.*)$/.exec(pathname) ?? [];
    const transport = subgraph === undefined ? undefined : this.#version().transports.get(subgraph);
    if (!transport) throw new CodedError('NOT_FOUND', 'The link leads to no subgraph.');
    await this.spend();
    return transport.fetch(new Request(`http://localhost${path}${search}`, init), this.identity);
  }

  /** Spends one operation of the caller's allowance for a request that may run none. @throws RATE_LIMITED. */
  async spend(): Promise<void> {
    const refusal = await this.#parts.pipeline.spend(this.identity, this.client);
    if (refusal) throw refusal;
  }

  #version(): GraphVersion<Served> {
    const version = this.#parts.graph.current;
    if (!version) throw new CodedError('SERVICE_UNAVAILABLE', 'The gateway is starting.');
    return version;
  }

  async #admit(
    version: GraphVersion<Served>,
    { text: query }: DoorOperation,
    variables: Readonly<Record<string, unknown>>,
    caller: OperationCaller,
  ): Promise<Admitted> {
    const admitted = await this.#parts.pipeline.admit(version, { query, variables }, caller);
    if (isRefused(admitted)) throw admitted.errors[0];
    return admitted;
  }

  async #execute({ prepared, request }: Admitted): Promise<FormattedExecutionResult> {
    const started = performance.now();
    const answer = await prepared.execute(request);
    const outcome = answer.failed ? 'errors' : 'ok';
    this.#parts.metrics.operation(this.#carrier, prepared.kind, outcome, (performance.now() - started) / 1000);
    return JSON.parse(answer.json.toString()) as FormattedExecutionResult;
  }
}

const asError = (error: AnswerError): GraphQLError =>
  error instanceof GraphQLError ? error : new GraphQLError(error.message, { extensions: error.extensions ?? {} });
