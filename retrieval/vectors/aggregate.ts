import { badInput } from '#platform/base/errors/errors.ts';
import { checkFilter, type FieldValue } from './filter.ts';
import type { AggregateRequest, FieldAggregate, FieldType, Scalar, Space } from './vector-store.ts';

/** Values of a field that a summary names. */
const TOP = 20;

/**
 * Checks what is to be counted.
 *
 * @throws {CodedError} BAD_USER_INPUT.
 */
export function checkAggregate(space: Space, request: Pick<AggregateRequest, 'filter' | 'fields'>): void {
  if (request.filter !== undefined) checkFilter(request.filter, space.fields);
  for (const field of request.fields ?? []) {
    if (!Object.hasOwn(space.fields, field)) {
      throw badInput(
        'fields',
        `names ${JSON.stringify(field)}, which is not a filterable field; the fields are ${Object.keys(space.fields).join(', ') || 'none'}.`,
      );
    }
  }
}

/** Returns the summary of one field over the values of the matching objects. Lists count each of their values. */
export function summarise(type: FieldType, values: readonly FieldValue[]): FieldAggregate {
  const flat = values.flatMap((value) =>
    value === undefined ? [] : Array.isArray(value) ? (value as Scalar[]) : [value as Scalar],
  );
  if (type.startsWith('number')) {
    const numbers = flat as number[];
    const sum = numbers.reduce((total, value) => total + value, 0);
    const count = numbers.length;
    const least = numbers.reduce((a, b) => Math.min(a, b), count > 0 ? Number.POSITIVE_INFINITY : 0);
    const most = numbers.reduce((a, b) => Math.max(a, b), count > 0 ? Number.NEGATIVE_INFINITY : 0);
    return { type: 'number', count, min: least, max: most, mean: count > 0 ? sum / count : 0, sum };
  }
  const counts = new Map<string, number>();
  for (const value of flat) {
    const name = type === 'date' ? new Date(value as number).toISOString() : String(value);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const top = [...counts].map(([value, count]) => ({ value, count }));
  top.sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1));
  return { type: 'values', count: flat.length, top: top.slice(0, TOP) };
}
