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
