import type { GraphQLSchema } from 'graphql';
import { isObjectType, Kind, parse } from 'graphql';
import { fragmentsOf } from '#platform/base/graphql/fragments.ts';
import type { EntityFetch, EntityGroup } from '../planning/plan.ts';
import { fieldsOf, holds, responseName, selectionsOf } from '../run/client-place.ts';
import type { Run } from '../run/run.ts';

/**
 * A function that says whether a group of an entity fetch asks for anything in a run, where all of it may be skipped.
 */
export type IsAsked = (run: Run) => boolean;

const MAY_BE_SKIPPED = /@(?:skip|include)\b/;

/**
 * Returns what decides whether a group is asked for; undefined where it always is. Planners leave `__typename` without
 * a condition beside fields that have one. Of objects whose type is known that is not a reason to ask, and an entity
 * that fails would be an error of nothing that the client asked for.
 */
export function createIsAsked(fetch: EntityFetch, group: EntityGroup, full: GraphQLSchema): IsAsked | undefined {
  if (!MAY_BE_SKIPPED.test(fetch.text)) return undefined;
  // An interface object is asked which type it is of.
  const isTypeKnown = group.requires.every(
    (node) => node.kind === 'type' && isObjectType(full.getType(node.type ?? '')),
  );
  if (!isTypeKnown) return undefined;
  const document = parse(fetch.text, { noLocation: true });
  const fragments = fragmentsOf(document);
  const roots = document.definitions.flatMap((d) => (d.kind === Kind.OPERATION_DEFINITION ? [d.selectionSet] : []));
  const sets = selectionsOf(fieldsOf(roots, fragments).filter((field) => responseName(field) === group.alias));
  const isSomething = (values: Run['values'] | undefined): boolean =>
    fieldsOf(sets, fragments, (_, directives) =>
      values ? holds(directives, values) : (directives ?? []).length === 0,
    ).some(({ name }) => name.value !== '__typename');
  return isSomething(undefined) ? undefined : ({ values }) => isSomething(values);
}
