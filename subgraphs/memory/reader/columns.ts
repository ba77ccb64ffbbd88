const LETTERS = 26;

/** Returns the name of a column: A, Z, AA. @param number from 1. */
export function columnName(number: number): string {
  let name = '';
  for (let rest = number; rest > 0; rest = Math.floor((rest - 1) / LETTERS))
    name = String.fromCharCode(65 + ((rest - 1) % LETTERS)) + name;
  return name;
}

/** Returns the number of the column of a cell, from 1: 28 for AB7; 0 for what is none. */
export function columnNumber(cell: string): number {
  const [, letters = ''] = /^\$?([A-Z]{1,3})\$?\d+$/i.exec(cell) ?? [];
  return [...letters.toUpperCase()].reduce((sum, letter) => sum * LETTERS + letter.charCodeAt(0) - 64, 0);
}
