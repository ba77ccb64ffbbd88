/** JSON.stringify costs some 100 ns a call before it looks at the text; ids, names and dates are shorter than this. */
const SHORT = 42;

/** Returns a string as JSON. */
export function quote(text: string): string {
  const length = text.length;
  if (length >= SHORT) return JSON.stringify(text);
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    // Control characters, quotes, backslashes, and surrogates, which may be lone.
    if (code < 32 || code === 34 || code === 92 || (code >= 0xd800 && code <= 0xdfff)) return JSON.stringify(text);
  }
  return `"${text}"`;
}

/** Writes any value as JSON. What JSON cannot say (undefined, functions) is null. */
export function stringify(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return quote(value);
    case 'number':
      return Number.isFinite(value) ? String(value) : 'null';
    case 'boolean':
      return value ? 'true' : 'false';
    default:
      return value === null ? 'null' : (JSON.stringify(value) ?? 'null');
  }
}
