import type { Json } from '../../base/json/json.ts';

/**
 * A cache: values that may be forgotten at any time. A cache that cannot be reached is an empty one: nothing but
 * `mustSet` throws because of it, and the failure is counted.
 *
 * Two faces: memory (bounded, least recently used go first) and Redis. cache.contract.ts is their common definition.
 */
export interface Cache {
  /** @param key at most 512 characters, `<owner>:<what>:<id or hash>`. */
  get<T extends Json>(key: string): Promise<T | undefined>;
  /** Several at once, in the order of their keys. */
  getMany<T extends Json>(keys: readonly string[]): Promise<(T | undefined)[]>;
  /** Values above 1 048 576 characters of JSON are not kept (counted, not an error). */
  set(key: string, value: Json, options: { readonly ttlMs: number }): Promise<void>;
  /**
   * Sets a value that must not stay what it was, such as what says that others are out of date.
   *
   * @throws {CodedError} SERVICE_UNAVAILABLE when it is not certain that it is set.
   */
  mustSet(key: string, value: Json, options: { readonly ttlMs: number }): Promise<void>;
  delete(key: string): Promise<void>;
}

const MAX_KEY = 512;
const MAX_VALUE = 1024 * 1024;

/**
 * Checks the name of an entry.
 *
 * @throws {TypeError}
 */
export function checkKey(key: string): void {
  if (key.length === 0 || key.length > MAX_KEY)
    throw new TypeError(`A cache key has 1 to ${MAX_KEY} characters; this one has ${key.length}.`);
}

/** Returns the value as JSON, or undefined when it is too large to be kept. */
export function encodeValue(value: Json): string | undefined {
  const text = JSON.stringify(value);
  return text.length > MAX_VALUE ? undefined : text;
}
