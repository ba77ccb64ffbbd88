import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { ClientInfo } from '#platform/identity/client-info.ts';

const REQUEST_ID = /^[\w.:-]{1,128}$/;
const TRACEPARENT = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** Returns the client's id for the request when it is fit for a log line, otherwise a new one. */
export function requestIdOf(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
}

/** Returns the W3C trace context when it is well formed. */
export const traceparentOf = (value: unknown): string | undefined =>
  typeof value === 'string' && TRACEPARENT.test(value) ? value : undefined;

/**
 * Returns where a request comes from.
 *
 * @param trustedProxies how many proxies in front are ours: each appends the address it saw to X-Forwarded-For, so
 * only that many entries from the right are true; what stands further left the client may have made up.
 */
export function clientOf(request: IncomingMessage, trustedProxies: number): ClientInfo {
  return { ipAddress: addressOf(request, trustedProxies), userAgent: request.headers['user-agent'] };
}

/**
 * Returns the X-Forwarded-For of a request that goes on to another server: what proxies of ours wrote, and the address
 * that this process saw.
 *
 * @param trustedProxies as of {@link clientOf}: with 0 the given header is the client's own word and is left out.
 */
export function forwardedFor(request: IncomingMessage, trustedProxies: number): string | undefined {
  const direct = plainAddress(request.socket.remoteAddress);
  const forwarded = request.headers['x-forwarded-for'];
  if (trustedProxies === 0 || forwarded === undefined) return direct;
  const chain = (Array.isArray(forwarded) ? forwarded.join(',') : forwarded).split(',').map((entry) => entry.trim());
  return [...chain.slice(-trustedProxies), direct].filter(Boolean).join(', ');
}

/** What proxies add to a request; one of them is enough to tell that it came through one. */
const FORWARDING = ['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip', 'forwarded', 'via'];

/** Returns whether a request came through a proxy, trusted or not. */
export const isForwarded = ({ headers }: IncomingMessage): boolean => FORWARDING.some((name) => name in headers);

function addressOf(request: IncomingMessage, trustedProxies: number): string | undefined {
  const direct = plainAddress(request.socket.remoteAddress);
  const forwarded = request.headers['x-forwarded-for'];
  if (trustedProxies === 0 || forwarded === undefined) return direct;
  const chain = (Array.isArray(forwarded) ? forwarded.join(',') : forwarded).split(',').map((entry) => entry.trim());
  return entryAddress(chain[Math.max(0, chain.length - trustedProxies)]) ?? direct;
}

/** IPv4 as such, also where the socket is IPv6. */
const plainAddress = (address: string | undefined): string | undefined =>
  address?.startsWith('::ffff:') ? address.slice(7) : address || undefined;

/**
 * An entry of X-Forwarded-For without brackets and port, which some proxies add; undefined when it is not an address.
 */
function entryAddress(entry: string | undefined): string | undefined {
  const address = /^\[([^\]]*)\](?::\d+)?$/.exec(entry ?? '')?.[1] ?? entry?.replace(/^([\d.]+):\d+$/, '$1');
  return address !== undefined && isIP(address) ? plainAddress(address) : undefined;
}
