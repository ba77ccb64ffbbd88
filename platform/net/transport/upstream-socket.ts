import { type ClientOptions, WebSocket } from 'ws';
import { CodedError } from '../../base/errors/errors.ts';
import { backoff } from '../../base/faults/backoff.ts';
import { guarded } from '../../base/faults/guarded.ts';
import type { Logger } from '../../base/log/log.ts';
import type { IdentityAssertions } from '../../identity/authenticator.ts';
import { type ClientTls, connectionOptions } from '../http/tls.ts';
import type { Endpoint, Endpoints } from './endpoints.ts';
import { CLOSE } from './graphql-socket.ts';
import { Heartbeat } from './heartbeat.ts';
import type { SubgraphRequest, SubscriptionSink, Unsubscribe } from './transport.ts';
import { DIALECTS, type UpstreamDialect } from './upstream-dialect.ts';
import { lossOf } from './upstream-loss.ts';
import { type RefusedSubscription, UpstreamOperations } from './upstream-operations.ts';

export interface UpstreamSocketOptions {
  readonly subgraph: string;
  readonly endpoints: Endpoints;
  /** Picks the address of the next connection. */
  pick(): Endpoint;
  readonly assertions?: IdentityAssertions | undefined;
  readonly tls?: ClientTls | undefined;
  /** Default: that of the graphql-ws package. */
  readonly dialect?: UpstreamDialect | undefined;
  /** Where subscriptions are served at an address. Default: where queries are. */
  urlAt?(endpoint: Endpoint): URL;
  /** Headers of the upgrade request: those of a client, whose credentials the subgraph checks. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The payload of `connection_init`. Default: none. */
  readonly init?: unknown;
  /** Largest message that the subgraph takes, in bytes. */
  readonly maxMessage: number;
  readonly log: Logger;
  /**
   * Has a subscription begun elsewhere that an address has no memory for. Returns how to leave it there; undefined
   * where there is no other to ask.
   */
  move?(from: Endpoint, subscription: RefusedSubscription): Unsubscribe | undefined;
  /** Time for connection and acknowledgement. */
  readonly connectTimeoutMs?: number;
  /** Ping interval; a subgraph that misses one is taken for gone. */
  readonly keepAliveMs?: number;
  /** How long a socket without operations is kept. */
  readonly idleMs?: number;
}

export interface UpstreamSocket {
  /** Operations on it. */
  readonly size: number;
  /** The address that it is connected to, or connects to. */
  readonly endpoint: Endpoint | undefined;
  /** @param refusedBy the addresses that had no memory for it. */
  subscribe(request: SubgraphRequest, sink: SubscriptionSink, refusedBy?: ReadonlySet<Endpoint>): Unsubscribe;
  /** Cuts the connection, as if it were lost. */
  cut(): void;
  dispose(): void;
}

/** Largest message that a subgraph may send. */
const MAX_MESSAGE = 16 * 1024 * 1024;
/** Tries to connect before waiting operations are told that the subgraph is unavailable. */
const CONNECT_TRIES = 3;
const MAX_PAUSE_MS = 10_000;
/** A subgraph that has said goodbye and leaves the connection open is left after so long. */
const CLOSE_TIMEOUT_MS = 1_000;

/**
 * Creates a graphql-ws socket for many subscriptions to a subgraph, each with the identity of its own subscriber.
 * Opened when first needed, checked by pings, opened again with jitter when it is lost. A lost connection is an error
 * on each of its operations, which the gateway passes on: RESUBSCRIBE when the subgraph has said that it restarts, else
 * SUBGRAPH_UNAVAILABLE. Operations that asked for it are subscribed again silently.
 */
