/** Returns the lines of a text with their offsets, without line breaks. */
export function* linesOf(text: string): Generator<{ readonly start: number; readonly line: string }> {
  for (let start = 0; start < text.length; ) {
    const next = text.indexOf('\n', start);
    const end = next === -1 ? text.length : next;
    yield { start, line: text.slice(start, end) };
    start = end + 1;
  }
}
