import type { GraphQLFormattedError } from 'graphql';
import type { Misfit } from './support.ts';

type ErrorPath = readonly (string | number)[];

/**
 * Returns the misfits that no error accounts for: none at their place, above or below it, and none of the whole answer.
 */
export function unexplained(misfits: readonly Misfit[], errors: readonly GraphQLFormattedError[]): readonly Misfit[] {
  if (errors.some(({ path }) => path === undefined)) return [];
  return misfits.filter((misfit) => !errors.some(({ path }) => meet(path!, misfit.path)));
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
