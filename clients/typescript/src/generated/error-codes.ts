// Made of the server's catalogue by `npm run codegen`.

/** The codes of expected failures. */
export type ErrorCode =
  /** No valid credentials were given, or the session they belong to has ended. */
  | 'UNAUTHENTICATED'
  /** The credentials are valid but do not allow this. */
  | 'FORBIDDEN'
  /** What was asked for does not exist, or the caller may not know that it does. */
  | 'NOT_FOUND'
  /** An argument is wrong; `extensions.argument` names it. */
  | 'BAD_USER_INPUT'
  /** The change contradicts what is stored, for instance an id used again with other content. */
  | 'CONFLICT'
  /** Too many requests; `extensions.retryAfter` says in how many seconds to try again. */
  | 'RATE_LIMITED'
  /** Too many failed sign-ins; `extensions.retryAfter` says in how many seconds to try again. */
  | 'ACCOUNT_LOCKED'
  /** The budget of the user, key or model is spent; `extensions.resetsAt` says when it is renewed. */
  | 'BUDGET_EXCEEDED'
  /** The user has as much of something as one user may; `extensions.quota`, `limit` and `used` say of what and how much. */
  | 'QUOTA_EXCEEDED'
  /** No language model is configured; the message says how to configure one. */
  | 'MODEL_NOT_CONFIGURED'
  /** No model of that name is configured. */
  | 'MODEL_NOT_FOUND'
  /** The conversation does not fit into the model’s window even after shortening. */
  | 'CONTEXT_TOO_LARGE'
  /** The provider refused the content. */
  | 'CONTENT_FILTERED'
  /** The model did not answer in the form that was asked for. */
  | 'OUTPUT_INVALID'
  /** The provider cannot be reached, failed or stalled. */
  | 'PROVIDER_UNAVAILABLE'
  /** A part of the graph cannot be reached; the other fields are answered. */
  | 'SUBGRAPH_UNAVAILABLE'
  /** A server that this needs, such as the database, cannot be reached at the moment. */
  | 'SERVICE_UNAVAILABLE'
  /** The work took longer than allowed. */
  | 'TIMEOUT'
  /** The request is larger than allowed; the message names the limit. */
  | 'PAYLOAD_TOO_LARGE'
  /** The operation exceeds a limit on depth, aliases, fields or cost; the message names it. */
  | 'OPERATION_TOO_COMPLEX'
  /** The hash is unknown; send the query with it. */
  | 'PERSISTED_QUERY_NOT_FOUND'
  /** Only registered operations are accepted. */
  | 'PERSISTED_QUERY_REQUIRED'
  /** The client reads slower than events come, or they come faster than they are completed; `extensions.resumeAfter` is the last offset that it was sent, if any. */
  | 'SLOW_CONSUMER'
  /** The server ends the stream in good order, e.g. to restart: subscribe again and resume. */
  | 'RESUBSCRIBE'
  /** The capability needs a setting that is missing; the message names it. */
  | 'NOT_CONFIGURED'
  /** The document is not GraphQL; the message says where. */
  | 'GRAPHQL_PARSE_FAILED'
  /** The operation does not fit the schema; the message says where. */
  | 'GRAPHQL_VALIDATION_FAILED'
  /** A part of the graph answered what does not fit the schema; null stands in its place. */
  | 'SUBGRAPH_INVALID_ANSWER'
  /** There are more errors than are listed; `extensions.omitted` says how many. */
  | 'ERRORS_OMITTED'
  /** A subgraph that is not ours reported a failure without a code. */
  | 'DOWNSTREAM_SERVICE_ERROR'
  /** An unexpected failure; `extensions.errorId` is in the log. */
  | 'INTERNAL_SERVER_ERROR';
