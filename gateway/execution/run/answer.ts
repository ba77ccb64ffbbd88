import type { GraphQLError, GraphQLFormattedError } from 'graphql';
import { CodedError } from '#platform/base/errors/errors.ts';
import type { Introspected } from '../prepare/introspection.ts';
import type { OperationAnswer } from '../prepare/operation.ts';
import { unexplained } from '../writer/unexplained.ts';
import type { Writer } from '../writer/writer.ts';
import type { Run } from './run.ts';

/**
 * Writes the complete response body of a run. A null that neither the data nor an error accounts for gets an error of
 * its own, whatever a subgraph sent and whatever the plan forgot: no client takes a broken answer for a right one.
 */
export function writeAnswer(run: Run, writer: Writer, introspected: Introspected, limit: number): OperationAnswer {
  const { bytes, data, values, request } = run;
  if (bytes) return bytes.length > limit ? refuse([tooLarge(limit)]) : { json: bytes, failed: false, refused: false };
  const { text, misfits, absences } = writer.write(data, values, introspected);
  if (text.length > limit) return refuse([tooLarge(limit)]);
  const before = (request.errors ?? []).map((error) => error.toJSON());
  const known = [...before, ...run.errors];
  // Beside an error, or an entity that is not there, what is absent may well be so for that reason.
  const isAbsenceTold = run.lacksEntities || known.length > 0;
  if (run.omitted === 0 && (misfits || (absences && !isAbsenceTold))) {
    const found = writer.track(data, values, introspected);
    for (const misfit of unexplained(isAbsenceTold ? found.misfits : [...found.misfits, ...found.absences], known)) {
      run.fail({ ...misfit, extensions: { code: 'SUBGRAPH_INVALID_ANSWER' } });
    }
  }
  const errors = [...before, ...run.errors, ...omissionOf(run)];
  const head = errors.length > 0 ? `{"errors":${JSON.stringify(errors)},"data":` : '{"data":';
  const tail = request.extensions ? `,"extensions":${JSON.stringify(request.extensions)}}` : '}';
  return { json: head + text + tail, failed: errors.length > 0, refused: false };
}

/** Says that errors were left out. */
function omissionOf({ omitted }: Run): GraphQLFormattedError[] {
  if (omitted === 0) return [];
  return [{ message: `${omitted} more errors are not listed.`, extensions: { code: 'ERRORS_OMITTED', omitted } }];
}

/** An answer without data: the request itself was wrong. */
export function refuse(errors: readonly (GraphQLError | GraphQLFormattedError)[]): OperationAnswer {
  const coded = errors.map((error) => {
    const { message, locations, path, extensions } = error;
    return {
      message,
      ...(locations && { locations }),
      ...(path && { path }),
      extensions: { ...extensions, code: extensions?.code ?? 'BAD_USER_INPUT' },
    };
  });
  return { json: JSON.stringify({ errors: coded }), failed: true, refused: true };
}

const tooLarge = (limit: number): CodedError =>
  new CodedError('OPERATION_TOO_COMPLEX', `The answer is larger than ${limit} characters; ask for less at once.`);
