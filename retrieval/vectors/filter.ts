import { badInput } from '#platform/base/errors/errors.ts';
import type { FieldType, Filter, Json, Properties, Scalar } from './vector-store.ts';

const MAX_CONDITIONS = 100;
const MAX_VALUES = 1000;

/** What both stores compare rightly, because Weaviate counts nanoseconds and whole numbers in 64 bits. */
const MIN_INSTANT = Date.UTC(1678, 0, 1);
const END_OF_INSTANTS = Date.UTC(2262, 0, 1);
const MAX_NUMBER = 2 ** 63;

/** A field's value as filters compare it: dates as milliseconds since 1970; undefined where the property is absent. */
export type FieldValue = Scalar | readonly Scalar[] | undefined;

/**
 * Checks a filter against the declared fields.
 *
 * @throws {CodedError} BAD_USER_INPUT that names the part of the filter, e.g. `filter.and.1.field`.
 */
export function checkFilter(filter: Filter, fields: Readonly<Record<string, FieldType>>, argument = 'filter'): void {
  let conditions = 0;
  const visit = (part: Filter, path: string): void => {
    if (++conditions > MAX_CONDITIONS) throw badInput(argument, `has more than ${MAX_CONDITIONS} conditions.`);
    if ('and' in part || 'or' in part) {
      const [name, parts] = 'and' in part ? (['and', part.and] as const) : (['or', part.or] as const);
      if (parts.length === 0) throw badInput(`${path}.${name}`, 'is empty; give at least one condition.');
      parts.forEach((inner, i) => void visit(inner, `${path}.${name}.${i}`));
      return;
    }
    const type = Object.hasOwn(fields, part.field) ? fields[part.field] : undefined;
    if (type === undefined) {
      const known = Object.keys(fields);
      const advice = known.length > 0 ? `the fields are ${known.join(', ')}` : 'this space declares no fields';
      throw badInput(`${path}.field`, `is ${JSON.stringify(part.field)}, which is not a filterable field; ${advice}.`);
    }
    checkCondition(part, type, path);
  };
  visit(filter, argument);
}

type Condition = Extract<Filter, { field: string }>;

function checkCondition(condition: Condition, type: FieldType, path: string): void {
  const list = type.endsWith('[]');
  if (condition.op === 'exists') return;
  if (condition.op === 'in' || condition.op === 'containsAny') {
    if (list !== (condition.op === 'containsAny')) {
      throw badInput(
        `${path}.op`,
        `is ${condition.op}, but ${condition.field} is ${type}: use ${list ? 'containsAny' : 'in'}.`,
      );
    }
    if (condition.value.length === 0 || condition.value.length > MAX_VALUES) {
      throw badInput(`${path}.value`, `has ${condition.value.length} values; 1 to ${MAX_VALUES} are accepted.`);
    }
    for (const value of condition.value) checkScalar(value, type, path);
    return;
  }
  if (list)
    throw badInput(`${path}.op`, `is ${condition.op}, but ${condition.field} is ${type}: use containsAny or exists.`);
  if (type === 'boolean' && condition.op !== 'eq' && condition.op !== 'ne') {
    throw badInput(`${path}.op`, `is ${condition.op}, but ${condition.field} is boolean: use eq or ne.`);
  }
  checkScalar(condition.value, type, path);
}

function checkScalar(value: Scalar, type: FieldType, path: string): void {
  const wrong = wrongScalar(value, type);
  if (wrong !== undefined) throw badInput(`${path}.value`, `${wrong}.`);
  if (typeof value === 'string' && value.trim() === '')
    throw badInput(`${path}.value`, 'is empty, and an empty text counts as absent: use exists.');
}

/** Why a value is not of a field's (element) type. */
function wrongScalar(value: unknown, type: FieldType): string | undefined {
  const shown = JSON.stringify(value)?.slice(0, 40);
  if (type === 'date') {
    if (typeof value !== 'string' || !isInstant(value))
      return `is ${shown}; an ISO 8601 instant such as "2026-01-31T09:30:00Z" is needed`;
    const at = Date.parse(value);
    return at >= MIN_INSTANT && at < END_OF_INSTANTS
      ? undefined
      : `is ${shown}; instants of the years 1678 to 2261 are accepted`;
  }
  if (type.startsWith('number')) {
    if (typeof value !== 'number' || !Number.isFinite(value)) return `is ${shown}; a number is needed`;
    return Math.abs(value) < MAX_NUMBER ? undefined : `is ${shown}; numbers from -2^63 to 2^63 are accepted`;
  }
  const expected = type === 'boolean' ? 'boolean' : 'string';
  return typeof value === expected ? undefined : `is ${shown}; a ${expected} is needed`;
}

