/** What a JSON object is here: data of a response. */
export type Data = Record<string, unknown>;

const isObject = (value: unknown): value is Data =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A client may use any GraphQL name as an alias; these would otherwise reach what every object inherits. */
const INHERITED = new Set(Object.getOwnPropertyNames(Object.prototype));

export const isInherited = (name: string): boolean => INHERITED.has(name);

/** An own property, whatever its name. */
export const own = (object: Data, name: string): unknown =>
  INHERITED.has(name) ? (Object.hasOwn(object, name) ? object[name] : undefined) : object[name];

/** Sets an own property, `__proto__` included. */
export function setOwn(object: Data, name: string, value: unknown): void {
  if (name === '__proto__') {
    Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
  } else {
    object[name] = value;
  }
}

/**
 * Merges one subgraph's answer into what is known already, as Apollo's gateway does: objects field by field, lists of
 * equal length element by element, anything else by replacing.
 *
 * @param share whether parts of `source` may become part of `target`; false where they go into several targets.
 */
export function merge(target: Data, source: Data, share: boolean): void {
  for (const key of Object.keys(source)) {
    const value = source[key];
    if (typeof value !== 'object' || value === null) {
      if (value !== undefined) setOwn(target, key, value);
      continue;
    }
    const known = own(target, key);
    if (known === value) continue;
    if (isObject(known) && !Array.isArray(value)) merge(known, value as Data, share);
    else if (Array.isArray(known) && Array.isArray(value) && known.length === value.length) {
      mergeLists(known, value, share);
    } else setOwn(target, key, share ? value : copy(value));
  }
}

function mergeLists(target: unknown[], source: readonly unknown[], share: boolean): void {
  for (let i = 0; i < source.length; i++) {
    const known = target[i];
    const value = source[i];
    if (isObject(known) && isObject(value)) merge(known, value, share);
    else if (Array.isArray(known) && Array.isArray(value) && known.length === value.length) {
      mergeLists(known, value, share);
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
