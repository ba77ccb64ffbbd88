/** Returns a text with single blanks, and without empty lines at its ends or more than one in a row. */
export const plainLines = (text: string): string =>
  text
    .split('\n')
    .map((line) => line.replace(/\s+/g, ' ').trim())
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
