/** Returns a text with single blanks, and without empty lines at its ends or more than one in a row. */
export const plainLines = (text: string): string => text.trim().replace(/\s+/g, gapOf);

/** Each run of blanks is looked at once, however long it is. */
function gapOf(blanks: string): string {
  const first = blanks.indexOf('\n');
  if (first < 0) return ' ';
  return blanks.includes('\n', first + 1) ? '\n\n' : '\n';
}
