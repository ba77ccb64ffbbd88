import { createServer, Server } from 'node:http';
import type { Http2SecureServer, Http2ServerRequest, Http2ServerResponse, ServerHttp2Session } from 'node:http2';
import type { Config } from '../../base/config/config.ts';
import { guarded } from '../../base/faults/guarded.ts';
import type { Logger } from '../../base/log/log.ts';
import { type ClientTls, readTlsFiles, renewCertificate } from './tls.ts';

/** Streams at once on one connection of HTTP/2: as many as browsers open. */
const MAX_STREAMS = 128;
/** How long a session without a stream is kept, and the time that a body may take, as with HTTP/1.1, in ms. */
const IDLE_MS = 65_000;
const BODY_MS = 60_000;
/** NGHTTP2_CANCEL. Written out, because Node's module is not loaded where there is no certificate. */
const CANCEL = 8;

/**
 * Creates the server for clients: plain HTTP, or HTTPS with HTTP/2 where TLS_CERT_FILE and TLS_KEY_FILE are set. They
 * are read again when they change.
 *
 * @throws {Error} in one line when a file cannot be used.
 */
export async function createClientServer(
  config: Pick<Config, 'TLS_CERT_FILE' | 'TLS_KEY_FILE'>,
  log: Logger,
): Promise<Server> {
  const { TLS_CERT_FILE, TLS_KEY_FILE } = config;
  if (!TLS_CERT_FILE || !TLS_KEY_FILE) return createServer();
  const files = {
    cert: { name: 'TLS_CERT_FILE', path: TLS_CERT_FILE },
    key: { name: 'TLS_KEY_FILE', path: TLS_KEY_FILE },
    ca: undefined,
  };
  const tls = readTlsFiles(files, log);
  // Not loaded where there is no certificate.
  const { createSecureServer } = await import('node:http2');
  const server = createSecureServer({
    ...present(tls),
    // WebSockets, and clients that know nothing newer.
    allowHTTP1: true,
    settings: { maxConcurrentStreams: MAX_STREAMS },
  });
  renewCertificate(server, tls, () => present(tls));
  return asServer(server);
}

const present = ({ cert, key }: ClientTls) => ({ cert: cert!, key: key! });

/** Adds what an HTTP/1.1 server can do and this one cannot: to close the connections on which nothing runs. */
function asServer(server: Http2SecureServer): Server {
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => {
    sessions.add(session);
    session.setTimeout(IDLE_MS, () => session.close());
    session.once('close', () => sessions.delete(session));
  });
  // Node bounds the time of a body in HTTP/1.1 alone.
  const limitBody = (request: Http2ServerRequest, response: Http2ServerResponse): void => {
    if (request.httpVersionMajor < 2 || request.complete) return;
    const guard = { where: 'body over HTTP/2', end: () => request.stream.destroy() };
    const late = setTimeout(
      guarded(guard, () => request.stream.close(CANCEL)),
      BODY_MS,
    ).unref();
    request.once('end', () => clearTimeout(late));
    response.once('close', () => clearTimeout(late));
  };
  server.on('request', guarded({ where: 'request over HTTP/2' }, limitBody));
  const closeAll = Server.prototype.closeAllConnections;
  return Object.assign(server, {
    closeIdleConnections() {
      Server.prototype.closeIdleConnections.call(server as unknown as Server);
      // What runs on a session is let finish; it takes nothing new.
      for (const session of sessions) session.close();
    },
    closeAllConnections() {
      closeAll.call(server as unknown as Server);
      for (const session of sessions) session.destroy();
    },
  }) as unknown as Server;
}
