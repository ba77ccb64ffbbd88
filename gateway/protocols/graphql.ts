import type { IncomingMessage, ServerResponse } from 'node:http';
import { GraphQLError } from 'graphql';
import type { Config } from '#platform/base/config/config.ts';
import { CodedError } from '#platform/base/errors/errors.ts';
import { guarded } from '#platform/base/faults/guarded.ts';
import type { Logger } from '#platform/base/log/log.ts';
import { inRequest } from '#platform/base/log/request-log.ts';
import type { Authenticator } from '#platform/identity/authenticator.ts';
import type { Identity } from '#platform/identity/identity.ts';
import type { OperationAnswer, PartsSink } from '../execution/prepare/operation.ts';
import {
  type Admitted,
  isRefused,
  type OperationCaller,
  type OperationParams,
  type Pipeline,
  type Served,
} from '../policy/pipeline.ts';
import type { AnswerHeaders } from '../request/answer-headers.ts';
import { credentialsOf, identify } from '../request/authentication.ts';
import { clientOf, requestIdOf, traceparentOf } from '../request/client.ts';
import { watchClient } from '../request/client-left.ts';
import type { Propagation } from '../request/propagation.ts';
import { readerFor } from '../request/sender.ts';
import { codingFor, compress } from '../server/compression.ts';
import type { Carrier, GatewayMetrics } from '../server/metrics.ts';
import type { Origins } from '../server/origins.ts';
import { streamPolicyOf } from '../subscriptions/stream-policy.ts';
import type { Subscriptions } from '../subscriptions/subscriptions.ts';
import type { Graph, GraphVersion } from '../supergraph/graph.ts';
import type { ApolloFace } from './apollo.ts';
import { createBatches, isBatch } from './batch.ts';
import { DeferredChannel, type DeferSpec } from './deferred-channel.ts';
import { type Accepted, acceptedBy, errorBody, type ResponseFormat, statusOf, statusOfAnswer } from './graphql-http.ts';
import { eventStreamChannel, type HttpChannel, multipartChannel } from './http-channels.ts';
import { readParams, statusOfUnread } from './read-params.ts';

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

  return (request: IncomingMessage, response: ServerResponse, search: string): Promise<void> => {
    const requestId = requestIdOf(request);
    return inRequest(requestId, () => handle(request, response, search, requestId));
  };

  async function handle(
    request: IncomingMessage,
    response: ServerResponse,
    search: string,
    requestId: string,
  ): Promise<void> {
    const started = performance.now();
    const accepted = acceptedBy(request.headers.accept);
    const format = accepted.format ?? 'application/json';
    const fail = (errors: readonly GraphQLError[], status = statusOf(errors, format)): void => {
      metrics.operation('http', 'unknown', 'refused', (performance.now() - started) / 1000);
      response.setHeader('x-request-id', requestId);
      refuse(response, errors, status, format);
    };

    const version = graph.current;
    if (!version) return fail([new CodedError('SERVICE_UNAVAILABLE', 'The gateway is starting.')]);
    if (accepted.format === undefined) return fail([notAcceptable()], 406);

    let params: OperationParams | readonly OperationParams[];
    try {
      params = await readParams(request, search, config, origins, readerFor(request, options));
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      return fail([error], statusOfUnread(error));
    }
    const client = clientOf(request, config.TRUSTED_PROXIES);
    let identity: Identity;
    try {
      const found = identify(authenticator, credentialsOf(request, authenticator), client);
      identity = found instanceof Promise ? await found : found;
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error;
      return fail([error]);
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
      if (response.destroyed) return;
      return sendAnswer(request, response, 200, format, body, requestId);
    }
    const admitted = await pipeline.admit(version, params, caller);
    if (isRefused(admitted)) return fail(admitted.errors);
    const { kind } = admitted.prepared;
    if (kind === 'subscription') {
      if (response.destroyed) return;
      markStream(response, requestId);
      const opened = subscribe(version, admitted, identity, accepted, response);
      return opened ? undefined : fail([needsStream()]);
    }
    if (kind === 'mutation' && request.method === 'GET') {
      response.setHeader('allow', 'POST');
      return fail([new CodedError('BAD_USER_INPUT', 'A mutation must be sent with POST.')], 405);
    }

    if (accepted.defer && admitted.prepared.executeInParts && !apollo.observes) {
      const answer = await answerInParts(admitted, accepted.defer, response, requestId);
      metrics.operation('multipart', kind, answer.failed ? 'errors' : 'ok', (performance.now() - started) / 1000);
      if (answer.isSent || response.destroyed) return;
      const cacheControl = answer.headers && markAnswer(response, answer.headers, answer.failed);
      return sendAnswer(
        request,
        response,
        statusOfAnswer(answer, format),
        format,
        answer.json,
        requestId,
        cacheControl,
      );
    }
    const answer = await execute(request, params, admitted);
    const streamed = accepted.eventStream && !accepted.json;
    const carrier: Carrier = streamed ? 'sse' : 'http';
    metrics.operation(carrier, kind, answer.failed ? 'errors' : 'ok', (performance.now() - started) / 1000);
    if (response.destroyed) return;
    const cacheControl = answer.headers && markAnswer(response, answer.headers, answer.failed);
    if (streamed) {
      markStream(response, requestId);
      const channel = eventStreamChannel(response);
      channel.next(answer.json);
      channel.complete();
      return;
    }
    return sendAnswer(request, response, statusOfAnswer(answer, format), format, answer.json, requestId, cacheControl);
  }

  /** Sends an answer, compressed where that is worth it. */
  function sendAnswer(
    request: IncomingMessage,
    response: ServerResponse,
    status: number,
    format: ResponseFormat,
    body: string | Uint8Array,
    requestId: string,
    cacheControl?: string,
  ): Promise<void> | undefined {
    if (config.COMPRESS_FROM_BYTES > 0 && body.length >= config.COMPRESS_FROM_BYTES)
      return sendLarge(request, response, status, format, body, requestId, cacheControl);
    send(response, status, format, body, requestId, cacheControl);
    return undefined;
  }

  function execute(request: IncomingMessage, params: OperationParams, admitted: Admitted): Promise<OperationAnswer> {
    return apollo.observes ? apollo.execute(request, params, admitted) : admitted.prepared.execute(admitted.request);
  }

  /** @returns the first part, and whether it is sent: where nothing comes later it is an answer like any other. */
  async function answerInParts(
    { prepared, request }: Admitted,
    spec: DeferSpec,
    response: ServerResponse,
    requestId: string,
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

  /** @returns false when the client accepts none of the ways to stream. */
  function subscribe(
    version: GraphVersion<Served>,
    admitted: Admitted,
    identity: Identity,
    accepted: Accepted,
    response: ServerResponse,
  ): boolean {
    if (!accepted.eventStream && !accepted.multipart) return false;
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
    log.trace({ requestId: admitted.request.requestId }, 'a subscription over HTTP has begun');
    return true;
  }
}

