import type { IncomingMessage, ServerResponse } from 'node:http';
import { GraphQLError } from 'graphql';
import type { Config } from '#platform/base/config/config.ts';
import { CodedError } from '#platform/base/errors/errors.ts';
import { guarded } from '#platform/base/faults/guarded.ts';
import type { Logger } from '#platform/base/log/log.ts';
import { inRequest } from '#platform/base/log/request-log.ts';
import type { Authenticator } from '#platform/identity/authenticator.ts';
import type { Identity } from '#platform/identity/identity.ts';
import { watchClient } from '#platform/net/http/client-left.ts';
import type { OperationAnswer, PartsSink } from '../execution/prepare/operation.ts';
import {
  type Admitted,
  isRefused,
  type OperationCaller,
  type OperationParams,
  type Pipeline,
  type Served,
} from '../policy/pipeline.ts';
import { credentialsOf, identify } from '../request/authentication.ts';
import { clientOf, requestIdOf, traceparentOf } from '../request/client.ts';
import type { Propagation } from '../request/propagation.ts';
import { readerFor } from '../request/sender.ts';
import type { Carrier, GatewayMetrics } from '../server/metrics.ts';
import type { Origins } from '../server/origins.ts';
import { streamPolicyOf } from '../subscriptions/stream-policy.ts';
import type { Subscriptions } from '../subscriptions/subscriptions.ts';
import type { Graph, GraphVersion } from '../supergraph/graph.ts';
import type { ApolloFace } from './apollo.ts';
import { createBatches, isBatch } from './batch.ts';
import { DeferredChannel, type DeferSpec } from './deferred-channel.ts';
import { acceptedBy, statusOf, statusOfAnswer } from './graphql-http.ts';
import { eventStreamChannel, type HttpChannel, multipartChannel } from './http-channels.ts';
import { readParams, statusOfUnread } from './read-params.ts';
import { type Exchange, markAnswer, markStream, refuse, sendAnswer } from './send-answer.ts';

export interface GraphqlHttpOptions {
  readonly config: Pick<Config, 'TRUSTED_PROXIES' | 'MAX_BODY_BYTES' | 'MAX_BATCH' | 'COMPRESS_FROM_BYTES'>;
  readonly log: Logger;
  readonly metrics: GatewayMetrics;
  readonly authenticator?: Authenticator | undefined;
  readonly propagation: Propagation;
  readonly graph: Graph<Served>;
  readonly pipeline: Pipeline;
  readonly subscriptions: Subscriptions;
  readonly apollo: ApolloFace;
  readonly origins: Origins;
}

const SSE_HEARTBEAT_MS = 12_000;
/** The multipart protocol says five seconds. */
const MULTIPART_HEARTBEAT_MS = 5_000;

