import type { IncomingMessage } from 'node:http';

/** Of RFC 3986: a name, an IPv4 address or one of IPv6 in brackets, with a port or without; nothing is allowed too. */
const HOST = /^(?:[a-z0-9\-._~%!$&'()*+,;=]*|\[[0-9a-f:.]+\])(?::[0-9]*)?$/i;
/** The absolute form of a target, as a proxy sends it, and a client that takes this server for one. */
const ABSOLUTE = /^(?:http|ws)s?:\/\/([^/?#]*)([^#]*)/i;

/**
 * Reads whom a request of HTTP/1.1 is meant for (RFC 9112, 3.2), and gives a target in the absolute form the origin
 * form, as all routes expect it. HTTP/2 has pseudo-headers, which Node checks.
 *
 * @returns what is wrong with it; undefined when it may go on.
 */
export function readTarget(request: IncomingMessage): string | undefined {
  if (request.httpVersionMajor > 1) return undefined;
  const { rawHeaders, headers } = request;
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!;
    if (name.length === 4 && name.toLowerCase() === 'host') hosts++;
  }
  // Node keeps the first of several, and does not look at those of an upgrade.
  if (hosts > 1) return 'A request has one Host header, and this one has several.';
  if (hosts === 0 && request.httpVersion === '1.1') return 'A request of HTTP/1.1 needs a Host header.';
  if (headers.host !== undefined && !HOST.test(headers.host)) return 'The Host header is not a host.';
  const url = request.url ?? '/';
  if (url.startsWith('/') || url === '*') return undefined;
  const [, host, target = ''] = ABSOLUTE.exec(url) ?? [];
  if (!host || !HOST.test(host)) return 'The target of a request is a path, or an http URL with a host and no user.';
  headers.host = host;
  request.url = target.startsWith('/') ? target : `/${target}`;
  return undefined;
}
