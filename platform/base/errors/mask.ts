import { randomUUID } from 'node:crypto';
import { GraphQLError } from 'graphql';
import type { Logger } from '../log/log.ts';
import { CodedError, ERROR_CODES, unexpected } from './errors.ts';
import { OUTAGES, outageOf } from './outage.ts';

/**
 * Returns what a client may see of an error that a resolver threw. Coded errors and graphql's own validation errors
 * pass; anything else is logged under an id and replaced, because a driver's message names tables, hosts and queries.
 *
 * @param signal of the request: what fails after the caller has left is not a failure of ours.
 */
export function maskError(error: GraphQLError, log: Logger, signal?: AbortSignal): GraphQLError {
  const cause = error.originalError;
  if (cause instanceof CodedError) return at(error, cause.message, cause.extensions);
  if (error instanceof CodedError || (cause === undefined && isCoded(error))) return error;
  if (cause === undefined && error.extensions.code === undefined) {
    // graphql-js itself: coercion of variables, a null in a non-null place. Names our schema, nothing else.
    return at(error, error.message, { ...error.extensions, code: 'BAD_USER_INPUT' });
  }
  if (signal?.aborted) {
    log.debug({ err: cause ?? error, path: error.path }, 'the client does not wait for the answer any more');
    return at(error, 'The request was given up before it was answered.', { code: 'TIMEOUT' });
  }
  const errorId = randomUUID();
  const outage = outageOf(cause);
  if (outage !== undefined) {
    log.error({ err: cause, errorId, path: error.path }, OUTAGES[outage].log);
    return at(error, OUTAGES[outage].message, { code: 'SERVICE_UNAVAILABLE', errorId });
  }
  log.error({ err: cause ?? error, errorId, path: error.path }, 'unexpected error');
  const { message, extensions } = unexpected(errorId);
  return at(error, message, extensions);
}

const isCoded = (error: GraphQLError): boolean => String(error.extensions.code) in ERROR_CODES;

const at = (error: GraphQLError, message: string, extensions: GraphQLError['extensions']): GraphQLError =>
  new GraphQLError(message, {
    nodes: error.nodes,
    source: error.source,
    positions: error.positions,
    path: error.path,
    extensions,
  });
