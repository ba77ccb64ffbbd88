import { z } from 'zod';
import { CodedError, ERROR_CODES, type ErrorCode } from '#platform/base/errors/errors.ts';

const refusalSchema = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

/**
 * Reads why a plain route of the graph refused: its own code and words, where it tells them.
 *
 * @param what did not succeed, as the beginning of a sentence.
 * @param argument whose value it is where the input is wrong.
 */
export async function refusalOf(answer: Response, what: string, argument?: string): Promise<CodedError> {
  const told = refusalSchema.safeParse(await answer.json().catch(() => undefined));
  const { code, message } = told.data?.error ?? { code: '', message: `status ${answer.status}` };
  const known = Object.hasOwn(ERROR_CODES, code) ? (code as ErrorCode) : codeOf(answer.status);
  return new CodedError(known, `${what}: ${message}`, known === 'BAD_USER_INPUT' && argument ? { argument } : {});
}

function codeOf(status: number): ErrorCode {
  if (status >= 500) return status === 504 ? 'TIMEOUT' : 'SERVICE_UNAVAILABLE';
  return status === 404 ? 'NOT_FOUND' : 'BAD_USER_INPUT';
}
