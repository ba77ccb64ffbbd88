import { GraphQLError, type GraphQLErrorExtensions } from 'graphql';

/**
 * The catalogue of expected failures: what each code means, and the HTTP status where the failure is the whole answer,
 * of an operation, a plain route or an endpoint. A client can rely on the code; the message is for people.
 * docs/errors.md lists them. Whatever is not one of these is masked as INTERNAL_SERVER_ERROR with an id that is in the
 * log.
 */
export const ERROR_CODES = {
  UNAUTHENTICATED: {
    status: 401,
    meaning: 'No valid credentials were given, or the session they belong to has ended.',
  },
  FORBIDDEN: { status: 403, meaning: 'The credentials are valid but do not allow this.' },
  NOT_FOUND: { status: 404, meaning: 'What was asked for does not exist, or the caller may not know that it does.' },
  BAD_USER_INPUT: { status: 400, meaning: 'An argument is wrong; `extensions.argument` names it.' },
  CONFLICT: {
    status: 409,
    meaning: 'The change contradicts what is stored, for instance an id used again with other content.',
  },
  RATE_LIMITED: {
    status: 429,
    meaning: 'Too many requests; `extensions.retryAfter` says in how many seconds to try again.',
  },
  ACCOUNT_LOCKED: {
    status: 429,
    meaning: 'Too many failed sign-ins; `extensions.retryAfter` says in how many seconds to try again.',
  },
  BUDGET_EXCEEDED: {
    status: 402,
    meaning: 'The budget of the user, key or model is spent; `extensions.resetsAt` says when it is renewed.',
  },
  QUOTA_EXCEEDED: {
    status: 403,
    meaning:
      'The user has as much of something as one user may; `extensions.quota`, `limit` and `used` say of what and how much.',
  },
  MODEL_NOT_CONFIGURED: {
    status: 501,
    meaning: 'No language model is configured; the message says how to configure one.',
  },
  MODEL_NOT_FOUND: { status: 400, meaning: 'No model of that name is configured.' },
  CONTEXT_TOO_LARGE: {
    status: 400,
    meaning: 'The conversation does not fit into the model’s window even after shortening.',
  },
  CONTENT_FILTERED: { status: 400, meaning: 'The provider refused the content.' },
  OUTPUT_INVALID: { status: 502, meaning: 'The model did not answer in the form that was asked for.' },
  PROVIDER_UNAVAILABLE: { status: 502, meaning: 'The provider cannot be reached, failed or stalled.' },
  SUBGRAPH_UNAVAILABLE: {
    status: 503,
    meaning: 'A part of the graph cannot be reached; the other fields are answered.',
  },
  SERVICE_UNAVAILABLE: {
    status: 503,
    meaning: 'A server that this needs, such as the database, cannot be reached at the moment.',
  },
  TIMEOUT: { status: 504, meaning: 'The work took longer than allowed.' },
  PAYLOAD_TOO_LARGE: { status: 413, meaning: 'The request is larger than allowed; the message names the limit.' },
  OPERATION_TOO_COMPLEX: {
    status: 400,
    meaning: 'The operation exceeds a limit on depth, aliases, fields or cost; the message names it.',
  },
  PERSISTED_QUERY_NOT_FOUND: { status: 400, meaning: 'The hash is unknown; send the query with it.' },
  PERSISTED_QUERY_REQUIRED: { status: 400, meaning: 'Only registered operations are accepted.' },
  SLOW_CONSUMER: {
    status: 400,
    meaning:
      'The client reads slower than events come, or they come faster than they are completed; `extensions.resumeAfter` is the last offset that it was sent, if any.',
  },
  RESUBSCRIBE: {
    status: 503,
    meaning: 'The server ends the stream in good order, e.g. to restart: subscribe again and resume.',
  },
  NOT_CONFIGURED: { status: 501, meaning: 'The capability needs a setting that is missing; the message names it.' },
  GRAPHQL_PARSE_FAILED: { status: 400, meaning: 'The document is not GraphQL; the message says where.' },
  GRAPHQL_VALIDATION_FAILED: { status: 400, meaning: 'The operation does not fit the schema; the message says where.' },
  SUBGRAPH_INVALID_ANSWER: {
    status: 502,
    meaning: 'A part of the graph answered what does not fit the schema; null stands in its place.',
  },
  ERRORS_OMITTED: {
    status: 502,
    meaning: 'There are more errors than are listed; `extensions.omitted` says how many.',
  },
  DOWNSTREAM_SERVICE_ERROR: { status: 502, meaning: 'A subgraph that is not ours reported a failure without a code.' },
  INTERNAL_SERVER_ERROR: { status: 500, meaning: 'An unexpected failure; `extensions.errorId` is in the log.' },
} as const satisfies Readonly<Record<string, { readonly meaning: string; readonly status: number }>>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** An expected failure: its code and message reach the client as they are. */
export class CodedError extends GraphQLError {
  constructor(code: ErrorCode, message: string, extensions: GraphQLErrorExtensions = {}) {
    super(message, { extensions: { ...extensions, code } });
    this.name = 'CodedError';
  }
  get code(): ErrorCode {
    return this.extensions.code as ErrorCode;
  }
}

/**
 * Returns the error of a wrong argument.
 *
 * @param argument dotted path of the argument, e.g. `input.text`.
 * @param problem what is wrong, the limit and what to do, e.g. `is 1 048 576 bytes long; at most 131 072 are accepted`.
 */
export const badInput = (argument: string, problem: string, extensions: GraphQLErrorExtensions = {}): CodedError =>
  new CodedError('BAD_USER_INPUT', `${argument} ${problem}`, { ...extensions, argument });

/** Returns the error of something that does not exist or that the caller may not know of: both read the same. */
export const notFound = (what: string): CodedError => new CodedError('NOT_FOUND', `${what} was not found.`);

/** Returns the error of a caller who is not signed in. */
export const unauthenticated = (message = 'Sign in first: send an access token or an API key.'): CodedError =>
  new CodedError('UNAUTHENTICATED', message);

/** Returns the error of a caller who may not do it. */
export const forbidden = (message: string): CodedError => new CodedError('FORBIDDEN', message);

/**
 * Returns the error of a client that asks too often.
 *
 * @param retryAfter whole seconds.
 */
export const rateLimited = (what: string, retryAfter: number): CodedError =>
  new CodedError('RATE_LIMITED', `${what} Try again in ${retryAfter} s.`, { retryAfter });

/**
 * Returns what a client hears of an unexpected failure: the id under which the log has it, and nothing of what it was.
 */
export const unexpected = (errorId: string): CodedError =>
  new CodedError(
    'INTERNAL_SERVER_ERROR',
    `Something went wrong. The administrator finds it in the log under ${errorId}.`,
    { errorId },
  );