const INSTANT = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/;
const isInstant = (value: string): boolean => INSTANT.test(value) && !Number.isNaN(Date.parse(value));

/** Returns what is wrong with the declared properties of an object, if anything. `null` counts as absent. */
export function wrongProperty(properties: Properties, fields: Readonly<Record<string, FieldType>>): string | undefined {
  for (const [name, type] of Object.entries(fields)) {
    const value = properties[name];
    if (value === undefined || value === null) continue;
    if (type.endsWith('[]') && !Array.isArray(value))
      return `properties.${name} is not a list, as its type ${type} demands`;
    for (const item of (Array.isArray(value) && type.endsWith('[]') ? value : [value]) as Json[]) {
      const wrong = wrongScalar(item, type);
      if (wrong !== undefined) return `properties.${name} ${wrong}`;
    }
  }
  return undefined;
}

/**
 * Returns the value of a declared property as filters compare it, in both stores: texts without the blanks at their
 * ends, dates as milliseconds. A text or a list that is empty then counts as absent.
 */
export function fieldValue(properties: Properties, name: string, type: FieldType): FieldValue {
  const value = comparable(properties, name, type);
  return type === 'date' && value !== undefined ? Date.parse(value as string) : value;
}

/** Returns the same with dates as they were given: what Weaviate stores of a field. */
export function comparable(properties: Properties, name: string, type: FieldType): FieldValue {
  const value = properties[name];
  if (value === undefined || value === null) return undefined;
  if (!type.endsWith('[]')) return withoutBlanks(value as Scalar);
  const list = (value as Scalar[]).map(withoutBlanks).filter((one) => one !== undefined);
  return list.length === 0 ? undefined : list;
}

/** Takes the blanks at the ends of a text away; undefined where nothing is left. Other values stay. */
function withoutBlanks(value: Scalar): Scalar | undefined {
  if (typeof value !== 'string') return value;
  return value.trim() || undefined;
}

/** Returns a test of one object, given its field values. */
export function predicate(
  filter: Filter,
  fields: Readonly<Record<string, FieldType>>,
): (read: (field: string) => FieldValue) => boolean {
  if ('and' in filter) {
    const parts = filter.and.map((part) => predicate(part, fields));
    return (read) => parts.every((part) => part(read));
  }
  if ('or' in filter) {
    const parts = filter.or.map((part) => predicate(part, fields));
    return (read) => parts.some((part) => part(read));
  }
  const { field } = filter;
  const wanted = (value: Scalar): Scalar => {
    if (fields[field] === 'date') return Date.parse(value as string);
    return typeof value === 'string' ? value.trim() : value;
  };
  switch (filter.op) {
    case 'exists':
      return (read) => (read(field) !== undefined) === filter.value;
    case 'in': {
      const set = new Set(filter.value.map(wanted));
      return (read) => set.has(read(field) as Scalar);
    }
    case 'containsAny': {
      const set = new Set(filter.value.map(wanted));
      return (read) => (read(field) as readonly Scalar[] | undefined)?.some((item) => set.has(item)) ?? false;
    }
    default:
      return comparison(filter.op, field, wanted(filter.value));
  }
}

function comparison(
  op: 'eq' | 'ne' | 'lt' | 'lte' | 'gt' | 'gte',
  field: string,
  wanted: Scalar,
): (read: (field: string) => FieldValue) => boolean {
  type Read = (field: string) => FieldValue;
  const ordered = (test: (value: Scalar) => boolean) => (read: Read) => {
    const value = read(field) as Scalar | undefined;
    return value !== undefined && test(value);
  };
  switch (op) {
    case 'eq':
      return (read) => read(field) === wanted;
    case 'ne':
      return (read) => read(field) !== wanted;
    case 'lt':
      return ordered((value) => value < wanted);
    case 'lte':
      return ordered((value) => value <= wanted);
    case 'gt':
      return ordered((value) => value > wanted);
    case 'gte':
      return ordered((value) => value >= wanted);
  }
}
