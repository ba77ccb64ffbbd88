import type { IncomingMessage } from 'node:http';
import { CodedError } from '#platform/base/errors/errors.ts';
import { UnknownCoding } from '#platform/net/http/inflate.ts';
import type { OperationParams } from '../policy/pipeline.ts';
import type { ReadMessage } from '../request/sender.ts';
import type { Origins } from '../server/origins.ts';
import { type BodyLimits, contentTypeOf, paramsOfBody, paramsOfUrl, preventForgery } from './graphql-http.ts';

class WrongMethod extends CodedError {}
class WrongMediaType extends CodedError {}

const JSON_ONLY = ['BAD_USER_INPUT', 'Send the content type application/json.'] as const;

/**
 * Reads a request of GraphQL over HTTP.
 *
 * @param read reads and parses the body.
 * @throws {CodedError} whose status `statusOfUnread` tells where it is not that of its code.
 */
export async function readParams(
  request: IncomingMessage,
  search: string,
  config: BodyLimits,
  origins: Origins,
  read: ReadMessage,
): Promise<OperationParams | readonly OperationParams[]> {
  if (request.method === 'GET' || request.method === 'HEAD') {
    const type = request.headers['content-type'];
    // Browsers send types that they do not know without asking (GHSA-9q82-xgwf-vj6h).
    if (type !== undefined && contentTypeOf(type) !== 'application/json') throw new WrongMediaType(...JSON_ONLY);
    preventForgery(request, origins);
    return paramsOfUrl(new URLSearchParams(search));
  }
  if (request.method !== 'POST') throw new WrongMethod('BAD_USER_INPUT', 'Use POST, or GET for a query.');
  if (contentTypeOf(request.headers['content-type']) !== 'application/json') {
    throw new WrongMediaType(...JSON_ONLY);
  }
  return read(config.MAX_BODY_BYTES, (body) => paramsOfBody(body, config));
}

/** Returns the status of a request whose method, type or coding is wrong. */
export function statusOfUnread(error: unknown): number | undefined {
  if (error instanceof WrongMethod) return 405;
  return error instanceof WrongMediaType || error instanceof UnknownCoding ? 415 : undefined;
}
