import { isObject } from '#platform/base/json/objects.ts';
import { type Data, own, setOwn } from '../prepare/data.ts';
import type { AskedFields } from './asked-fields.ts';
import type { Satisfies } from './types.ts';

/**
 * Merges one subgraph's answer into what is known already, as Apollo's gateway does: objects field by field, lists of
 * equal length element by element, anything else by replacing. A type name only ever becomes narrower: a subgraph that
 * has an interface as @interfaceObject calls every object by the interface's name, which must not hide what is known.
 *
 * @param satisfies whether one type is, or belongs to, another.
 * @param share whether parts of `source` may become part of `target`; false where they go into several targets.
 * @param asked what the subgraph was asked for: what else it says does not count against what others have said.
 * Default: all of it was.
 */
export function merge(target: Data, source: Data, satisfies: Satisfies, share: boolean, asked?: AskedFields): void {
  for (const key of Object.keys(source)) {
    const value = source[key];
    if (asked !== undefined && !asked.has(key)) continue;
    if (typeof value !== 'object' || value === null) {
      if (key === '__typename' && isKnownBetter(target.__typename, value, satisfies)) continue;
      if (value !== undefined) setOwn(target, key, value);
      continue;
    }
    const known = own(target, key);
    if (known === value) continue;
    const parts = asked?.get(key);
    // A value that is one as a whole, such as an object of a scalar, replaces another.
    const isWhole = asked !== undefined && parts === undefined;
    if (isObject(known) && !Array.isArray(value) && !isWhole) merge(known, value as Data, satisfies, share, parts);
    else if (Array.isArray(known) && Array.isArray(value) && known.length === value.length && !isWhole) {
      mergeLists(known, value, satisfies, share, parts);
    } else setOwn(target, key, share ? value : copy(value));
  }
}

const isKnownBetter = (known: unknown, told: unknown, satisfies: Satisfies): boolean =>
  typeof known === 'string' && known !== told && (typeof told !== 'string' || !satisfies(told, known));

function mergeLists(
  target: unknown[],
  source: readonly unknown[],
  satisfies: Satisfies,
  share: boolean,
  asked: AskedFields | undefined,
): void {
  for (let i = 0; i < source.length; i++) {
    const known = target[i];
    const value = source[i];
    if (isObject(known) && isObject(value)) merge(known, value, satisfies, share, asked);
    else if (Array.isArray(known) && Array.isArray(value) && known.length === value.length) {
      mergeLists(known, value, satisfies, share, asked);
    } else target[i] = share ? value : copy(value);
  }
}

function copy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copy);
  if (!isObject(value)) return value;
  const result: Data = {};
  for (const key of Object.keys(value)) setOwn(result, key, copy(value[key]));
  return result;
}
