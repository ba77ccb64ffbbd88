/** Returns whether a value is what JSON calls an object. */
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Returns the value of a text that is JSON; undefined of any other. */
export function parseValue(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Returns the object that a text holds as JSON; undefined when it holds anything else. */
export function parseObject(text: string): Record<string, unknown> | undefined {
  const value = parseValue(text);
  return isObject(value) ? value : undefined;
}
