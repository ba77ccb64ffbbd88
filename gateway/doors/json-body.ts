import type { IncomingMessage } from 'node:http';
import { badInput } from '#platform/base/errors/errors.ts';
import { parseClientJson } from '#platform/base/json/client-json.ts';
import { isObject } from '#platform/base/json/objects.ts';
import { contentTypeOf } from '../protocols/graphql-http.ts';
import type { ReadMessage } from '../request/sender.ts';

/**
 * Reads the body of a request, a JSON object.
 *
 * @param read reads and parses it.
 * @returns undefined for an empty body.
 * @throws {CodedError} BAD_USER_INPUT, PAYLOAD_TOO_LARGE, RATE_LIMITED.
 */
export function readJsonBody(
  request: IncomingMessage,
  maxBytes: number,
  read: ReadMessage,
): Promise<Record<string, unknown> | undefined> {
  return read(maxBytes, (bytes) => {
    // A form cannot send DELETE, and clients give what has no body no type.
    if (bytes.length === 0 && request.method === 'DELETE') return undefined;
    // Not even an empty body without the type: it is what a foreign page's form cannot send.
    if (contentTypeOf(request.headers['content-type']) !== 'application/json') {
      throw badInput('body', 'must have the content type application/json.');
    }
    if (bytes.length === 0) return undefined;
    const parsed = parseClientJson(bytes, maxBytes);
    if (!isObject(parsed)) throw badInput('body', 'must be a JSON object.');
    return parsed;
  });
}
