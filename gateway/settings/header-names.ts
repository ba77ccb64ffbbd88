/** Headers that belong to one connection, or that the gateway writes itself. */
const RESERVED = new Set([
  ...['connection', 'keep-alive', 'proxy-authorization', 'proxy-authenticate', 'te', 'trailer', 'transfer-encoding'],
  ...['upgrade', 'expect', 'host', 'content-length', 'content-type', 'content-encoding', 'accept', 'accept-encoding'],
  ...['x-request-id', 'traceparent'],
]);
/** What says to our own subgraphs who asks; no client and no file can assert it. */
const OWN = /^(x-sextant-|sec-websocket-)/;

/** Returns whether no rule may name a header: it belongs to the connection, or the gateway writes it. */
export const isReserved = (name: string): boolean => RESERVED.has(name) || OWN.test(name);

/**
 * Headers of a subgraph's answer that are not true of an answer that several of them have a part in: they describe
 * those bytes, or that server.
 */
const OF_ONE_ANSWER =
  /^(age|date|expires|pragma|warning|server|via|etag|last-modified|vary|location|refresh|digest|accept-ranges|content-.+|.+-digest|allow|www-authenticate|set-cookie2|status)$/;
/** Headers by which a server says what browsers and caches may do with an origin: the gateway's own, or its proxy's. */
const OF_ORIGIN =
  /^(access-control-.+|cross-origin-.+|strict-transport-security|x-frame-options|x-xss-protection|x-content-type-options|x-dns-prefetch-control|x-permitted-cross-domain-policies|x-download-options|referrer-policy|permissions-policy|feature-policy|clear-site-data|public-key-pins.*|expect-ct|alt-svc|nel|report-to|reporting-endpoints|origin-agent-cluster|service-worker-allowed|(x-)?sourcemap|timing-allow-origin|proxy-.+|x-accel-.+|x-sendfile|surrogate-control|.+-cache-control)$/;

/** Returns whether no rule may show clients a header of a subgraph's answer. */
export const isNeverShown = (name: string): boolean =>
  isReserved(name) || OF_ONE_ANSWER.test(name) || OF_ORIGIN.test(name);

/** The name of a header, or what names have to match. */
export type HeaderSelector = string | { readonly matching: RegExp };

/** Returns whether a rule is about a header. */
export const isSelected = (selector: HeaderSelector, name: string): boolean =>
  typeof selector === 'string' ? selector === name : selector.matching.test(name);
