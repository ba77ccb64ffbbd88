/** Where a request comes from: for sessions, the audit log and rate limits, never for deciding who asks. */
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

export function writeClientInfo(client: ClientInfo): string {
  const { ipAddress, userAgent } = client;
  // Written for each request to a subgraph: URLSearchParams takes some microseconds for two fields.
  const ip = ipAddress ? `ip=${encode(ipAddress)}` : '';
  const ua = userAgent ? `${ip && '&'}ua=${encode(userAgent.slice(0, MAX_USER_AGENT))}` : '';
  return ip + ua;
}

/** A slice may end within a character. */
const encode = (text: string): string => encodeURIComponent(text.toWellFormed());

export function readClientInfo(header: string | null | undefined): ClientInfo {
  const fields = new URLSearchParams(header ?? '');
  return {
    ipAddress: fields.get('ip') ?? undefined,
    userAgent: fields.get('ua')?.slice(0, MAX_USER_AGENT),
  };
}
