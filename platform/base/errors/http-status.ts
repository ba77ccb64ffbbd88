import { ERROR_CODES, type ErrorCode } from './errors.ts';

/**
 * Returns the HTTP status of a code. A code that is not of the catalogue, as a foreign subgraph's, is the client's 400.
 */
export const httpStatusOf = (code: unknown): number =>
  typeof code === 'string' && Object.hasOwn(ERROR_CODES, code) ? ERROR_CODES[code as ErrorCode].status : 400;
