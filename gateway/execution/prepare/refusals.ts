import { CodedError } from '#platform/base/errors/errors.ts';

/** How long a refusal is remembered: a machine that was too busy to plan an operation gets another try. */
export const REFUSED_MS = 300_000;

/** Returns whether an operation that was refused would be refused again, and need not be planned to know. */
export const isLasting = (error: unknown): boolean =>
  error instanceof CodedError && error.code === 'OPERATION_TOO_COMPLEX';
