import { isNestedDeeper } from '#platform/base/json/nesting.ts';
import { isObject } from '#platform/base/json/objects.ts';
import type { SubgraphResponse } from '#platform/net/transport/transport.ts';
import type { Data } from '../prepare/data.ts';

/** The answer of a subgraph, after its form was checked: it may be any server's. */
export interface SubgraphAnswer {
  readonly data: Data | null;
  /** Without data there is at least one. */
  readonly errors: readonly SubgraphError[];
}

/** An error as a subgraph told it; what is not of the right kind is left out. */
export interface SubgraphError {
  readonly message: string;
  readonly path: readonly (string | number)[] | undefined;
  readonly extensions: Readonly<Record<string, unknown>>;
}

/** Levels of extensions: deeper ones could not be written. */
const MAX_NESTED = 100;
const NONE: readonly SubgraphError[] = [];

/**
 * Reads the parsed answer.
 *
 * @throws when it is not GraphQL: neither data nor errors, or data that is not an object.
 */
export const answerOf = (response: Pick<SubgraphResponse, 'result'>): SubgraphAnswer => readAnswer(response.result);

/** Reads an event of a subscription as `answerOf` reads an answer. @throws as well. */
export function readAnswer(result: unknown): SubgraphAnswer {
  if (!isObject(result)) throw new Error('The subgraph answered with something else than an object.');
  const { data, errors } = result;
  const told = errors === undefined || errors === null ? NONE : readErrors(errors);
  if (isObject(data)) return { data, errors: told };
  if (data !== undefined && data !== null) throw new Error('The subgraph answered with data that is not an object.');
  if (told.length === 0) throw new Error('The subgraph answered with neither data nor errors.');
  return { data: null, errors: told };
}

/** Reads the errors with which a subgraph has ended an operation. At least one, whatever it wrote. */
export function readFailure(errors: readonly unknown[]): readonly SubgraphError[] {
  return readErrors(errors.length > 0 ? errors : [undefined]);
}

function readErrors(errors: unknown): readonly SubgraphError[] {
  return (Array.isArray(errors) ? errors : [errors]).map((error: unknown) => {
    const { message, path, extensions } = isObject(error) ? error : {};
    return {
      message: typeof message === 'string' && message !== '' ? message : 'A subgraph failed without saying why.',
      path: isPath(path) ? path : undefined,
      extensions: isObject(extensions) && !isNestedDeeper(extensions, MAX_NESTED) ? extensions : {},
    };
  });
}

const isPath = (path: unknown): path is (string | number)[] =>
  Array.isArray(path) && path.every((part) => typeof part === 'string' || Number.isInteger(part));
