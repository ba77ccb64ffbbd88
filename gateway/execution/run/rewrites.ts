import type { Rewrite, RewriteStep } from '../planning/plan.ts';
import { type Data, own, setOwn } from '../prepare/data.ts';
import { isOneOf } from './paths.ts';
import type { Satisfies } from './types.ts';

/** Applies rewrites in order, in place: @interfaceObject type names, fields that were aliased to avoid a conflict. */
export function applyRewrites(rewrites: readonly Rewrite[], value: unknown, satisfies: Satisfies): void {
  for (const rewrite of rewrites) {
    const last = rewrite.path.at(-1);
    if (last === undefined || !('field' in last)) continue;
    const { field } = last;
    atPath(rewrite.path, 0, value, satisfies, (object) => {
      if (rewrite.kind === 'set') return setOwn(object, field, rewrite.value);
      const renamed = own(object, field);
      if (renamed === undefined) return;
      setOwn(object, rewrite.to, renamed);
      delete object[field];
    });
  }
}

function atPath(
  path: readonly RewriteStep[],
  at: number,
  value: unknown,
  satisfies: Satisfies,
  apply: (object: Data) => void,
): void {
  if (Array.isArray(value)) {
    for (const element of value) atPath(path, at, element, satisfies, apply);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  const object = value as Data;
  if (at === path.length - 1) {
    apply(object);
    return;
  }
  const step = path[at]!;
  if ('field' in step) atPath(path, at + 1, own(object, step.field), satisfies, apply);
  else if (isOneOf(object, step.types, satisfies)) atPath(path, at + 1, object, satisfies, apply);
}

/** Returns the names that renaming gives back to fields, for the paths of errors. */
export function renamedFields(rewrites: readonly Rewrite[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const rewrite of rewrites) {
    const last = rewrite.path.at(-1);
    if (rewrite.kind === 'rename' && last && 'field' in last) names.set(last.field, rewrite.to);
  }
  return names;
}
