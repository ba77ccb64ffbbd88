/**
 * Returns whether lists and objects in a value are nested more than `most` levels deep. Looks no deeper than that:
 * JSON.parse reads any depth, and most of what comes after it (JSON.stringify, coercion, drivers) recurses until the
 * stack ends.
 */
export function isNestedDeeper(value: unknown, most: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (most === 0) return true;
  if (Array.isArray(value)) {
    // Long lists are of numbers: a call for each would take five times as long.
    for (let i = 0; i < value.length; i++) {
      if (typeof value[i] === 'object' && isNestedDeeper(value[i], most - 1)) return true;
    }
    return false;
  }
  for (const name in value) {
    if (isNestedDeeper((value as Record<string, unknown>)[name], most - 1)) return true;
  }
  return false;
}

/**
 * Returns whether a value holds a number that is too large for JSON to say again: JSON.parse makes infinity of `1e400`,
 * and JSON.stringify null of that. Recurses: the value's depth has been looked at.
 */
export function hasInfinity(value: unknown): boolean {
  if (typeof value === 'number') return value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY;
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const item: unknown = value[i];
      // The difference is not a number for infinity alone; a call for each item would take five times as long.
      if (typeof item === 'number' ? item - item !== 0 : typeof item === 'object' && hasInfinity(item)) return true;
    }
    return false;
  }
  for (const name in value) {
    if (hasInfinity((value as Record<string, unknown>)[name])) return true;
  }
  return false;
}
