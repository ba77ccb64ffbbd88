import { CodedError } from '../../base/errors/errors.ts';
import { guarded } from '../../base/faults/guarded.ts';
import { parseObject } from '../../base/json/objects.ts';
import type { Logger } from '../../base/log/log.ts';
import { readUpTo } from '../http/read-up-to.ts';
import type { Callback, Callbacks } from './callbacks.ts';
import type { Endpoint, Endpoints } from './endpoints.ts';
import { OperationFailed, type SubgraphRequest, type SubscriptionSink } from './transport.ts';
import { readUpstreamMessage } from './upstream-message.ts';
import type { UpstreamSockets } from './upstream-sockets.ts';

export interface CallbackSettings {
  readonly callbacks: Callbacks;
  /** Where subgraphs send their events: the gateway's URL for them, without the id of the subscription. */
  readonly url: string;
  /** How often a subgraph says that it still serves a subscription, in milliseconds; 0: never. */
  readonly heartbeatMs: number;
}

export interface UpstreamCallbacksOptions extends CallbackSettings {
  readonly subgraph: string;
  readonly endpoints: Endpoints;
  /** Where subscriptions are served at an address. */
  readonly urlAt: (endpoint: Endpoint) => URL;
  readonly log: Logger;
  /** Longest wait for the answer to a subscription. */
  readonly timeoutMs: number;
}

const PROTOCOL = 'callback/1.0';
/** A subgraph that misses so many heartbeats in a row is taken for gone. */
const MAX_MISSED = 3;
const MAX_ANSWER = 1024 * 1024;

/**
 * Creates subscriptions over Apollo's HTTP callback protocol: a request begins one, and its events come as requests to
 * the gateway, so that nothing stays open between them. A subgraph that misses its heartbeats has lost the
 * subscription.
 */
export function createUpstreamCallbacks(options: UpstreamCallbacksOptions): UpstreamSockets {
  const { subgraph, endpoints, log, callbacks, heartbeatMs } = options;
  const open = new Set<Subscription>();
  const unavailable = (what: string) => new CodedError('SUBGRAPH_UNAVAILABLE', `${subgraph} ${what}`);

  async function ask(request: SubgraphRequest, { id, verifier }: Callback, signal: AbortSignal): Promise<void> {
    const { request: send } = await import('undici');
    const endpoint = endpoints.pickFor(new Set());
    const subscription = {
      callbackUrl: `${options.url.replace(/\/+$/, '')}/${id}`,
      subscriptionId: id,
      verifier,
      heartbeatIntervalMs: heartbeatMs,
    };
    const { query, operationName, variables } = request;
    const answer = await send(options.urlAt(endpoint), {
      method: 'POST',
      headers: {
        ...request.headers,
        'content-type': 'application/json',
        accept: 'application/json;callbackSpec=1.0, application/json;q=0.5',
        'subscription-protocol': PROTOCOL,
        'x-request-id': request.requestId,
        ...(request.traceparent !== undefined && { traceparent: request.traceparent }),
      },
      body: JSON.stringify({ query, operationName, variables, extensions: { subscription } }),
      dispatcher: await endpoint.streams(),
      signal,
      headersTimeout: options.timeoutMs,
      bodyTimeout: options.timeoutMs,
    }).catch((error: unknown) => {
      // That the caller left, or sent a header that is not one, says nothing of the subgraph.
      const isCallers = signal.aborted || (error as NodeJS.ErrnoException).code === 'UND_ERR_INVALID_ARG';
      if (!isCallers) endpoints.failed(endpoint);
      throw error;
    });
    endpoints.succeeded(endpoint);
    const body = parseObject((await readUpTo(answer.body, MAX_ANSWER)).text);
    if (Array.isArray(body?.['errors']) && body['errors'].length > 0) throw new OperationFailed(body['errors']);
    if (answer.statusCode === 401) throw new CodedError('UNAUTHENTICATED', `${subgraph} refuses the credentials.`);
    if (answer.statusCode === 403) throw new CodedError('FORBIDDEN', `${subgraph} refuses the credentials.`);
    if (answer.statusCode !== 200) throw unavailable(`answered with status ${answer.statusCode}.`);
  }

  /** Opens a subscription, and again where it was lost and may be opened again. */
  function begin(one: Subscription): void {
    const { request, sink } = one;
    const cut = new AbortController();
    let heartbeat: NodeJS.Timeout | undefined;
    const callback = callbacks.open({
      checked: wait,
      async next(payload) {
        wait();
        const message = readUpstreamMessage(JSON.stringify({ type: 'next', id: '1', payload }));
        if (message?.type === 'next') await sink.next(message.payload);
        else end(() => sink.error(unavailable('sent what cannot be used.')));
      },
      completed: (errors) => end(() => (errors?.length ? sink.error(new OperationFailed(errors)) : sink.complete())),
    });

    function wait(): void {
      clearTimeout(heartbeat);
      if (heartbeatMs === 0 || one.isOver) return;
      heartbeat = setTimeout(guarded({ where: 'callback heartbeat', log }, lost), heartbeatMs * MAX_MISSED).unref();
    }

    function release(): void {
      clearTimeout(heartbeat);
      callback[Symbol.dispose]();
      cut.abort();
    }

    function end(tell: () => void): void {
      if (one.isOver) return;
      one.isOver = true;
      open.delete(one);
      release();
      tell();
    }

    function lost(): void {
      log.warn({ subgraph, requestId: request.requestId }, 'a subgraph has missed its heartbeats for a subscription');
      if (!request.resubscribe) {
        end(() => sink.error(unavailable('has broken the stream off.')));
        return;
      }
      release();
      begin(one);
    }

    one.end = end;
    wait();
    ask(request, callback, cut.signal).catch((error: unknown) => {
      // It may be the request of a try that was given up.
      if (one.isOver || cut.signal.aborted) return;
      const isTold = error instanceof OperationFailed || error instanceof CodedError;
      if (!isTold) log.warn({ subgraph, err: error, requestId: request.requestId }, 'a subscription cannot be opened');
      end(() => sink.error(isTold ? (error as Error) : unavailable('cannot be reached.')));
    });
  }

  return {
    subscribe(request, sink) {
      const one: Subscription = { request, sink, isOver: false, end: () => undefined };
      open.add(one);
      begin(one);
      // The subgraph learns it by the 404 for what it sends next.
      return () => one.end(() => undefined);
    },
    load: () => ({ sockets: 0, subscriptions: open.size }),
    // Nothing is connected to an address between events.
    leave: () => undefined,
    dispose() {
      const stopping = new CodedError('SUBGRAPH_UNAVAILABLE', 'The gateway is stopping.');
      for (const one of [...open]) one.end(() => one.sink.error(stopping));
    },
  };
}

interface Subscription {
  readonly request: SubgraphRequest;
  readonly sink: SubscriptionSink;
  isOver: boolean;
  end(tell: () => void): void;
}
