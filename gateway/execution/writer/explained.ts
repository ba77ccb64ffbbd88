import type { GraphQLFormattedError } from 'graphql';

type ErrorPath = readonly (string | number)[];

/** A function that says whether an error accounts for a null at a place. */
export type IsExplained = (place: ErrorPath) => boolean;

/** Nulls that are compared with the errors of one answer, each with up to 200 of them. */
const MAX_COMPARED = 10_000;

/**
 * Returns what says of a null whether an error accounts for it: at its place, above or below it, or one of the whole
 * answer. Of more nulls than are compared it says no: one error too many is not a wrong answer.
 */
export function explainedBy(errors: readonly GraphQLFormattedError[]): IsExplained {
  if (errors.some(({ path }) => path === undefined)) return () => true;
  let compared = 0;
  return (place) => compared++ < MAX_COMPARED && errors.some(({ path }) => meet(path!, place));
}

/** Whether one of two places is the other or holds it. An error of an access rule has no indexes: it holds for all. */
function meet(error: ErrorPath, place: ErrorPath): boolean {
  let at = 0;
  for (const part of error) {
    while (typeof place[at] === 'number' && typeof part === 'string') at++;
    if (at === place.length) return true;
    if (place[at] !== part) return false;
    at++;
  }
  return true;
}
