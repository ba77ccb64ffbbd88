import { isIPv6 } from 'node:net';
import { recentlyUsed } from '#platform/base/recently-used.ts';

/** The client from which a request comes: for sessions, the audit log and rate limits, never for deciding who asks. */
export interface ClientInfo {
  /** The client's address as the gateway saw it, behind the proxies it trusts. */
  readonly ipAddress?: string | undefined;
  /** What the client calls itself, as it sent it. */
  readonly userAgent?: string | undefined;
}

/**
 * Carries a ClientInfo between processes, as URL-encoded `ip` and `ua`. It counts only beside a valid identity
 * assertion, and the gateway replaces what a client sends under this name (ASVS 4.1.3).
 */
export const CLIENT_HEADER = 'x-sextant-client';

/** Longest user agent that is passed on, in characters. */
const MAX_USER_AGENT = 256;

/** Writes what is known of a client into a header. */
export function writeClientInfo(client: ClientInfo): string {
  const { ipAddress, userAgent } = client;
  // Written for each request to a subgraph: URLSearchParams takes some microseconds for two fields.
  const ip = ipAddress ? `ip=${encode(ipAddress)}` : '';
  const ua = userAgent ? `${ip && '&'}ua=${encode(userAgent.slice(0, MAX_USER_AGENT))}` : '';
  return ip + ua;
}

/** A slice may end within a character. */
const encode = (text: string): string => encodeURIComponent(text.toWellFormed());

/** Reads what a header says of a client. */
export function readClientInfo(header: string | null | undefined): ClientInfo {
  const fields = new URLSearchParams(header ?? '');
  return {
    ipAddress: fields.get('ip') ?? undefined,
    userAgent: fields.get('ua')?.slice(0, MAX_USER_AGENT),
  };
}

/** Reading an IPv6 address takes a microsecond, and an anonymous request asks for its network more than once. */
const networks = recentlyUsed<string>(10_000);

/**
 * Returns what an address counts as for limits: an IPv4 address as it is, of IPv6 the /64, because one subscriber has
 * all its addresses. Clients whose address is not known count as one.
 */
export function networkOf(client: ClientInfo | undefined): string {
  const address = client?.ipAddress;
  if (!address) return 'unknown';
  if (!address.includes(':')) return address;
  let network = networks.get(address);
  if (network === undefined) {
    network = isIPv6(address) ? networkOfIpv6(address) : address.slice(0, 64);
    networks.set(address, network);
  }
  return network;
}

function networkOfIpv6(address: string): string {
  const [head = '', tail = ''] = address.split('%', 1)[0]!.split('::');
  const [first, last] = [groupsOf(head), groupsOf(tail)];
  const groups = [...first, ...Array<number>(8 - first.length - last.length).fill(0), ...last];
  // An IPv4 address written as IPv6, in either spelling.
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return groups
      .slice(6)
      .flatMap((group) => [group >> 8, group & 255])
      .join('.');
  }
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':')}::/64`;
}

/** The 16-bit groups of a part of an IPv6 address; its last two may be written as IPv4. */
const groupsOf = (part: string): number[] =>
  part
    .split(':')
    .filter(Boolean)
    .flatMap((group) => {
      if (!group.includes('.')) return Number.parseInt(group, 16);
      const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
      return [a * 256 + b, c * 256 + d];
    });
