import { badInput } from '../../base/errors/errors.ts';
import { type Audience, IDENTITY_HEADER, type IdentityAssertions } from '../../identity/authenticator.ts';
import { CLIENT_HEADER, writeClientInfo } from '../../identity/client-info.ts';
import type { Identity } from '../../identity/identity.ts';
import { HEADER_NAME, HEADER_VALUE } from '../http/header-field.ts';
import type { SubgraphRequest } from './transport.ts';

/** The texts of requests to one subgraph. */
export interface RequestTexts {
  /** The body: JSON. */
  bodyOf(request: SubgraphRequest): string;
  /**
   * What is said of one request beside what every request says, as header lines; with who asks, signed, where
   * identities are.
   *
   * @throws {CodedError} BAD_USER_INPUT for what no header may have.
   */
  linesOf(request: SubgraphRequest): string | Promise<string>;
}

/** Operations whose text is kept as JSON. */
const MAX_TEXTS = 5_000;

/** Creates what writes the requests to a subgraph: the hot path, so texts are put together and nothing is parsed. */
export function createRequestTexts(subgraph: string, assertions: IdentityAssertions | undefined): RequestTexts {
  const audience: Audience = `${subgraph}/graphql`;
  const queryTexts = new Map<string, string>();

  /** The operation's text as JSON: plans repeat the same few texts, and escaping them is the dearest part of a body. */
  function queryJson(query: string): string {
    let json = queryTexts.get(query);
    if (json === undefined) {
      if (queryTexts.size >= MAX_TEXTS) queryTexts.clear();
      json = JSON.stringify(query);
      queryTexts.set(query, json);
    }
    return json;
  }

  /** The same with who asks. */
  function signedLinesOf(request: SubgraphRequest, by: IdentityAssertions): string | Promise<string> {
    let lines = unsignedLinesOf(request);
    if (request.client) lines += headerLine(CLIENT_HEADER, writeClientInfo(request.client));
    const signed = by.sign(request.identity, audience);
    return typeof signed === 'string'
      ? lines + identityLine(signed)
      : signed.then((token) => lines + identityLine(token));
  }

  return {
    bodyOf({ query, operationName, variables }) {
      const name = operationName === undefined ? '' : `,"operationName":${JSON.stringify(operationName)}`;
      const values = variables === undefined ? '' : `,"variables":${JSON.stringify(variables)}`;
      return `{"query":${queryJson(query)}${name}${values}}`;
    },
    linesOf: (request) => (assertions ? signedLinesOf(request, assertions) : unsignedLinesOf(request)),
  };
}

function unsignedLinesOf(request: SubgraphRequest): string {
  let lines = headerLine('x-request-id', request.requestId);
  if (request.traceparent !== undefined) lines += headerLine('traceparent', request.traceparent);
  for (const name in request.headers) {
    if (!OWN_HEADERS.has(name)) lines += headerLine(name, request.headers[name]!);
  }
  return lines;
}

/** Returns the headers of a client's request to a plain route as its subgraph gets them: with who asks, signed. */
export async function forwardedHeaders(
  given: Headers,
  identity: Identity,
  subgraph: string,
  by: IdentityAssertions,
): Promise<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const [name, value] of given) if (!NOT_FORWARDED.has(name)) headers[name] = value;
  // The credentials were checked at the gateway; no process behind it needs them.
  delete headers['authorization'];
  delete headers['x-api-key'];
  headers[IDENTITY_HEADER] = await by.sign(identity, `${subgraph}/routes`);
  return headers;
}

/** Headers of one connection, and the identity, which a client cannot assert. */
const NOT_FORWARDED = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'expect',
  'host',
  'te',
  'trailer',
  'proxy-authorization',
  IDENTITY_HEADER,
]);

/** Headers that the transport writes itself. */
const OWN_HEADERS = new Set([
  ...NOT_FORWARDED,
  CLIENT_HEADER,
  'content-type',
  'content-length',
  'accept',
  'x-request-id',
]);

/** One header with its end. @throws {CodedError} BAD_USER_INPUT when it would be more than one header, or is none. */
function headerLine(name: string, value: string): string {
  checkHeader(name, value);
  return `${name}: ${value}\r\n`;
}

/**
 * Checks that a name and a value may be those of a header: they come from clients, over WebSocket even without a parser
 * having seen them.
 *
 * @throws {CodedError} BAD_USER_INPUT.
 */
export function checkHeader(name: string, value: string): void {
  if (!HEADER_NAME.test(name)) throw badInput('connection_init', 'has a name that no header may have.');
  if (!HEADER_VALUE.test(value)) throw badInput(name, 'has characters that no header may have.');
}

/** What we have signed is fit for a header. */
const identityLine = (assertion: string): string => `${IDENTITY_HEADER}: ${assertion}\r\n`;
