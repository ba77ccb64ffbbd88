import type { ErrorCode as ServerCode } from './generated/error-codes.ts';

/** The codes of the server's catalogue (docs/errors.md), and OFFLINE where the server cannot be reached. */
export type ErrorCode = ServerCode | 'OFFLINE';

/** The details that an error of a code has beside its message. Codes that are not here say nothing more. */
export interface ErrorDetails {
  BAD_USER_INPUT: { readonly argument: string };
  RATE_LIMITED: { readonly retryAfter: number };
  ACCOUNT_LOCKED: { readonly retryAfter: number };
  BUDGET_EXCEEDED: { readonly resetsAt: string };
  QUOTA_EXCEEDED: { readonly quota: string; readonly limit: number; readonly used: number };
  SLOW_CONSUMER: { readonly resumeAfter?: number };
  INTERNAL_SERVER_ERROR: { readonly errorId?: string };
}

/** The details of a code; an empty object for most. */
export type DetailsOf<Code extends ErrorCode> = Code extends keyof ErrorDetails ? ErrorDetails[Code] : object;

/** An error as it travels: a GraphQL error of an answer. */
export interface WireError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** An expected failure. Rely on `code`; the message is for people. */
export class SextantError<Code extends ErrorCode = ErrorCode> extends Error {
  override readonly name = 'SextantError';
  readonly code: Code;
  readonly details: DetailsOf<Code>;
  /** The field of the operation that failed; empty where the whole operation did. */
  readonly path: readonly (string | number)[];
  /** All errors of the answer; the first of them is this one. */
  readonly all: readonly WireError[];

  constructor(code: Code, message: string, all: readonly WireError[] = [], options?: ErrorOptions) {
    super(message, options);
    const { code: _, ...details } = all[0]?.extensions ?? {};
    this.code = code;
    this.details = details as DetailsOf<Code>;
    this.path = all[0]?.path ?? [];
    this.all = all;
  }
}

/** Returns whether an error has this code; it has the code's details then. */
export function isError<Code extends ErrorCode>(error: unknown, code: Code): error is SextantError<Code> {
  return error instanceof SextantError && error.code === code;
}

/** Returns the first error of an answer, with the others in `all`. */
export function errorOf(errors: readonly WireError[]): SextantError {
  const [first] = errors;
  const code = (first?.extensions?.['code'] as ServerCode | undefined) ?? 'INTERNAL_SERVER_ERROR';
  return new SextantError(code, first?.message ?? 'The server gave no reason.', errors);
}

/** Returns the GraphQL errors that a server refused an operation with; undefined where it could not be reached. */
export function wireErrorsOf(error: unknown): readonly WireError[] | undefined {
  if (!(error instanceof SextantError) || error.code === 'OFFLINE') return undefined;
  const { all, message, code } = error;
  return all.length > 0 ? all : [{ message, extensions: { code } }];
}

/** Returns the error of a server that cannot be reached. */
export const offline = (cause: unknown): SextantError =>
  new SextantError('OFFLINE', 'The server cannot be reached. Check the connection; it is tried again.', [], { cause });

/** What passes by itself: a stream that ends so is opened again where it stood. */
const PASSING = new Set<ErrorCode>([
  'OFFLINE',
  'RESUBSCRIBE',
  'SLOW_CONSUMER',
  'SUBGRAPH_UNAVAILABLE',
  'SERVICE_UNAVAILABLE',
  'TIMEOUT',
  'RATE_LIMITED',
]);

/** Returns whether the same request may succeed a little later. */
export const isPassing = (error: unknown): boolean => error instanceof SextantError && PASSING.has(error.code);
