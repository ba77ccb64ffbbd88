import type { GraphQLError, GraphQLFormattedError } from 'graphql';
import { CodedError } from '#platform/errors/errors.ts';
import type { Introspected } from './introspection.ts';
import type { OperationAnswer } from './operation.ts';
import type { Run } from './run.ts';
import type { Writer } from './writer/writer.ts';

/** Writes the complete response body of a run. */
export function writeAnswer(run: Run, writer: Writer, introspected: Introspected, limit: number): OperationAnswer {
  const { bytes, data, values, request } = run;
  if (bytes) return bytes.length > limit ? refuse([tooLarge(limit)]) : { json: bytes, failed: false, refused: false };
  const { text, misfits } = writer.write(data, values, introspected);
  if (text.length > limit) return refuse([tooLarge(limit)]);
  const errors = [...(request.errors ?? []).map((error) => error.toJSON()), ...run.errors];
  let { extensions } = request;
  if (misfits && errors.length === 0) {
    // Apollo's convention: a null that a subgraph should not have sent is no error of the client's operation.
    const valueCompletion: GraphQLFormattedError[] = writer
      .misfits(data, values, introspected)
      .map((misfit) => ({ ...misfit, extensions: { code: 'INVALID_GRAPHQL' } }));
    extensions = { ...extensions, valueCompletion };
  }
  const head = errors.length > 0 ? `{"errors":${JSON.stringify(errors)},"data":` : '{"data":';
  const tail = extensions ? `,"extensions":${JSON.stringify(extensions)}}` : '}';
  return { json: head + text + tail, failed: errors.length > 0, refused: false };
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
