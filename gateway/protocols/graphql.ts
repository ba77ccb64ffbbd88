import type { IncomingMessage, ServerResponse } from 'node:http';
import { GraphQLError } from 'graphql';
import type { Config } from '#platform/base/config/config.ts';
import { CodedError } from '#platform/base/errors/errors.ts';
import { inRequest } from '#platform/base/log/request-log.ts';
import type { ClientInfo } from '#platform/identity/client-info.ts';
import type { Identity } from '#platform/identity/identity.ts';
import { isClosed, watchClient } from '#platform/net/http/client-left.ts';
import type { OperationAnswer } from '../execution/prepare/operation.ts';
import { type Admitted, isRefused, type OperationCaller, type OperationParams } from '../policy/pipeline.ts';
import { credentialsOf, identify } from '../request/authentication.ts';
import { clientOf, requestIdOf, traceparentOf } from '../request/client.ts';
import { readerFor } from '../request/sender.ts';
import type { Carrier } from '../server/metrics.ts';
import type { Origins } from '../server/origins.ts';
import { answerInParts } from './answer-in-parts.ts';
import type { ApolloFace } from './apollo.ts';
import { createBatches, isBatch } from './batch.ts';
import { acceptedBy, statusOf, statusOfAnswer } from './graphql-http.ts';
import { eventStreamChannel } from './http-channels.ts';
import type { ProtocolParts } from './parts.ts';
import { readParams, statusOfUnread } from './read-params.ts';
import { type Exchange, markAnswer, markStream, refuse, sendAnswer } from './send-answer.ts';
import { createSubscriptionStreams } from './subscription-streams.ts';

export interface GraphqlHttpOptions extends ProtocolParts {
  readonly config: Pick<Config, 'TRUSTED_PROXIES' | 'MAX_BODY_BYTES' | 'MAX_BATCH' | 'COMPRESS_FROM_BYTES'>;
  readonly apollo: ApolloFace;
  readonly origins: Origins;
}

/**
 * Creates the handler of GraphQL over HTTP, server-sent events and multipart, at one path. It reads who asks for what;
 * policy/pipeline.ts admits the operation; `execute` of what was admitted runs it (execution/engine/compile.ts); the
 * answer, which is JSON text or bytes by then, is sent as the client accepts it.
 */
export function createGraphqlHandler(options: GraphqlHttpOptions) {
  const { config, metrics, graph, pipeline, authenticator, apollo, origins } = options;

  const answerBatch = createBatches({ pipeline, metrics });
  const stream = createSubscriptionStreams(options);
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
    const { request, response, accepted } = exchange;
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
    if (isClosed(response)) return;
    const caller = callerOf(exchange, identity, client);
    if (isBatch(params)) {
      const body = await answerBatch(params, version, caller, (one, admitted) => execute(request, one, admitted));
      return isClosed(response) ? undefined : sendAnswer(exchange, { status: 200, body }, compressFrom);
    }
    const admitted = await pipeline.admit(version, params, caller);
    if (isRefused(admitted)) return fail(exchange, admitted.errors);
    const { kind, executeInParts } = admitted.prepared;
    if (kind === 'subscription' && request.method !== 'HEAD') {
      const refusal = stream(exchange, version, admitted);
      return refusal && fail(exchange, [refusal]);
    }
    if (kind !== 'query' && request.method !== 'POST') {
      response.setHeader('allow', kind === 'mutation' ? 'POST' : 'GET, POST');
      const why = `A ${kind} must be sent with ${kind === 'mutation' ? 'POST' : 'POST, or with GET'}.`;
      return fail(exchange, [new CodedError('BAD_USER_INPUT', why)], 405);
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

  function callerOf(
    { request, response, requestId }: Exchange,
    identity: Identity,
    client: ClientInfo,
  ): OperationCaller {
    return {
      identity,
      client,
      requestId,
      traceparent: traceparentOf(request.headers['traceparent']),
      ...options.propagation.collect(request, identity),
      signal: watchClient(response),
    };
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
    if (isClosed(response)) return undefined;
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
}

const notAcceptable = (): CodedError =>
  new CodedError(
    'BAD_USER_INPUT',
    'Accept application/json, application/graphql-response+json, text/event-stream or multipart/mixed.',
  );
