import { EventEmitter } from 'node:events';
import { createServer, type IncomingMessage, Server } from 'node:http';
import type { Http2SecureServer, Http2ServerRequest } from 'node:http2';
import type { Socket } from 'node:net';
import type { Config } from '../../base/config/config.ts';
import { every } from '../../base/faults/every.ts';
import { guarded } from '../../base/faults/guarded.ts';
import type { Logger } from '../../base/log/log.ts';
import { networkOf } from '../../identity/client-info.ts';
import { CANCEL, Http2Sessions, type SessionBounds } from './http2-sessions.ts';
import { type ArrivingBody, type BodyBounds, SlowBodies } from './slow-bodies.ts';
import { type ClientTls, readTlsFiles, renewCertificate } from './tls.ts';
import { type ReadingBounds, UnreadAnswers } from './unread-answers.ts';

/** The reason why a connection is cut: labels of a metric. */
export type CutReason = 'unread' | 'slow_body' | 'control_frames' | 'too_many' | 'memory';

/** The bounds of connections of clients. */
export interface ConnectionBounds extends ReadingBounds, BodyBounds, SessionBounds {
  /** How often is looked at all of them, in milliseconds. */
  readonly lookEveryMs: number;
  /** Connections of one network at once: an address, of IPv6 a /64. */
  readonly maxOfNetwork: number;
}

const BOUNDS: ConnectionBounds = {
  lookEveryMs: 5_000,
  graceMs: 60_000,
  bytesPerSecond: 16_384,
  idleMs: 65_000,
  maxControlFrames: 500,
  bodyGraceMs: 60_000,
  bodyBytesPerSecond: 4_096,
  bodyMaxMs: 12 * 3_600_000,
  maxOfNetwork: Number.POSITIVE_INFINITY,
};

/**
 * What Node leaves to us, or has at more than a client needs. Rapid resets (CVE-2023-44487) end a session by
 * themselves, as do a thousand CONTINUATION frames, and settings whose answers are not read.
 */
const HTTP2 = {
  /** Streams at once on one connection: as many as browsers open. And as many bytes of headers as in HTTP/1.1. */
  settings: { maxConcurrentStreams: 128, maxHeaderListSize: 16_384 },
  /** Of 1,000: each may make the server reset a stream whose work goes on (CVE-2025-8671). */
  maxSessionInvalidFrames: 100,
  /** Resets at once and in a second, of a session. */
  streamResetBurst: 500,
  streamResetRate: 33,
  /** Of two minutes: until then a connection holds a place and has said nothing. */
  handshakeTimeout: 20_000,
};

export interface ClientServerOptions {
  readonly config: Pick<Config, 'TLS_CERT_FILE' | 'TLS_KEY_FILE'>;
  readonly log: Logger;
  readonly bounds?: Partial<ConnectionBounds>;
  /** Is told of each connection, or stream of one, that is cut. */
  readonly cut?: (reason: CutReason) => void;
}

/**
 * Creates the server for clients: plain HTTP, or HTTPS with HTTP/2 where TLS_CERT_FILE and TLS_KEY_FILE are set. They
 * are read again when they change. Answers that are not read, bodies that do not come and connections beyond the bounds
 * are cut.
 *
 * @throws {Error} in one line when a file cannot be used.
 */
export async function createClientServer(options: ClientServerOptions): Promise<Server> {
  const { TLS_CERT_FILE, TLS_KEY_FILE } = options.config;
  const bounds = { ...BOUNDS, ...options.bounds };
  const cut = (reason: CutReason): void => options.cut?.(reason);
  const unread = new UnreadAnswers(bounds, () => cut('unread'));
  const bodies = new SlowBodies(bounds, () => cut('slow_body'));
  const guard = { where: 'connections of clients' };
  if (!TLS_CERT_FILE || !TLS_KEY_FILE) {
    const server = createServer();
    boundNetworks(server, bounds.maxOfNetwork, cut, options.log);
    watchSockets(server, 'connection', unread);
    watchBodies(server, bodies);
    const stop = every(bounds.lookEveryMs, guard, () => {
      const now = performance.now();
      unread.look(now);
      bodies.look(now);
    });
    server.on('close', stop);
    return server;
  }
  const files = {
    cert: { name: 'TLS_CERT_FILE', path: TLS_CERT_FILE },
    key: { name: 'TLS_KEY_FILE', path: TLS_KEY_FILE },
    ca: undefined,
  };
  const tls = readTlsFiles(files, options.log);
  // Not loaded where there is no certificate.
  const { createSecureServer } = await import('node:http2');
  // WebSockets, and clients that know nothing newer.
  const server = createSecureServer({ ...present(tls), ...HTTP2, allowHTTP1: true });
  renewCertificate(server, tls, () => present(tls));
  const sessions = new Http2Sessions(server, bounds, unread, cut);
  boundNetworks(server, bounds.maxOfNetwork, cut, options.log);
  watchSockets(server, 'secureConnection', unread);
  watchBodies(server, bodies);
  const stop = every(bounds.lookEveryMs, guard, () => {
    const now = performance.now();
    unread.look(now);
    bodies.look(now);
    sessions.look(now);
  });
  server.on('close', stop);
  return asServer(server, sessions);
}

