import { Kind, type TypeNode } from 'graphql';
import { badInput } from '#platform/base/errors/errors.ts';
import type { Endpoint } from './endpoints.ts';

/**
 * Returns the variables of a call. Names that the operation does not have are refused: a misspelt filter must not be a
 * call without a filter.
 *
 * @throws {CodedError} BAD_USER_INPUT naming the parameter.
 */
export function variablesOf(
  endpoint: Endpoint,
  parameters: Readonly<Record<string, string>>,
  search: URLSearchParams,
  body: Readonly<Record<string, unknown>> | undefined,
): Record<string, unknown> {
  const types = new Map(endpoint.variables.map(({ variable, type }) => [variable.name.value, type]));
  const variables: Record<string, unknown> = {};
  if (body) {
    if (types.has('input')) variables['input'] = body;
    else {
      for (const [name, value] of Object.entries(body)) {
        if (!types.has(name)) throw badInput(name, 'is not known here.');
        variables[name] = value;
      }
    }
  }
  for (const name of new Set(search.keys())) {
    const type = types.get(name);
    if (!type || name === 'input') throw badInput(name, 'is not known here.');
    variables[name] = fromText(name, search.getAll(name), type);
  }
  for (const [name, value] of Object.entries(parameters)) variables[name] = fromText(name, [value], types.get(name)!);
  return variables;
}

function fromText(name: string, values: readonly string[], type: TypeNode): unknown {
  if (type.kind === Kind.NON_NULL_TYPE) return fromText(name, values, type.type);
  if (type.kind === Kind.LIST_TYPE) return values.map((value) => fromText(name, [value], type.type));
  if (values.length > 1) throw badInput(name, 'is given more than once.');
  const value = values[0]!;
  switch (type.name.value) {
    case 'Int':
    case 'Float': {
      const number = Number(value);
      if (value.trim() === '' || !Number.isFinite(number)) throw badInput(name, 'must be a number.');
      return number;
    }
    case 'Boolean':
      if (value !== 'true' && value !== 'false') throw badInput(name, 'must be true or false.');
      return value === 'true';
    default:
      return value;
  }
}