/** The headers that `send` gives every other answer. */
function markStream(response: ServerResponse, requestId: string): void {
  response.setHeader('x-content-type-options', 'nosniff');
  response.setHeader('x-request-id', requestId);
}

/**
 * Writes the headers that subgraphs' answers bring.
 *
 * @returns what `cache-control` says; undefined where no rule shows it.
 */
function markAnswer(
  response: ServerResponse,
  { fields, cacheControl, vary }: AnswerHeaders,
  failed: boolean,
): string | undefined {
  for (const [name, value] of fields) response.appendHeader(name, value);
  if (response.hasHeader('access-control-expose-headers')) {
    const names = new Set(fields.map(([name]) => name));
    names.delete('set-cookie');
    if (names.size > 0) response.appendHeader('access-control-expose-headers', [...names].join(', '));
  }
  // Plugins of Apollo Server may have added errors.
  if (failed) return undefined;
  if (vary !== '') response.appendHeader('vary', vary);
  return cacheControl;
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

/** Answers a request that failed as a whole. */
export function refuse(
  response: ServerResponse,
  errors: readonly GraphQLError[],
  status: number,
  format: ResponseFormat = 'application/json',
): void {
  if (response.headersSent || response.destroyed) return;
  const retryAfter = errors[0]?.extensions['retryAfter'];
  if (typeof retryAfter === 'number') response.setHeader('retry-after', String(retryAfter));
  // The rest of a body that is too large is not read, so the connection cannot be used again.
  if (status === 413) response.setHeader('connection', 'close');
  if (status === 405 && !response.hasHeader('allow')) response.setHeader('allow', 'GET, POST');
  if (status === 401) response.setHeader('www-authenticate', 'Bearer');
  send(response, status, format, errorBody(errors));
}

function send(
  response: ServerResponse,
  status: number,
  format: ResponseFormat,
  body: string | Uint8Array,
  requestId?: string,
  cacheControl = 'no-store',
): void {
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength;
  // All at once and as a list: each header that is set before costs a good part of a microsecond more.
  const headers = [
    'content-type',
    CONTENT_TYPES[format],
    'content-length',
    String(length),
    'cache-control',
    cacheControl,
  ];
  headers.push('x-content-type-options', 'nosniff');
  if (requestId !== undefined) headers.push('x-request-id', requestId);
  response.writeHead(status, headers);
  // Node writes Latin-1, which copies bytes, faster than UTF-8; they are the same when each character is one byte.
  if (typeof body === 'string') response.end(body, length === body.length ? 'latin1' : 'utf8');
  // Any bytes are Latin-1, and a text goes out in one piece with the head; large ones are not worth the copy.
  else if (length <= ONE_PIECE)
    response.end(Buffer.from(body.buffer, body.byteOffset, length).toString('latin1'), 'latin1');
  else response.end(body);
}

/** Sends an answer that is worth being compressed, where the client accepts that. */
async function sendLarge(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  format: ResponseFormat,
  body: string | Uint8Array,
  requestId: string,
  cacheControl?: string,
): Promise<void> {
  const coding = codingFor(request);
  if (coding === undefined) return send(response, status, format, body, requestId, cacheControl);
  const compressed = await compress(body, coding);
  if (response.destroyed) return;
  response.setHeader('content-encoding', coding);
  response.appendHeader('vary', 'Accept-Encoding');
  send(response, status, format, compressed, requestId, cacheControl);
}

/** Bytes. */
const ONE_PIECE = 8_192;

const CONTENT_TYPES: Readonly<Record<ResponseFormat, string>> = {
  'application/json': 'application/json; charset=utf-8',
  'application/graphql-response+json': 'application/graphql-response+json; charset=utf-8',
};