/** Creates the handler of GraphQL over HTTP, server-sent events and multipart, at one path. */
export function createGraphqlHandler(options: GraphqlHttpOptions) {
  const { config, log, metrics, graph, pipeline, subscriptions, authenticator, apollo, origins } = options;

  const answerBatch = createBatches({ pipeline, metrics });
  const compressFrom = config.COMPRESS_FROM_BYTES;

  return (request: IncomingMessage, response: ServerResponse, search: string): Promise<void> => {
    const requestId = requestIdOf(request);
    return inRequest(requestId, () => {
      const accepted = acceptedBy(request.headers.accept);
      const format = accepted.format ?? 'application/json';
      return handle({ request, response, requestId, accepted, format, started: performance.now() }, search);
    });
  };

  async function handle(exchange: Exchange, search: string): Promise<void> {
    const { request, response, requestId, accepted } = exchange;
    const version = graph.current;
    if (!version) return fail(exchange, [new CodedError('SERVICE_UNAVAILABLE', 'The gateway is starting.')]);
    if (accepted.format === undefined) return fail(exchange, [notAcceptable()], 406);

    let params: OperationParams | readonly OperationParams[];
    try {
      params = await readParams(request, search, config, origins, readerFor(request, options));
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      return fail(exchange, [error], statusOfUnread(error));
    }
    const client = clientOf(request, config.TRUSTED_PROXIES);
    let identity: Identity;
    try {
      const found = identify(authenticator, credentialsOf(request, authenticator), client);
      identity = found instanceof Promise ? await found : found;
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error;
      return fail(exchange, [error]);
    }
    // A client that has left while its body was read, or waited for its turn, closes nothing more.
    if (response.destroyed) return;
    const caller: OperationCaller = {
      identity,
      client,
      requestId,
      traceparent: traceparentOf(request.headers['traceparent']),
      ...options.propagation.collect(request, identity),
      signal: watchClient(response),
    };
    if (isBatch(params)) {
      const body = await answerBatch(params, version, caller, (one, admitted) => execute(request, one, admitted));
      return response.destroyed ? undefined : sendAnswer(exchange, { status: 200, body }, compressFrom);
    }
    const admitted = await pipeline.admit(version, params, caller);
    if (isRefused(admitted)) return fail(exchange, admitted.errors);
    const { kind, executeInParts } = admitted.prepared;
    if (kind === 'subscription') return subscribe(exchange, version, admitted, identity);
    if (kind === 'mutation' && request.method === 'GET') {
      response.setHeader('allow', 'POST');
      return fail(exchange, [new CodedError('BAD_USER_INPUT', 'A mutation must be sent with POST.')], 405);
    }
    if (accepted.defer && executeInParts && !apollo.observes) {
      const answer = await answerInParts(exchange, admitted, accepted.defer);
      count(exchange, 'multipart', kind, answer);
      return answer.isSent ? undefined : sendWhole(exchange, answer);
    }
    const answer = await execute(request, params, admitted);
    const streamed = accepted.eventStream && !accepted.json;
    count(exchange, streamed ? 'sse' : 'http', kind, answer);
    return sendWhole(exchange, answer, streamed);
  }

  /** Answers a request that is not run. */
  function fail(exchange: Exchange, errors: readonly GraphQLError[], status = statusOf(errors, exchange.format)): void {
    const { response, requestId, format, started } = exchange;
    metrics.operation('http', 'unknown', 'refused', (performance.now() - started) / 1000);
    response.setHeader('x-request-id', requestId);
    refuse(response, errors, status, format);
  }

  function count({ started }: Exchange, carrier: Carrier, kind: string, { failed }: OperationAnswer): void {
    metrics.operation(carrier, kind, failed ? 'errors' : 'ok', (performance.now() - started) / 1000);
  }

  /** Sends an answer in one piece; as an event where the client asked for nothing else. */
  function sendWhole(exchange: Exchange, answer: OperationAnswer, asEvent = false): Promise<void> | undefined {
    const { response, requestId, format } = exchange;
    if (response.destroyed) return undefined;
    const cacheControl = answer.headers && markAnswer(response, answer.headers, answer.failed);
    if (!asEvent)
      return sendAnswer(
        exchange,
        { status: statusOfAnswer(answer, format), body: answer.json, cacheControl },
        compressFrom,
      );
    markStream(response, requestId);
    const channel = eventStreamChannel(response);
    channel.next(answer.json);
    channel.complete();
    return undefined;
  }

  function execute(request: IncomingMessage, params: OperationParams, admitted: Admitted): Promise<OperationAnswer> {
    return apollo.observes ? apollo.execute(request, params, admitted) : admitted.prepared.execute(admitted.request);
  }

  /** @returns the first part, and whether it is sent: where nothing comes later it is an answer like any other. */
  async function answerInParts(
    { response, requestId }: Exchange,
    { prepared, request }: Admitted,
    spec: DeferSpec,
  ): Promise<OperationAnswer & { readonly isSent: boolean }> {
    const channel = new DeferredChannel(response, spec);
    let whole: OperationAnswer | undefined;
    let isSent = false;
    const sink: PartsSink = {
      first(answer, pending) {
        whole = answer;
        isSent = pending.length > 0;
        if (!isSent || response.destroyed) return;
        if (answer.headers) markAnswer(response, answer.headers, true);
        markStream(response, requestId);
        channel.first(answer, pending);
      },
      next(parts) {
        if (parts.some(({ errors }) => errors.length > 0)) whole = { ...whole!, failed: true };
        channel.next(parts);
      },
    };
    try {
      await prepared.executeInParts!(request, sink);
    } catch (error) {
      // What has begun cannot be refused any more.
      if (isSent) response.destroy();
      throw error;
    }
    return { ...whole!, isSent };
  }

  /** Answers with a stream of events, where the client accepts one of the ways to do so. */
  function subscribe(exchange: Exchange, version: GraphVersion<Served>, admitted: Admitted, identity: Identity): void {
    const { response, requestId, accepted } = exchange;
    if (response.destroyed) return;
    markStream(response, requestId);
    if (!accepted.eventStream && !accepted.multipart) return void fail(exchange, [needsStream()]);
    const multipart = accepted.multipart;
    const policy = streamPolicyOf(admitted, version);
    const channel: HttpChannel = multipart ? multipartChannel(response) : eventStreamChannel(response);
    const heartbeat = setInterval(
      guarded({ where: 'stream heartbeat', log, end: () => response.destroy() }, channel.heartbeat),
      multipart ? MULTIPART_HEARTBEAT_MS : SSE_HEARTBEAT_MS,
    );
    const unwatch =
      authenticator && identity.kind === 'user'
        ? authenticator.watch(identity, (reason) => {
            stop();
            channel.error([new CodedError('UNAUTHENTICATED', `The credentials are ${reason}. Sign in and resume.`)]);
          })
        : () => undefined;
    const stop = subscriptions.run(admitted, policy, channel, multipart ? 'multipart' : 'sse');
    response.once('close', () => {
      clearInterval(heartbeat);
      unwatch();
      stop();
    });
    log.trace({ requestId }, 'a subscription over HTTP has begun');
  }
}

const notAcceptable = (): CodedError =>
  new CodedError(
    'BAD_USER_INPUT',
    'Accept application/json, application/graphql-response+json, text/event-stream or multipart/mixed.',
  );

const needsStream = (): CodedError =>
  new CodedError(
    'BAD_USER_INPUT',
    'A subscription needs graphql-ws, or Accept: text/event-stream, or Accept: multipart/mixed;subscriptionSpec="1.0".',
  );
