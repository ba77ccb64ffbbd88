import { randomUUID } from 'node:crypto';
import { GraphQLError } from 'graphql';
import type { Logger } from '../log/log.ts';
import { CodedError, ERROR_CODES } from './errors.ts';

/**
 * What a client may see of an error that a resolver threw. Coded errors and graphql's own validation errors pass;
 * anything else is logged under an id and replaced, because a driver's message names tables, hosts and queries.
 */
export function maskError(error: GraphQLError, log: Logger): GraphQLError {
  const cause = error.originalError;
  if (cause instanceof CodedError) return at(error, cause.message, cause.extensions);
  if (error instanceof CodedError || (cause === undefined && isCoded(error))) return error;
  if (cause === undefined && error.extensions.code === undefined) {
    // graphql-js itself: coercion of variables, a null in a non-null place. Names our schema, nothing else.
    return at(error, error.message, { ...error.extensions, code: 'BAD_USER_INPUT' });
  }
  const errorId = randomUUID();
  log.error({ err: cause ?? error, errorId, path: error.path }, 'unexpected error');
  return at(error, `Something went wrong. The administrator finds it in the log under ${errorId}.`, {
    code: 'INTERNAL_SERVER_ERROR',
    errorId,
  });
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
