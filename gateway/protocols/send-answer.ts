import type { IncomingMessage, ServerResponse } from 'node:http';
import type { GraphQLError } from 'graphql';
import { isClosed } from '#platform/net/http/client-left.ts';
import { endInPieces, PIECE_BYTES } from '#platform/net/http/in-pieces.ts';
import { leaveUnread } from '#platform/net/http/leave-unread.ts';
import type { AnswerHeaders } from '../request/answer-headers.ts';
import { codingFor, compress } from '../server/compression.ts';
import { type Accepted, errorBody, type ResponseFormat } from './graphql-http.ts';

/** A request over HTTP, and how it is to be answered. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  readonly accepted: Accepted;
  readonly format: ResponseFormat;
  /** When it began, as `performance.now()` tells. */
  readonly started: number;
}

/** An answer as it is sent. */
export interface Sent {
  readonly status: number;
  readonly body: string | Uint8Array;
  /** Default: `no-store`. */
  readonly cacheControl?: string | undefined;
}

/** Sends an answer, compressed from so many bytes on; 0 is never. */
export function sendAnswer(exchange: Exchange, sent: Sent, compressFrom: number): Promise<void> | undefined {
  if (compressFrom > 0 && sent.body.length >= compressFrom) return sendLarge(exchange, sent);
  send(exchange.response, sent.status, exchange.format, sent.body, exchange.requestId, sent.cacheControl);
  return undefined;
}

/** Writes the headers that every other answer gets as it is sent. */
export function markStream(response: ServerResponse, requestId: string): void {
  response.setHeader('x-content-type-options', 'nosniff');
  response.setHeader('x-request-id', requestId);
}

/**
 * Writes the headers that subgraphs' answers bring.
 *
 * @returns what `cache-control` says; undefined where no rule shows it.
 */
export function markAnswer(
  response: ServerResponse,
  { fields, cacheControl, vary }: AnswerHeaders,
  failed: boolean,
): string | undefined {
  for (const [name, value] of fields) response.appendHeader(name, value);
  if (response.hasHeader('access-control-expose-headers')) {
    const names = new Set(fields.map(([name]) => name));
    names.delete('set-cookie');
    if (names.size > 0) response.appendHeader('access-control-expose-headers', [...names].join(', '));
  }
  // Plugins of Apollo Server may have added errors.
  if (failed) return undefined;
  if (vary !== '') response.appendHeader('vary', vary);
  return cacheControl;
}

/** Answers a request that failed as a whole. */
export function refuse(
  response: ServerResponse,
  errors: readonly GraphQLError[],
  status: number,
  format: ResponseFormat = 'application/json',
): void {
  if (response.headersSent || isClosed(response)) return;
  const retryAfter = errors[0]?.extensions['retryAfter'];
  if (typeof retryAfter === 'number') response.setHeader('retry-after', String(retryAfter));
  // The rest of a body that is too large, or one too many, is not read, so the connection cannot be used again.
  if (status === 413 || (status === 429 && !response.req.complete)) leaveUnread(response);
  if (status === 405 && !response.hasHeader('allow')) response.setHeader('allow', 'GET, HEAD, POST');
  if (status === 401) response.setHeader('www-authenticate', 'Bearer');
  send(response, status, format, errorBody(errors));
}

function send(
  response: ServerResponse,
  status: number,
  format: ResponseFormat,
  body: string | Uint8Array,
  requestId?: string,
  cacheControl = 'no-store',
): void {
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength;
  // All at once and as a list: each header that is set before costs a good part of a microsecond more.
  const headers = [
    'content-type',
    CONTENT_TYPES[format],
    'content-length',
    String(length),
    'cache-control',
    cacheControl,
  ];
  headers.push('x-content-type-options', 'nosniff');
  if (requestId !== undefined) headers.push('x-request-id', requestId);
  response.writeHead(status, headers);
  // Node writes Latin-1, which copies bytes, faster than UTF-8; they are the same when each character is one byte.
  const encoding = typeof body === 'string' && length === body.length ? 'latin1' : 'utf8';
  if (length > PIECE_BYTES) endInPieces(response, typeof body === 'string' ? Buffer.from(body, encoding) : body);
  else if (typeof body === 'string') response.end(body, encoding);
  // Any bytes are Latin-1, and a text goes out in one piece with the head; large ones are not worth the copy.
  else if (length <= ONE_PIECE)
    response.end(Buffer.from(body.buffer, body.byteOffset, length).toString('latin1'), 'latin1');
  else response.end(body);
}

/** Sends an answer that is worth being compressed, where the client accepts that. */
async function sendLarge(exchange: Exchange, { status, body, cacheControl }: Sent): Promise<void> {
  const { request, response, format, requestId } = exchange;
  const coding = codingFor(request);
  if (coding === undefined) return send(response, status, format, body, requestId, cacheControl);
  const compressed = await compress(body, coding);
  if (isClosed(response)) return;
  response.setHeader('content-encoding', coding);
  response.appendHeader('vary', 'Accept-Encoding');
  send(response, status, format, compressed, requestId, cacheControl);
}

/** Bytes. */
const ONE_PIECE = 8_192;

const CONTENT_TYPES: Readonly<Record<ResponseFormat, string>> = {
  'application/json': 'application/json; charset=utf-8',
  'application/graphql-response+json': 'application/graphql-response+json; charset=utf-8',
};
