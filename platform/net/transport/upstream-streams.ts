import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '../../base/errors/errors.ts';
import { backoff } from '../../base/faults/backoff.ts';
import { isObject, parseObject } from '../../base/json/objects.ts';
import type { Logger } from '../../base/log/log.ts';
import { EventStream } from '../http/event-stream.ts';
import { readUpTo } from '../http/read-up-to.ts';
import type { Endpoint, Endpoints } from './endpoints.ts';
import { readParts } from './multipart.ts';
import { OperationFailed, type SubgraphRequest, type SubscriptionSink } from './transport.ts';
import { readUpstreamMessage } from './upstream-message.ts';
import type { UpstreamSockets } from './upstream-sockets.ts';

export interface UpstreamStreamsOptions {
  readonly subgraph: string;
  readonly endpoints: Endpoints;
  /** Where subscriptions are served at an address. */
  readonly urlAt: (endpoint: Endpoint) => URL;
  readonly protocol: 'sse' | 'multipart';
  readonly log: Logger;
  /** Longest wait for the beginning of the answer. */
  readonly timeoutMs: number;
}

const ACCEPT = {
  sse: 'text/event-stream, application/graphql-response+json;q=0.5, application/json;q=0.4',
  multipart: 'multipart/mixed;subscriptionSpec="1.0", application/graphql-response+json;q=0.5, application/json;q=0.4',
};
/** Largest answer that is not a stream. */
const MAX_ANSWER = 1024 * 1024;
const MAX_PAUSE_MS = 10_000;

/**
 * Creates subscriptions to a subgraph over HTTP, a request for each: server-sent events (graphql-sse, distinct
 * connections mode) or Apollo's multipart protocol, with the headers of the subscriber. A stream that breaks off is an
 * error, or is opened again where the subscription asks for it.
 */
export function createUpstreamStreams(options: UpstreamStreamsOptions): UpstreamSockets {
  const { subgraph, endpoints, log } = options;
  const open = new Set<Stream>();
  const unavailable = (what: string) => new CodedError('SUBGRAPH_UNAVAILABLE', `${subgraph} ${what}`);

  async function follow({ request, sink }: Stream, endpoint: Endpoint, signal: AbortSignal): Promise<void> {
    const { request: send } = await import('undici');
    const answer = await send(options.urlAt(endpoint), {
      method: 'POST',
      headers: {
        ...request.headers,
        'content-type': 'application/json',
        accept: ACCEPT[options.protocol],
        'x-request-id': request.requestId,
        ...(request.traceparent !== undefined && { traceparent: request.traceparent }),
      },
      body: JSON.stringify({
        query: request.query,
        operationName: request.operationName,
        variables: request.variables,
      }),
      dispatcher: await endpoint.streams(),
      signal,
      headersTimeout: options.timeoutMs,
      bodyTimeout: 0, // a quiet subscription is a good one
    });
    endpoints.succeeded(endpoint);
    const type = String(answer.headers['content-type'] ?? '');
    if (answer.statusCode === 200 && type.startsWith('text/event-stream')) return ofEvents(answer.body, sink);
    if (answer.statusCode === 200 && type.startsWith('multipart/mixed')) return ofParts(answer.body, type, sink);
    throw refusalOf(answer.statusCode, (await readUpTo(answer.body, MAX_ANSWER)).text);
  }

  async function ofEvents(body: Readable, sink: SubscriptionSink): Promise<void> {
    const events = new EventStream(body);
    for (let event = await events.next(); event; event = await events.next()) {
      if (event.name === 'complete') return sink.complete();
      if (event.name === 'next' || event.name === '') await pass(event.data, sink);
    }
    throw new Lost();
  }

  async function ofParts(body: Readable, type: string, sink: SubscriptionSink): Promise<void> {
    for await (const part of readParts(body, type)) {
      const message = parseObject(part);
      if (!message) throw unavailable('sent what cannot be used.');
      // An empty part is a sign of life; without a payload the errors end the stream.
      if (isObject(message.payload)) await pass(JSON.stringify(message.payload), sink);
      else if (Array.isArray(message.errors)) throw new OperationFailed(message.errors);
    }
    sink.complete();
  }

  async function pass(json: string, sink: SubscriptionSink): Promise<void> {
    const message = readUpstreamMessage(`{"type":"next","id":"1","payload":${json}}`);
    if (message?.type !== 'next') throw unavailable('sent what cannot be used.');
    await sink.next(message.payload);
  }

  /** What an answer that is not a stream says. */
  function refusalOf(status: number, text: string): Error {
    const answer = parseObject(text);
    if (Array.isArray(answer?.errors) && answer.errors.length > 0) return new OperationFailed(answer.errors);
    if (status === 401) return new CodedError('UNAUTHENTICATED', `${subgraph} refuses the credentials.`);
    if (status === 403) return new CodedError('FORBIDDEN', `${subgraph} refuses the credentials.`);
    if (status === 200) return unavailable(`does not speak ${options.protocol} at the address of its subscriptions.`);
    return unavailable(`answered with status ${status}.`);
  }

  async function run(stream: Stream): Promise<void> {
    const { request, sink } = stream;
    for (let failures = 0; !stream.isLeft; failures++) {
      const endpoint = endpoints.pickFor(new Set());
      const cut = new AbortController();
      stream.endpoint = endpoint;
      stream.cut = cut;
      try {
        return await follow(stream, endpoint, cut.signal);
      } catch (error) {
        if (stream.isLeft) return;
        if (error instanceof OperationFailed || error instanceof CodedError) return sink.error(error);
        endpoints.failed(endpoint);
        if (!request.resubscribe) {
          log.warn({ subgraph, err: error, requestId: request.requestId }, 'a stream of a subgraph is lost');
          return sink.error(unavailable('has broken the stream off.'));
        }
        await sleep(backoff(failures + 1, { firstMs: 100, maxMs: MAX_PAUSE_MS, isSpread: true }));
      }
    }
  }

  return {
    subscribe(request, sink) {
      const stream: Stream = { request, sink, isLeft: false, endpoint: undefined, cut: undefined };
      open.add(stream);
      void run(stream).finally(() => open.delete(stream));
      return () => {
        stream.isLeft = true;
        stream.cut?.abort();
      };
    },
    load: () => ({ sockets: open.size, subscriptions: open.size }),
    leave(left) {
      for (const stream of open) if (stream.endpoint === left) stream.cut?.abort();
    },
    dispose() {
      for (const stream of open) {
        stream.isLeft = true;
        stream.cut?.abort();
        stream.sink.error(new CodedError('SUBGRAPH_UNAVAILABLE', 'The gateway is stopping.'));
      }
      open.clear();
    },
  };
}

interface Stream {
  readonly request: SubgraphRequest;
  readonly sink: SubscriptionSink;
  /** The subscriber has left. */
  isLeft: boolean;
  endpoint: Endpoint | undefined;
  /** Ends the request of the present try. */
  cut: AbortController | undefined;
}

/** A stream ended without saying that it is complete. */
class Lost extends Error {
  override name = 'Lost';
}
