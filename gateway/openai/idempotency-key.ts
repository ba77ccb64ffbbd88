import type { IncomingMessage } from 'node:http';
import { v5 as uuidv5 } from 'uuid';
import { badInput } from '#platform/base/errors/errors.ts';
import { isUuid } from '#platform/base/uuid.ts';

/** Most characters of a key, as of OpenAI's and other APIs. */
const MAX_KEY = 255;
const NAMESPACE = '5d2c3f0e-6f0b-4e5a-9f5c-0c1b7f6f2a91';

/**
 * Returns what a client repeats with a request that it sends again, as an id of the graph: a UUID is one as it is, of
 * any other text one is made, always the same.
 *
 * @throws {CodedError} BAD_USER_INPUT for an empty key and one that is too long.
 */
export function idempotencyKeyOf({ headers }: IncomingMessage): string | undefined {
  const key = headers['idempotency-key'];
  if (typeof key !== 'string') return undefined;
  if (key === '' || key.length > MAX_KEY) {
    throw badInput('idempotency-key', `is ${key.length} characters long; it takes 1 to ${MAX_KEY}, such as a UUID.`);
  }
  return isUuid(key) ? key : uuidv5(key, NAMESPACE);
}
