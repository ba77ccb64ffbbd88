import { Filters, type FilterValue } from 'weaviate-client';
import type { FieldType, Filter, Scalar } from '../vector-store.ts';
import { property } from './mapping.ts';

type Fields = Readonly<Record<string, FieldType>>;

/** Returns a checked filter in Weaviate's terms. */
export function toWeaviateFilter(filter: Filter, fields: Fields): FilterValue {
  if ('and' in filter) return Filters.and(...filter.and.map((part) => toWeaviateFilter(part, fields)));
  if ('or' in filter) return Filters.or(...filter.or.map((part) => toWeaviateFilter(part, fields)));
  const value = (given: Scalar) => {
    if (fields[filter.field] === 'date') return new Date(given as string);
    return typeof given === 'string' ? given.trim() : given;
  };
  const condition = (operator: FilterValue['operator'], given: unknown): FilterValue => ({
    operator,
    target: { property: property(filter.field) },
    value: given,
  });
  switch (filter.op) {
    case 'exists':
      return condition('IsNull', !filter.value);
    case 'in':
    case 'containsAny':
      // One condition a value: the client cannot express a list of whole and broken numbers.
      return Filters.or(
        ...filter.value.map((item) =>
          condition(filter.op === 'in' ? 'Equal' : 'ContainsAny', filter.op === 'in' ? value(item) : [value(item)]),
        ),
      );
    case 'ne':
      return Filters.or(condition('NotEqual', value(filter.value)), condition('IsNull', true));
    case 'eq':
      return condition('Equal', value(filter.value));
    case 'lt':
      return condition('LessThan', value(filter.value));
    case 'lte':
      return condition('LessThanEqual', value(filter.value));
    case 'gt':
      return condition('GreaterThan', value(filter.value));
    case 'gte':
      return condition('GreaterThanEqual', value(filter.value));
  }
}
