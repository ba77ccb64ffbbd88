import { columnName } from './columns.ts';
import { isLabel } from './merged-cells.ts';
import type { Attributes } from './xml.ts';

/** The rows that are open, as tables may lie in one another, and where the cells of a sheet stand. */
export class Rows {
  readonly #open: { readonly cells: { readonly column: number; texts: string[] }[]; first: string; last: string }[] =
    [];
  /** What cells say that run down several rows, down to which row, by their columns. */
  readonly #labels = new Map<number, { readonly text: string; readonly until: number }>();
  #down = 0;
  #row = 0;
  #column = 0;
  #repeatedRows = 1;
  #repeatedColumns = 1;
  #value = '';

  get isOpen(): boolean {
    return this.#open.length > 0;
  }

  /** Where the open cell stands. */
  get cell(): string {
    return `${columnName(this.#column - this.#repeatedColumns + 1)}${this.#row}`;
  }

  beginSheet(): void {
    this.#row = 0;
    this.#labels.clear();
  }

  begin(repeated: number): void {
    this.#repeatedRows = repeated;
    this.#row++;
    this.#column = 0;
    this.#open.push({ cells: [], first: '', last: '' });
  }

  /**
   * @param repeated a million empty cells are written as one.
   * @param value of the cell, which programs may leave it at. @param rows that it runs down.
   */
  beginCell(repeated: number, value: string, rows: number): void {
    this.#down = rows - 1;
    this.#open.at(-1)?.cells.push({ column: this.#column + 1, texts: [] });
    this.#value = value;
    this.#repeatedColumns = repeated;
    this.#column += repeated;
  }

  /** Takes a text into the open cell. @returns whether there is one. */
  take(text: string): boolean {
    const cell = this.#open.at(-1)?.cells.at(-1);
    cell?.texts.push(text.replace(/\s+/g, ' ').trim());
    return cell !== undefined;
  }

  endCell(): void {
    const row = this.#open.at(-1);
    const texts = row?.cells.at(-1)?.texts;
    if (this.#value !== '' && texts && !texts.some((text) => text !== '')) texts.push(this.#value);
    this.#value = '';
    if (!row || !texts?.some((text) => text !== '')) return;
    const said = texts.join(' ').trim();
    const { column } = row.cells.at(-1)!;
    if (this.#open.length === 1 && this.#down > 0 && isLabel(said))
      this.#labels.set(column, { text: said, until: this.#row + this.#down });
    this.#down = 0;
    row.first ||= `${columnName(this.#column - this.#repeatedColumns + 1)}${this.#row}`;
    row.last = `${columnName(this.#column)}${this.#row + this.#repeatedRows - 1}`;
  }

  /** Ends a row. @returns what it holds, and where; undefined when that is nothing. */
  end(): { readonly text: string; readonly first: string; readonly last: string } | undefined {
    const row = this.#open.pop();
    const texts = row?.cells.map(({ column, texts }) => ({ column, text: texts.join(' ').trim() })) ?? [];
    const hasOwn = texts.some(({ text }) => text !== '');
    const filled = texts.map(({ column, text }) => text || this.#above(column)).filter((text) => text !== '');
    this.#row += this.#repeatedRows - 1;
    return row && hasOwn ? { text: filled.join(' | '), first: row.first, last: row.last } : undefined;
  }

  /** What a cell above says of this row, too. */
  #above(column: number): string {
    const label = this.#open.length === 0 ? this.#labels.get(column) : undefined;
    return label && label.until >= this.#row ? label.text : '';
  }
}

/** Returns what a cell holds, where it is not written out: a number, a date, a text. */
export function cellValue(attributes: Attributes): string {
  const type = attributes['office:value-type'];
  if (type === undefined) return '';
  return (attributes[`office:${type}-value`] ?? attributes['office:value'] ?? '').replace(/\s+/g, ' ').trim();
}

/** Rows that a sheet may have, and more than its columns. */
const MAX_REPEATS = 1_048_576;

/** Returns how many times a row or a cell stands there. */
export const repeats = (said: string | undefined): number => Math.min(MAX_REPEATS, Math.max(1, Number(said) || 1));
