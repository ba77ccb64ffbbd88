import type { IncomingMessage, ServerResponse } from 'node:http';
import { badInput } from '#platform/base/errors/errors.ts';
import { parseClientJson } from '#platform/base/json/client-json.ts';
import { isObject } from '#platform/base/json/objects.ts';
import { contentTypeOf } from '../protocols/graphql-http.ts';
import { readerFor } from '../request/sender.ts';
import type { DoorParts } from './parts.ts';

/**
 * Reads the body of a request, a JSON object. Who is signed in may send MAX_DOOR_BODY_BYTES, all others MAX_BODY_BYTES.
 *
 * @param resource URL of the door, where connected apps come to it; see Credentials.
 * @returns undefined for an empty body.
 * @throws {CodedError} BAD_USER_INPUT, PAYLOAD_TOO_LARGE, RATE_LIMITED, SERVICE_UNAVAILABLE.
 */
export function readJsonBody(
  request: IncomingMessage,
  response: ServerResponse,
  parts: Pick<DoorParts, 'config' | 'authenticator' | 'pipeline'>,
  resource?: string,
): Promise<Record<string, unknown> | undefined> {
  const { MAX_BODY_BYTES, MAX_DOOR_BODY_BYTES, memoryMb } = parts.config;
  const read = readerFor(request, parts, { resource, maxBytes: MAX_DOOR_BODY_BYTES, memoryMb, response });
  return read(MAX_BODY_BYTES, (bytes) => {
    // A form cannot send DELETE, and clients give what has no body no type.
    if (bytes.length === 0 && request.method === 'DELETE') return undefined;
    // Not even an empty body without the type: it is what a foreign page's form cannot send.
    if (contentTypeOf(request.headers['content-type']) !== 'application/json') {
      throw badInput('body', 'must have the content type application/json.');
    }
    if (bytes.length === 0) return undefined;
    const parsed = parseClientJson(bytes, MAX_BODY_BYTES);
    if (!isObject(parsed)) throw badInput('body', 'must be a JSON object.');
    return parsed;
  });
}
