import { badInput } from '#platform/base/errors/errors.ts';
import type { Filter, Scalar } from '#retrieval/vectors/vector-store.ts';

/** The VectorFilter as GraphQL gives it: everything may be there or not. */
export interface FilterInput {
  readonly and?: readonly FilterInput[] | null;
  readonly or?: readonly FilterInput[] | null;
  readonly field?: string | null;
  readonly op?: string | null;
  readonly value?: unknown;
}

const COMPARISONS = { EQ: 'eq', NE: 'ne', LT: 'lt', LTE: 'lte', GT: 'gt', GTE: 'gte' } as const;
const MAX_LEVELS = 10;

/**
 * Returns a filter for the store, which checks it against the collection's fields.
 *
 * @param path of the argument, for errors.
 * @throws {CodedError} BAD_USER_INPUT where it is not exactly one of `and`, `or` and `field`, or the value does not
 * fit.
 */
export function toFilter(input: FilterInput, path: string, level = 1): Filter {
  if (level > MAX_LEVELS) throw badInput(path, `is nested more than ${MAX_LEVELS} deep.`);
  const kinds = [input.and, input.or, input.field].filter((part) => part !== null && part !== undefined);
  if (kinds.length !== 1) throw badInput(path, 'must have exactly one of `and`, `or` and `field`.');
  const parts = (list: readonly FilterInput[], name: string) =>
    list.map((part, i) => toFilter(part, `${path}.${name}.${i}`, level + 1));
  if (input.and) return { and: parts(input.and, 'and') };
  if (input.or) return { or: parts(input.or, 'or') };
  return toCondition(input.field!, input.op, input.value, path);
}

function toCondition(field: string, op: string | null | undefined, value: unknown, path: string): Filter {
  if (op === null || op === undefined) throw badInput(`${path}.op`, 'is missing.');
  if (op === 'EXISTS') {
    if (typeof value !== 'boolean') throw badInput(`${path}.value`, 'must be true or false for EXISTS.');
    return { field, op: 'exists', value };
  }
  if (op === 'IN' || op === 'CONTAINS_ANY') {
    if (!Array.isArray(value) || !value.every(isScalar))
      throw badInput(`${path}.value`, `must be a list of strings, numbers or booleans for ${op}.`);
    return { field, op: op === 'IN' ? 'in' : 'containsAny', value };
  }
  if (!isScalar(value)) throw badInput(`${path}.value`, `must be a string, a number or a boolean for ${op}.`);
  return { field, op: COMPARISONS[op as keyof typeof COMPARISONS], value };
}

const isScalar = (value: unknown): value is Scalar => ['string', 'number', 'boolean'].includes(typeof value);
