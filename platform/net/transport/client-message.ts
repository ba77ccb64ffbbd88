import { mayParse } from '../../base/json/client-json.ts';
import { isNestedDeeper } from '../../base/json/nesting.ts';
import { isObject, parseObject } from '../../base/json/objects.ts';

/** The request of a `subscribe` message. */
export interface SubscribePayload {
  /** Missing where a persisted operation is named. */
  readonly query?: string | null;
  /** Of a persisted operation. */
  readonly id?: string;
  readonly operationName?: string | null;
  readonly variables?: Record<string, unknown> | null;
  readonly extensions?: Record<string, unknown> | null;
}

/** A message of the graphql-transport-ws protocol as a client sends it. */
export type ClientMessage =
  | { type: 'connection_init'; payload?: Record<string, unknown> }
  | { type: 'ping' | 'pong'; payload?: Record<string, unknown> }
  | { type: 'complete'; id: string }
  | { type: 'subscribe'; id: string; payload: SubscribePayload };

const isAbsentOr = (value: unknown, is: (value: unknown) => boolean): boolean => value == null || is(value);
const isString = (value: unknown): value is string => typeof value === 'string';
const isId = (value: unknown): value is string => isString(value) && value.length > 0 && value.length <= 256;

/** Levels of lists and objects in a payload that is not an operation's. */
const MAX_PAYLOAD_DEPTH = 64;

/**
 * Parses a message of a client; undefined for what the protocol does not know, or what would take far longer than its
 * length says.
 *
 * @param maxBytes the largest that is accepted here.
 */
export function parseMessage(data: Buffer, maxBytes: number): ClientMessage | undefined {
  if (!mayParse(data, maxBytes)) return undefined;
  const message = parseObject(data.toString());
  if (!message) return undefined;
  const { type, id, payload } = message;
  switch (type) {
    case 'connection_init':
    case 'ping':
    case 'pong':
      return isAbsentOr(payload, isObject) && !isNestedDeeper(payload, MAX_PAYLOAD_DEPTH)
        ? (message as ClientMessage)
        : undefined;
    case 'complete':
      return isId(id) ? { type, id } : undefined;
    case 'subscribe':
      return isId(id) && isObject(payload) && isSubscribePayload(payload) ? { type, id, payload } : undefined;
    default:
      return undefined;
  }
}

/** `query` may be missing when `id` or `extensions` name a persisted operation. */
const isSubscribePayload = (payload: Record<string, unknown>): payload is Record<string, unknown> & SubscribePayload =>
  (isString(payload.query) || (payload.query == null && (isObject(payload.extensions) || isString(payload.id)))) &&
  isAbsentOr(payload.id, isString) &&
  isAbsentOr(payload.operationName, isString) &&
  isAbsentOr(payload.variables, isObject) &&
  isAbsentOr(payload.extensions, isObject);
