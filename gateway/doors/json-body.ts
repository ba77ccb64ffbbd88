import type { IncomingMessage } from 'node:http';
import { badInput } from '#platform/base/errors/errors.ts';
import { isTooDeep, MAX_JSON_LEVELS } from '#platform/base/json/json-levels.ts';
import { isObject } from '#platform/base/json/objects.ts';
import { readBody } from '#platform/net/http/web.ts';
import { contentTypeOf } from '../protocols/graphql-http.ts';

/**
 * Reads the body of a request, a JSON object.
 *
 * @returns undefined for an empty body.
 * @throws {CodedError} BAD_USER_INPUT, PAYLOAD_TOO_LARGE.
 */
export async function readJsonBody(
  request: IncomingMessage,
  maxBytes: number,
): Promise<Record<string, unknown> | undefined> {
  const bytes = await readBody(request, maxBytes);
  // A form cannot send DELETE, and clients give what has no body no type.
  if (bytes.length === 0 && request.method === 'DELETE') return undefined;
  // Not even an empty body without the type: it is what a foreign page's form cannot send.
  if (contentTypeOf(request.headers['content-type']) !== 'application/json') {
    throw badInput('body', 'must have the content type application/json.');
  }
  if (bytes.length === 0) return undefined;
  if (isTooDeep(bytes))
    throw badInput('body', `has more than ${MAX_JSON_LEVELS} levels of lists and objects; flatten it.`);
  try {
    const parsed: unknown = JSON.parse(bytes.toString());
    if (isObject(parsed)) return parsed;
  } catch {
    // said below
  }
  throw badInput('body', 'must be a JSON object.');
}
