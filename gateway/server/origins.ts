import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Config } from '#platform/base/config/config.ts';
import type { Cors } from '../settings/protection-settings.ts';

/** The web origins whose pages may call the gateway. */
export interface Origins {
  /** Whether a page of this origin may: true as well when there is none, which is not a browser's page. */
  allowed(request: IncomingMessage): boolean;
  /**
   * Whether the cookies of a WebSocket's upgrade are its page's word: browsers send them along whatever page asks, and
   * ask the server for no leave. Those of a page elsewhere count only where gateway.yaml lets pages send cookies.
   */
  maySendCookies(request: IncomingMessage): boolean;
  /** Puts the CORS headers on an answer. */
  mark(request: IncomingMessage, response: ServerResponse): void;
  /** Answers a preflight. */
  preflight(request: IncomingMessage, response: ServerResponse): void;
}

const LOCAL = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/;
const STUDIO = new Set(['https://studio.apollographql.com', 'https://sandbox.embed.apollographql.com']);

/**
 * Creates the origins of CORS_ORIGINS (`*` allows all), of the gateway itself and, in development, of this machine and
 * of Apollo Studio and Sandbox. The product's credentials travel in headers that a page has to set itself, never in
 * cookies, so Access-Control-Allow-Credentials is sent only where gateway.yaml says so.
 *
 * @param cors of gateway.yaml: in the place of CORS_ORIGINS.
 */
export function createOrigins(
  config: Pick<Config, 'CORS_ORIGINS' | 'production' | 'publicUrl'>,
  cors: Cors | undefined = undefined,
): Origins {
  const entries = cors?.origins ?? config.CORS_ORIGINS.map((origin) => origin.replace(/\/$/, ''));
  const listed = new Set(entries.filter((one) => typeof one === 'string'));
  const patterns = entries.flatMap((one) => (typeof one === 'string' ? [] : [one.matching]));
  const exposed = ['x-request-id', 'retry-after', ...(cors?.expose_headers ?? [])].join(', ');
  const maxAge = String(cors?.max_age_s ?? 86_400);
  const own = new URL(config.publicUrl).origin;
  const development = !config.production;

  const isAllowed = (origin: string): boolean =>
    listed.has(origin) ||
    listed.has('*') ||
    patterns.some((one) => one.test(origin)) ||
    origin === own ||
    (development && (LOCAL.test(origin) || STUDIO.has(origin)));

  const originOf = (request: IncomingMessage): string | undefined => {
    const origin = request.headers.origin;
    return origin !== undefined && isAllowed(origin) ? origin : undefined;
  };

  function mark(request: IncomingMessage, response: ServerResponse): void {
    response.setHeader('vary', 'Origin');
    const origin = originOf(request);
    if (origin === undefined) return;
    response.setHeader('access-control-allow-origin', origin);
    response.setHeader('access-control-expose-headers', exposed);
    // Any page can have the origin `null`, in a frame of its own.
    if (cors?.credentials && origin !== 'null') response.setHeader('access-control-allow-credentials', 'true');
  }

  return {
    allowed: (request) => request.headers.origin === undefined || isAllowed(request.headers.origin),
    maySendCookies({ headers: { origin, host } }) {
      if (origin === undefined || origin === own) return true;
      if (URL.canParse(origin) && new URL(origin).host === host) return true;
      return cors?.credentials === true && origin !== 'null' && isAllowed(origin);
    },
    mark,
    preflight(request, response) {
      mark(request, response);
      if (originOf(request) !== undefined) {
        response.setHeader('access-control-allow-methods', 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS');
        // What was asked for: no header of ours is dangerous, and clients bring their own (apollographql-client-name
        // …).
        response.setHeader(
          'access-control-allow-headers',
          request.headers['access-control-request-headers'] ?? 'content-type, authorization',
        );
        response.setHeader('access-control-max-age', maxAge);
      }
      response.writeHead(204, { 'content-length': '0' }).end();
    },
  };
}
