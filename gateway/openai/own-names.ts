import { CodedError } from '#platform/base/errors/errors.ts';

/** The names that one route has for values of the graph: what is found, and what stands for it there. */
export type OwnNames = readonly (readonly [found: RegExp, named: string])[];

/**
 * Waits for what the graph answers. A refusal names the value as the route does: `tools.0.function.name` for
 * `input.tools.0.name`.
 *
 * @throws what `asked` rejects with.
 */
export async function inOwnNames<Value>(names: OwnNames, asked: Promise<Value>): Promise<Value> {
  try {
    return await asked;
  } catch (error) {
    throw renamed(error, names);
  }
}

function renamed(error: unknown, names: OwnNames): unknown {
  if (!(error instanceof Error) || !('extensions' in error)) return error;
  const { code, argument, ...details } = (error as CodedError).extensions;
  if (code !== 'BAD_USER_INPUT' || typeof argument !== 'string') return error;
  const found = names.find(([pattern]) => pattern.test(argument));
  if (!found) return error;
  const name = argument.replace(...found);
  return new CodedError(
    code,
    error.message.replace(argument, () => name),
    { ...details, argument: name },
  );
}
