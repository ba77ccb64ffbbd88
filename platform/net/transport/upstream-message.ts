import type { ExecutionResult } from 'graphql';
import { isObject, parseObject } from '../../base/json/objects.ts';

/** A message of a subgraph over its socket. */
export type UpstreamMessage =
  | { readonly type: 'connection_ack' | 'ping' | 'pong' }
  | { readonly type: 'next'; readonly id: string; readonly payload: ExecutionResult }
  | { readonly type: 'error'; readonly id: string; readonly errors: readonly unknown[] }
  | { readonly type: 'complete'; readonly id: string }
  /** The whole socket is refused, by a protocol that has a message for it. */
  | { readonly type: 'refused'; readonly reason: string }
  /** About an operation, and not what the protocol or GraphQL allow. */
  | { readonly type: 'broken'; readonly id: string };

/**
 * Reads a message of graphql-transport-ws, down to the parts that are relied upon: subgraphs need not be ours. Errors
 * are read however badly they are written: one alone, or without a message.
 *
 * @returns undefined for what is not a message of the protocol.
 */
export function readUpstreamMessage(text: string): UpstreamMessage | undefined {
  const message = parseObject(text);
  if (!message) return undefined;
  const { type, id, payload } = message;
  if (type === 'connection_ack' || type === 'ping' || type === 'pong') return { type };
  if (typeof id !== 'string') return undefined;
  switch (type) {
    case 'next':
      return isResult(payload) ? { type, id, payload: wellFormed(payload) } : { type: 'broken', id };
    case 'error':
      if (Array.isArray(payload)) return { type, id, errors: payload };
      return isObject(payload) ? { type, id, errors: [payload] } : { type: 'broken', id };
    case 'complete':
      return { type, id };
    default:
      return { type: 'broken', id };
  }
}

const isResult = (value: unknown): value is ExecutionResult =>
  isObject(value) && (value.data == null || isObject(value.data));

/** The event with errors as GraphQL has them: data is not lost for an error that is badly written. */
function wellFormed(payload: ExecutionResult): ExecutionResult {
  const errors: unknown = payload.errors;
  if (errors == null || isErrors(errors)) return payload;
  const told = (Array.isArray(errors) ? errors : [errors]).map((error: unknown) => {
    const { message, path, extensions } = isObject(error) ? error : {};
    return {
      ...(typeof message === 'string' && { message }),
      ...(Array.isArray(path) && { path }),
      ...(isObject(extensions) && { extensions }),
    };
  });
  return { ...payload, errors: told as unknown as NonNullable<ExecutionResult['errors']> };
}

const isErrors = (value: unknown): value is NonNullable<ExecutionResult['errors']> =>
  Array.isArray(value) &&
  value.every(
    (error) =>
      isObject(error) &&
      (error.message === undefined || typeof error.message === 'string') &&
      (error.path == null || Array.isArray(error.path)) &&
      (error.extensions == null || isObject(error.extensions)),
  );
