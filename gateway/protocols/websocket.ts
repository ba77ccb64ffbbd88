import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Config } from '#platform/base/config/config.ts';
import { CodedError } from '#platform/base/errors/errors.ts';
import { guarded } from '#platform/base/faults/guarded.ts';
import { createOpenCounter } from '#platform/base/faults/open-counter.ts';
import { inTurns } from '#platform/base/iteration/in-turns.ts';
import { lastingRoom } from '#platform/base/thread/lasting-room.ts';
import { type ClientInfo, networkOf } from '#platform/identity/client-info.ts';
import { ANONYMOUS } from '#platform/identity/identity.ts';
import { readTarget } from '#platform/net/http/request-target.ts';
import { CLOSE, PROTOCOL, reasonText, serveGraphqlSocket } from '#platform/net/transport/graphql-socket.ts';
import { credentialsOf } from '../request/authentication.ts';
import { clientOf, traceparentOf } from '../request/client.ts';
import type { Origins } from '../server/origins.ts';
import type { ProtocolParts } from './parts.ts';
import { Connection, type ConnectionParts } from './socket-connection.ts';
import { createSocketSessions, type Offer } from './socket-session.ts';
import { boundUnfinished } from './unfinished-messages.ts';

export interface WebSocketOptions extends ProtocolParts {
  readonly server: Server;
  readonly path: string;
  readonly config: Pick<
    Config,
    | 'TRUSTED_PROXIES'
    | 'REQUEST_TIMEOUT_MS'
    | 'WS_MAX_MESSAGE_BYTES'
    | 'WS_MAX_OPERATIONS'
    | 'WS_MAX_SOCKETS_IDENTITY'
    | 'WS_MAX_SOCKETS_ADDRESS'
    | 'WS_KEEPALIVE_MS'
  >;
  readonly origins: Origins;
}

export interface WebSocketFace {
  /**
   * Closes all sockets with 1012, on which clients reconnect and subscribe again: spread over the given time, so that
   * they do not come back all at once, and not before their running queries are answered.
   */
  restart(reason: string, spreadMs: number): Promise<void>;
  /** No further sockets are accepted. */
  stop(): void;
}

/**
 * Sockets that may wait to be let in: half a second's worth. Each holds its request, and up to 64 KB that came with it.
 */
const MAX_WAITING = 2_000;

