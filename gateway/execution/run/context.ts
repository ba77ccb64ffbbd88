import type { ContextArgument, Path } from '../planning/plan.ts';
import { type Data, own } from '../prepare/data.ts';
import { isOneOf } from './paths.ts';
import type { Satisfies } from './types.ts';

/** An object and the objects that hold it, the nearest first; a list's elements are held by what holds the list. */
export interface Held {
  readonly object: Data;
  readonly holders: readonly Data[];
}

/** Collects objects as `collectObjects` does, with the way down to each object. */
export function collectHeld(root: Data, path: Path, satisfies: Satisfies): Held[] {
  const found: Held[] = [];
  const walk = (value: unknown, at: number, holders: readonly Data[]): void => {
    if (typeof value !== 'object' || value === null) return;
    if (Array.isArray(value)) {
      const next = path[at] === '@' ? at + 1 : at;
      for (const element of value) walk(element, next, holders);
      return;
    }
    const object = value as Data;
    const step = path[at];
    if (step === undefined) found.push({ object, holders });
    else if (step === '@') walk(object, at + 1, holders);
    else if ('field' in step) walk(own(object, step.field), at + 1, [object, ...holders]);
    else if (isOneOf(object, step.types, satisfies)) walk(object, at + 1, holders);
  };
  walk(root, 0, []);
  return found;
}

/** Returns the value of a @fromContext argument for an object; null where the path leads nowhere. */
export function contextValue({ object, holders }: Held, argument: ContextArgument, satisfies: Satisfies): unknown {
  let climbed = 0;
  let value: unknown = object;
  for (const step of argument.path) {
    if (step === '..') value = holders[climbed++];
    else if (typeof value !== 'object' || value === null) return null;
    else if ('field' in step) value = ownEach(value, step.field);
    else if (!Array.isArray(value) && !isOneOf(value as Data, step.types, satisfies)) return null;
  }
  return value ?? null;
}

const ownEach = (value: object, field: string): unknown =>
  Array.isArray(value) ? value.map((element) => ownEach(element as object, field)) : own(value as Data, field);
