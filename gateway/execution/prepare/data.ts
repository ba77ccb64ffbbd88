/** The data of a response: a JSON object. */
export type Data = Record<string, unknown>;

/** A client may use any GraphQL name as an alias; these would otherwise reach what every object inherits. */
const INHERITED = new Set(Object.getOwnPropertyNames(Object.prototype));

/** Returns whether a name is one that every object inherits. */
export const isInherited = (name: string): boolean => INHERITED.has(name);

/** Returns an own property, whatever its name. */
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