/** Serves graphql-transport-ws to clients: queries, mutations and subscriptions, under the same policies as HTTP. */
export function serveWebSockets(options: WebSocketOptions): WebSocketFace {
  const { config, log, metrics, graph, authenticator } = options;
  const perAddress = createOpenCounter(config.WS_MAX_SOCKETS_ADDRESS);
  const connections = new Set<Connection>();
  const shared: ConnectionParts = {
    ...options,
    sessions: createSocketSessions(options),
    // One for all: an error holds the stack that it was made on.
    tooManyOperations: new CodedError(
      'RATE_LIMITED',
      `More than ${config.WS_MAX_OPERATIONS} operations at once on one socket.`,
      { retryAfter: 1 },
    ),
  };
  let stopping = false;
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: config.WS_MAX_MESSAGE_BYTES,
    perMessageDeflate: false, // 240 KB a socket, and a client may bring a bomb
    handleProtocols: (offered) => (offered.has(PROTOCOL) ? PROTOCOL : false),
  });
  const guard = {
    where: 'websocket upgrade',
    log,
    end: (_: unknown, __: IncomingMessage, socket: Duplex) => socket.destroy(),
  };
  options.server.on('upgrade', guarded(guard, upgrade));

  function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer) {
    socket.on('error', destroyThis);
    if (readTarget(request) !== undefined) return reject(socket, '400 Bad Request');
    const path = (request.url ?? '/').split('?', 1)[0];
    if (path !== options.path) return reject(socket, '404 Not Found');
    if (stopping || graph.current === undefined) return reject(socket, '503 Service Unavailable');
    if (!options.origins.allowed(request)) return reject(socket, '403 Forbidden');
    if (!options.origins.maySendCookies(request)) delete request.headers.cookie;
    const client = clientOf(request, config.TRUSTED_PROXIES);
    const network = networkOf(client);
    if (lastingRoom.refusal(connections.size, log)) {
      metrics.connectionCut('memory');
      return reject(socket, '503 Service Unavailable');
    }
    if (!perAddress.enter(network)) return reject(socket, '429 Too Many Requests');
    // Not `once`, which costs a socket twice as much; it closes once.
    socket.on('close', () => perAddress.leave(network));
    if (!open(request, socket, head, client, network)) reject(socket, '503 Service Unavailable');
  }

  // Clients who were dropped at once come back at once, and each of them brings work as soon as it is let in: the
  // requests of others are answered in between. They are let in after all who come are taken from the system, which
  // Node does one in each turn of its loop: beyond what the system keeps it forgets them, and they try again after
  // seconds or minutes.
  let hasArrivals = false;
  options.server.on('connection', () => {
    hasArrivals = true;
  });
  const open = inTurns(guarded(guard, handshake), {
    limit: MAX_WAITING,
    isOver: (_, socket) => socket.destroyed,
    givesWay: () => {
      const gives = hasArrivals;
      hasArrivals = false;
      return gives;
    },
  });

  function handshake(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    client: ClientInfo,
    network: string,
  ): void {
    if (stopping) {
      reject(socket, '503 Service Unavailable');
      return;
    }
    // Made here: a closure that names the request would keep it for as long as the socket lives.
    const offer = offerOf(request);
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      boundUnfinished(socket as Socket, webSocket, network, config.WS_MAX_MESSAGE_BYTES, log);
      accept(webSocket, client, offer);
    });
  }

  /** What is needed of the upgrade request. The request itself is let go: it would double what a socket weighs. */
  const offerOf = (request: IncomingMessage): Offer => ({
    credentials: credentialsOf(request, authenticator),
    traceparent: traceparentOf(request.headers['traceparent']),
    headers: options.propagation.collect(request, ANONYMOUS).headers,
  });

  function accept(socket: WebSocket, client: ClientInfo, offer: Offer): void {
    const connection = new Connection(shared, socket, client, offer);
    connections.add(connection);
    metrics.socketOpened();
    socket.on('close', (code) => {
      connections.delete(connection);
      metrics.socketClosed(reasonOf(code));
    });
    serveGraphqlSocket(socket, connection);
  }

  async function restart(reason: string, spreadMs: number): Promise<void> {
    await Promise.all(
      [...connections].map(async (connection) => {
        await sleep(Math.random() * spreadMs);
        const patience = performance.now() + config.REQUEST_TIMEOUT_MS;
        while (connection.busy > 0 && performance.now() < patience) await sleep(20);
        connection.socket.close(CLOSE.RESTART, reasonText(reason));
      }),
    );
  }

  return {
    restart,
    stop() {
      stopping = true;
    },
  };
}

/** A listener to the errors of a socket, one for all of them. */
function destroyThis(this: Duplex): void {
  this.destroy();
}

/** How long a client whose upgrade is refused may take to close its side. */
const PARTING_MS = 2_000;

/** The server has given the socket away: no time limit of its own ends it any more. */
function reject(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), PARTING_MS).unref();
  socket.once('close', () => clearTimeout(timer));
}

const NAMES: Readonly<Record<number, string>> = {
  1000: 'client',
  1001: 'client',
  1005: 'client',
  1006: 'lost',
  1009: 'message_too_big',
  [CLOSE.RESTART]: 'restart',
  [CLOSE.SLOW_CONSUMER]: 'slow_consumer',
  [CLOSE.TOO_MUCH]: 'too_much',
  [CLOSE.FORBIDDEN]: 'forbidden',
};
const reasonOf = (code: number): string => NAMES[code] ?? (code >= 4400 ? 'protocol' : 'other');