export function createUpstreamSocket(options: UpstreamSocketOptions): UpstreamSocket {
  const {
    subgraph,
    endpoints,
    log,
    connectTimeoutMs = 5_000,
    idleMs = 30_000,
    dialect = DIALECTS['graphql-ws'],
  } = options;
  const init = JSON.stringify({ type: 'connection_init', payload: options.init });
  const operations = new UpstreamOperations({
    ...options,
    dialect,
    socket: () => (socket?.readyState === WebSocket.OPEN ? socket : undefined),
    forgotten: watchIdle,
    move: (subscription) => (endpoint ? options.move?.(endpoint, subscription) : undefined),
  });
  let socket: WebSocket | undefined;
  let endpoint: Endpoint | undefined;
  let state: 'closed' | 'connecting' | 'ready' | 'disposed' = 'closed';
  let failures = 0;
  let idleTimer: NodeJS.Timeout | undefined;
  let retryTimer: NodeJS.Timeout | undefined;

  function connect(): void {
    if (state !== 'closed') return;
    state = 'connecting';
    const picked = options.pick();
    endpoint = picked;
    const url = options.urlAt?.(picked) ?? picked.url;
    const connection: ClientOptions & { readonly closeTimeout: number } = {
      perMessageDeflate: false,
      maxPayload: MAX_MESSAGE,
      handshakeTimeout: connectTimeoutMs,
      closeTimeout: CLOSE_TIMEOUT_MS, // the types do not know it yet
      ...(options.headers && { headers: options.headers }),
      ...connectionOptions(url, options.tls),
      ...(picked.address !== undefined && { lookup: lookupOf(picked.address) }),
    };
    const opened = new WebSocket(webSocketUrl(url), dialect.protocol, connection);
    socket = opened;
    const ackTimer = setTimeout(() => opened.terminate(), connectTimeoutMs);
    let problem: Error | undefined;
    opened.on('error', (error) => {
      problem = error;
    });
    const guard = { where: 'upstream socket', log, about: () => ({ subgraph }), end: () => opened.terminate() };
    opened.on('open', () => opened.send(init));
    opened.on('message', guarded(guard, receive));
    opened.on(
      'close',
      guarded({ ...guard, end: () => {} }, (code: number, reason: Buffer) => {
        clearTimeout(ackTimer);
        // One that was idle has been replaced, or is not needed.
        if (socket !== opened) return;
        lost(picked, code, problem?.message ?? reason.toString());
      }),
    );
    const heartbeat = new Heartbeat(opened, { everyMs: options.keepAliveMs ?? 12_000 });
    opened.on('close', () => heartbeat.stop());

    function receive(data: Buffer): void {
      if (state === 'ready' && operations.pass(data)) return;
      const message = dialect.read(data.toString());
      if (message?.type === 'connection_ack' && state === 'connecting') {
        clearTimeout(ackTimer);
        state = 'ready';
        failures = 0;
        endpoints.succeeded(picked);
        operations.beginAll();
        watchIdle();
      } else if (message?.type === 'ping') {
        opened.send('{"type":"pong"}');
      } else if (message?.type === 'refused') {
        problem = new Error(message.reason);
        opened.close(CLOSE.FORBIDDEN);
      } else if (message && 'id' in message) {
        operations.deliver(message, data.byteLength);
      }
    }
  }

  function lost(from: Endpoint, code: number, reason: string): void {
    if (state === 'disposed') return;
    const wasReady = state === 'ready';
    state = 'closed';
    socket = undefined;
    endpoint = undefined;
    const loss = lossOf(subgraph, code, reason, options.headers !== undefined);
    const { isPlanned, isRefused } = loss;
    if (isPlanned) endpoints.leaves(from);
    if (operations.size === 0) return; // idle: no subscription is lost
    failures++;
    if (!isPlanned && !isRefused) endpoints.failed(from);
    const about = { subgraph, code, reason, operations: operations.size };
    if (isRefused && options.headers) log.info(about, 'a subgraph refuses the credentials of a client');
    else if (isRefused) log.error(about, 'a subgraph refuses the socket of the gateway');
    else if (isPlanned) log.info(about, 'a process of a subgraph restarts');
    else log.warn(about, 'the socket to a subgraph is lost');
    const giveUp = failures >= CONNECT_TRIES;
    operations.lost(loss, giveUp);
    if (operations.size === 0) return;
    clearTimeout(retryTimer);
    // After a loss the first try is soon; all gateways lose a subgraph at once, hence the jitter.
    const pause = backoff(failures, { firstMs: 100, maxMs: MAX_PAUSE_MS, isSpread: true });
    retryTimer = setTimeout(
      guarded({ where: 'upstream socket', log }, connect),
      wasReady ? Math.random() * 200 : pause,
    );
  }

  function watchIdle(): void {
    clearTimeout(idleTimer);
    if (operations.size > 0 || state !== 'ready') return;
    idleTimer = setTimeout(() => {
      if (operations.size > 0 || state !== 'ready') return;
      const idle = socket;
      state = 'closed';
      socket = undefined;
      endpoint = undefined;
      idle?.close(1000, 'No subscriptions');
    }, idleMs);
    idleTimer.unref();
  }

  return {
    get size() {
      return operations.size;
    },
    get endpoint() {
      return endpoint;
    },
    cut: () => socket?.terminate(),
    subscribe(request, sink, refusedBy) {
      if (state === 'disposed') {
        queueMicrotask(() => sink.error(new CodedError('SUBGRAPH_UNAVAILABLE', 'The gateway is stopping.')));
        return () => {};
      }
      // One that is being closed takes nothing more; once it is, there is another.
      const isReady = state === 'ready' && socket?.readyState === WebSocket.OPEN;
      const forget = operations.add({ request, sink, refusedBy }, isReady);
      if (state !== 'ready') connect();
      return forget;
    },
    dispose() {
      state = 'disposed';
      clearTimeout(idleTimer);
      clearTimeout(retryTimer);
      socket?.close(1000, 'The gateway stops');
      operations.end(new CodedError('SUBGRAPH_UNAVAILABLE', 'The gateway is stopping.'));
    },
  };
}

/** Without a fragment, which no server sees and `ws` refuses. */
const webSocketUrl = (url: URL): string => url.href.replace(/^http/, 'ws').replace(/#.*$/, '');

const lookupOf =
  (address: string) =>
  (
    _host: string,
    options: { all?: boolean },
    callback: (error: null, address: string | { address: string; family: number }[], family?: number) => void,
  ) => {
    const family = address.includes(':') ? 6 : 4;
    if (options.all) callback(null, [{ address, family }]);
    else callback(null, address, family);
  };