const present = ({ cert, key }: ClientTls) => ({ cert: cert!, key: key! });

/** Takes no more connections of a network than it may have: each holds a descriptor, and the process has so many. */
function boundNetworks(
  server: Server | Http2SecureServer,
  max: number,
  cut: (reason: CutReason) => void,
  log: Logger,
): void {
  if (max === Number.POSITIVE_INFINITY) return;
  const counts = new Map<string, number>();
  /** Networks of which the log tells that they have too many. */
  const told = new Set<string>();
  const take = (socket: Socket): void => {
    // It has gone already.
    if (socket.remoteAddress === undefined) return;
    const network = networkOf({ ipAddress: socket.remoteAddress });
    const count = counts.get(network) ?? 0;
    if (count >= max) {
      cut('too_many');
      if (!told.has(network)) log.warn({ network, max }, 'connections of a network are refused: it has too many');
      told.add(network);
      // Not at once: TLS is about to take it over, and expects it to be open.
      process.nextTick(() => socket.destroy());
      return;
    }
    counts.set(network, count + 1);
    // Not `once`, which costs a connection twice as much; it closes once.
    socket.on('close', () => {
      const left = counts.get(network)! - 1;
      if (left === 0) {
        counts.delete(network);
        told.delete(network);
      } else counts.set(network, left);
    });
  };
  // Before the server's own, which would begin with a handshake.
  (server as Server).prependListener('connection', guarded({ where: 'connection' }, take));
}

function watchSockets(
  server: Server | Http2SecureServer,
  event: 'connection' | 'secureConnection',
  unread: UnreadAnswers,
): void {
  const watch = (socket: Socket & { readonly alpnProtocol?: unknown }): void => {
    // What HTTP/2 writes does not pass the socket: its streams are watched.
    if (socket.alpnProtocol === 'h2') return;
    unread.add(socket);
    socket.on('close', () => unread.delete(socket));
  };
  (server as Server).on(event, guarded({ where: 'connection' }, watch));
}

/** The body of a request, of either protocol, as the watch for slow ones sees it. */
class RequestBody implements ArrivingBody {
  readonly #request: IncomingMessage | Http2ServerRequest;
  received = 0;

  constructor(request: IncomingMessage | Http2ServerRequest) {
    this.#request = request;
    // Not the stream's own `on`, which would begin to read.
    EventEmitter.prototype.on.call(request, 'data', (chunk: Buffer | string) => {
      this.received += chunk.length;
    });
  }

  get isWaiting(): boolean {
    const request = this.#request;
    return request.readableLength > 0 || ('stream' in request && request.stream.readableLength > 0);
  }

  get isWhole(): boolean {
    const request = this.#request;
    // One of HTTP/2 is complete when it was read.
    return request.complete || ('stream' in request && request.stream.state.remoteClose === 1);
  }

  destroy(): void {
    const request = this.#request;
    if (!('stream' in request)) return void request.socket.destroy();
    // The end of a stream is one of the request, which would pass for whole.
    const gone = Object.assign(new Error('aborted'), { code: 'ECONNRESET' });
    request.destroy(request.listenerCount('error') > 0 ? gone : undefined);
    request.stream.close(CANCEL);
  }
}

function watchBodies(server: Server | Http2SecureServer, bodies: SlowBodies): void {
  // Node's bound is one for the whole of a body, and for HTTP/1.1 alone. That for the headers stays.
  (server as Server).requestTimeout = 0;
  const watch = (request: IncomingMessage | Http2ServerRequest): void => {
    const { 'content-length': length, 'transfer-encoding': coding } = request.headers;
    if ('stream' in request ? request.stream.endAfterHeaders : (length ?? '0') === '0' && coding === undefined) return;
    const body = new RequestBody(request);
    bodies.add(body, performance.now());
    ('stream' in request ? request.stream : request).once('close', () => bodies.delete(body));
  };
  (server as Server).on('request', guarded({ where: 'body of a request' }, watch));
}

/** Adds what an HTTP/1.1 server can do and this one cannot: to close the connections on which nothing runs. */
function asServer(server: Http2SecureServer, sessions: Http2Sessions): Server {
  const closeAll = Server.prototype.closeAllConnections;
  return Object.assign(server, {
    closeIdleConnections() {
      Server.prototype.closeIdleConnections.call(server as unknown as Server);
      // What runs on a session is let finish; it takes nothing new.
      for (const session of sessions.all) session.close();
    },
    closeAllConnections() {
      closeAll.call(server as unknown as Server);
      for (const session of sessions.all) session.destroy();
    },
  }) as unknown as Server;
}
