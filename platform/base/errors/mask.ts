import { randomUUID } from 'node:crypto';
import { GraphQLError } from 'graphql';
import type { Logger } from '../log/log.ts';
import { CodedError, ERROR_CODES, unexpected } from './errors.ts';

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
  if (isOutage(cause)) {
    log.error({ err: cause, errorId, path: error.path }, 'the database does not answer');
    return at(error, 'The database does not answer at the moment. Try again in a few seconds.', {
      code: 'SERVICE_UNAVAILABLE',
      errorId,
    });
  }
  log.error({ err: cause ?? error, errorId, path: error.path }, 'unexpected error');
  const { message, extensions } = unexpected(errorId);
  return at(error, message, extensions);
}

/** Prisma's codes for a server that is away or has no connection to spare, and what the driver says of the same. */
const OUTAGE =
  /^(P1001|P1002|P1008|P1017|P2024|P2028|DatabaseNotReachable|ConnectionClosed|SocketTimeout|TooManyConnections|ECONNREFUSED|ECONNRESET|ETIMEDOUT|57P0[123]|08\d{3}|53300)$/;

/** What pg says without a code: no connection became free in time; the server was gone in the middle of a query. */
const OUTAGE_MESSAGE = /^(timeout exceeded when trying to connect|Connection terminated)/;

interface DriverFailure {
  readonly code?: unknown;
  readonly kind?: unknown;
}

/**
 * Returns whether an error of a database client means that the database is away, starting, or has no connection to
 * spare.
 */
export function isOutage(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    // P2010 and P2039 stand for whatever the driver met, which is further in: Postgres' own code, or a kind of failure.
    const { code, meta } = cause as { code?: unknown; meta?: { driverAdapterError?: { cause?: DriverFailure } } };
    const met = meta?.driverAdapterError?.cause;
    for (const one of [code, met?.code, met?.kind]) {
      if (typeof one === 'string' && OUTAGE.test(one)) return true;
    }
    if (OUTAGE_MESSAGE.test(cause.message)) return true;
  }
  return false;
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
