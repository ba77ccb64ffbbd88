import type { ErrorCode } from './errors.ts';

/** The HTTP status of each code where the failure is the whole answer: of an operation, a plain route, an endpoint. */
const STATUS: Readonly<Record<ErrorCode, number>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  BAD_USER_INPUT: 400,
  CONFLICT: 409,
  RATE_LIMITED: 429,
  ACCOUNT_LOCKED: 429,
  BUDGET_EXCEEDED: 402,
  QUOTA_EXCEEDED: 403,
  MODEL_NOT_CONFIGURED: 501,
  MODEL_NOT_FOUND: 400,
  CONTEXT_TOO_LARGE: 400,
  CONTENT_FILTERED: 400,
  OUTPUT_INVALID: 502,
  PROVIDER_UNAVAILABLE: 502,
  SUBGRAPH_UNAVAILABLE: 503,
  SERVICE_UNAVAILABLE: 503,
  TIMEOUT: 504,
  PAYLOAD_TOO_LARGE: 413,
  OPERATION_TOO_COMPLEX: 400,
  PERSISTED_QUERY_NOT_FOUND: 400,
  PERSISTED_QUERY_REQUIRED: 400,
  SLOW_CONSUMER: 400,
  RESUBSCRIBE: 503,
  NOT_CONFIGURED: 501,
  GRAPHQL_PARSE_FAILED: 400,
  GRAPHQL_VALIDATION_FAILED: 400,
  SUBGRAPH_INVALID_ANSWER: 502,
  ERRORS_OMITTED: 502,
  DOWNSTREAM_SERVICE_ERROR: 502,
  INTERNAL_SERVER_ERROR: 500,
};

/**
 * Returns the HTTP status of a code. A code that is not of the catalogue, as a foreign subgraph's, is the client's 400.
 */
export const httpStatusOf = (code: unknown): number =>
  typeof code === 'string' && Object.hasOwn(STATUS, code) ? STATUS[code as ErrorCode] : 400;
