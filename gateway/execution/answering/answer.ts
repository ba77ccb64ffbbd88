import type { GraphQLFormattedError } from 'graphql';
import { CodedError } from '#platform/base/errors/errors.ts';
import type { Introspected } from '../prepare/introspection.ts';
import type { AnswerError, OperationAnswer } from '../prepare/operation.ts';
import type { Run } from '../run/run.ts';
import { explainedBy } from '../writer/explained.ts';
import type { Writer } from '../writer/writer.ts';

/**
 * Writes the complete response body of a run whose steps are through (engine/compile.ts): the data in the client's
 * shape by the compiled writer (writer/writer.ts), and the errors. A null that neither the data nor an error accounts
 * for gets an error of its own, whatever a subgraph sent and whatever the plan forgot: no client takes a broken answer
 * for a right one.
 */
export function writeAnswer(run: Run, writer: Writer, introspected: Introspected, limit: number): OperationAnswer {
  const { bytes, data, values } = run;
  if (bytes) return bytes.length > limit ? refuse([tooLarge(limit)]) : { json: bytes, failed: false, refused: false };
  const { text, misfits, absences } = writer.write(data, values, introspected);
  if (text.length > limit) return refuse([tooLarge(limit)]);
  const known = knownErrors(run);
  // Beside an error, or an entity that is not there, what is absent may well be so for that reason.
  const isAbsenceTold = run.lacksEntities || known.length > 0;
  if (run.omitted === 0 && (misfits || (absences && !isAbsenceTold))) {
    const found = writer.track(data, values, introspected, explainedBy(known));
    for (const misfit of isAbsenceTold ? found.misfits : [...found.misfits, ...found.absences]) {
      run.isInvalid = true;
      run.fail({ ...misfit, extensions: { code: 'SUBGRAPH_INVALID_ANSWER' } });
    }
  }
  return bodyOf(run, text);
}

/** Returns the response body of a run that brought no data at all, and at least one error. */
export const writeNull = (run: Run): OperationAnswer => bodyOf(run, 'null');

function bodyOf(run: Run, data: string): OperationAnswer {
  const { extensions } = run.request;
  const errors = errorsOf(run);
  const head = errors.length > 0 ? `{"errors":${JSON.stringify(errors)},"data":` : '{"data":';
  const tail = extensions ? `,"extensions":${JSON.stringify(extensions)}}` : '}';
  return { json: head + data + tail, failed: errors.length > 0, refused: false };
}

/** What was known before the run, and what it met. */
const knownErrors = ({ request, errors }: Run): GraphQLFormattedError[] => [
  ...(request.errors ?? []).map((error) => error.toJSON()),
  ...errors,
];

/** Returns all errors of a run, as a client reads them. */
export const errorsOf = (run: Run): readonly GraphQLFormattedError[] =>
  run.omitted === 0 && !run.request.errors?.length ? run.errors : [...knownErrors(run), ...omissionOf(run)];

/** Says that errors were left out. */
function omissionOf({ omitted }: Run): GraphQLFormattedError[] {
  if (omitted === 0) return [];
  return [{ message: `${omitted} more errors are not listed.`, extensions: { code: 'ERRORS_OMITTED', omitted } }];
}

/** Returns an answer without data: the request itself was wrong. */
export const refuse = (errors: readonly AnswerError[]): OperationAnswer => ({
  json: JSON.stringify({ errors: refusalsOf(errors) }),
  failed: true,
  refused: true,
});

/** Errors about the request itself, which are BAD_USER_INPUT where they have no code. */
export function refusalsOf(errors: readonly AnswerError[]): GraphQLFormattedError[] {
  return errors.map((error) => {
    const { message, locations, path, extensions } = error;
    return {
      message,
      ...(locations && { locations }),
      ...(path && { path }),
      extensions: { ...extensions, code: extensions?.code ?? 'BAD_USER_INPUT' },
    };
  });
}

const tooLarge = (limit: number): CodedError =>
  new CodedError('OPERATION_TOO_COMPLEX', `The answer is larger than ${limit} characters; ask for less at once.`);
