import { badInput } from '#platform/base/errors/errors.ts';
import { isVisible } from '#platform/base/text/text.ts';

/** Returns a text of limited length, without white space around it. */
export function textInput(argument: string, value: string, most: number): string {
  const text = value.trim();
  if (!isVisible(text)) throw badInput(argument, `is empty; 1 to ${most} characters are needed.`);
  if (text.length > most) throw badInput(argument, `has ${text.length} characters; at most ${most} are accepted.`);
  return text;
}

/** Checks that a number lies between two. */
export function numberInput(argument: string, value: number, least: number, most: number): number {
  if (!(value >= least && value <= most)) throw badInput(argument, `is ${value}; ${least} to ${most} is accepted.`);
  return value;
}

/** Returns the id of something that another subgraph owns. */
export function foreignId(argument: string, value: string | null | undefined): string | undefined {
  return value === null || value === undefined ? undefined : textInput(argument, value, 200);
}

/** Checks that a list has as many entries as are allowed. */
export function countInput(argument: string, count: number, least: number, most: number): void {
  if (count < least || count > most)
    throw badInput(argument, `has ${count} entries; ${least} to ${most} are accepted.`);
}

/** Longest text that a search looks for. */
export const MAX_QUERY = 4_000;
