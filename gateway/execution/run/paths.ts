import type { Path } from '../planning/plan.ts';
import { type Data, own } from '../prepare/data.ts';
import type { Satisfies } from './types.ts';

/** A place in a response. */
export type ResponsePath = (string | number)[];

/** Returns all objects at a path, in document order; lists are walked through wherever they occur. */
export function collectObjects(root: Data, path: Path, satisfies: Satisfies): Data[] {
  const found: Data[] = [];
  collect(root, path, 0, satisfies, found);
  return found;
}

function collect(value: unknown, path: Path, at: number, satisfies: Satisfies, found: Data[]): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    const next = path[at] === '@' ? at + 1 : at;
    for (const element of value) collect(element, path, next, satisfies, found);
    return;
  }
  const step = path[at];
  if (step === undefined) found.push(value as Data);
  else if (step === '@') collect(value, path, at + 1, satisfies, found);
  else if ('field' in step) collect(own(value as Data, step.field), path, at + 1, satisfies, found);
  else if (isOneOf(value as Data, step.types, satisfies)) collect(value, path, at + 1, satisfies, found);
}

/** Returns the same walk, with the place of each object; for errors, so it may cost more. */
export function locateObjects(root: Data, path: Path, satisfies: Satisfies): Map<Data, ResponsePath[]> {
  const places = new Map<Data, ResponsePath[]>();
  const walk = (value: unknown, at: number, place: ResponsePath): void => {
    if (typeof value !== 'object' || value === null) return;
    if (Array.isArray(value)) {
      const next = path[at] === '@' ? at + 1 : at;
      for (const [i, element] of value.entries()) walk(element, next, [...place, i]);
      return;
    }
    const object = value as Data;
    const step = path[at];
    if (step === undefined) {
      const known = places.get(object);
      if (known) known.push(place);
      else places.set(object, [place]);
    } else if (step === '@') walk(object, at + 1, place);
    else if ('field' in step) walk(own(object, step.field), at + 1, [...place, step.field]);
    else if (isOneOf(object, step.types, satisfies)) walk(object, at + 1, place);
  };
  walk(root, 0, []);
  return places;
}

/**
 * Returns whether an object is of one of the types. One without `__typename` counts as matching: then its static type
 * was enough for the planner.
 */
export function isOneOf(object: Data, types: readonly string[], satisfies: Satisfies): boolean {
  const runtimeType = object.__typename;
  if (typeof runtimeType !== 'string') return true;
  for (const type of types) if (satisfies(runtimeType, type)) return true;
  return false;
}
