import {
  type DirectiveNode,
  type FieldNode,
  type GraphQLSchema,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import type { Fragments } from '#platform/base/graphql/fragments.ts';
import { isObject } from '#platform/base/json/objects.ts';
import { guardOf } from '../prepare/collect.ts';
import { type Data, own } from '../prepare/data.ts';
import { type ClientName, clientVariable } from '../prepare/names.ts';
import type { ResponsePath } from './paths.ts';
import type { Satisfies } from './types.ts';

/**
 * A function that gives the place in the client's answer for one in the data of a plan; undefined where an error of
 * that place is none of the client's, as far as the data says by now.
 */
export type ClientPlace = (
  path: ResponsePath,
  run: { readonly data: Data; readonly values: Readonly<Record<string, unknown>> },
) => ResponsePath | undefined;

export interface PlaceScope {
  readonly operation: OperationDefinitionNode;
  readonly fragments: Fragments;
  readonly clientName: ClientName;
  /** The whole graph. */
  readonly full: GraphQLSchema;
  readonly satisfies: Satisfies;
  /** The names of fields that some @requires needs. */
  readonly inputs: ReadonlySet<string>;
}

/**
 * Creates the way from places in the data to places in the answer. A place that only the plan asks for, a key or an
 * input of @requires, is none that the client knows, and its name may be the client's for something else: what fails
 * there is told of the object that has it. A place that the client selects for other types than the object's is asked
 * for where a subgraph cannot tell types apart; what fails there is told, of the object, only where something that the
 * client asked of the object is missing for it.
 */
export function createClientPlace(scope: PlaceScope): ClientPlace {
  const { operation, fragments, clientName, full, satisfies, inputs } = scope;

  /** What the object's own type is asked for; undefined while the type is not known. */
  function ownFields(value: unknown, sets: readonly SelectionSetNode[], values: Data): FieldNode[] | undefined {
    const type = isObject(value) ? value['__typename'] : undefined;
    if (typeof type !== 'string' || !isObjectType(full.getType(type))) return undefined;
    const applies: Applies = (condition, directives) =>
      (condition === undefined || satisfies(type, condition)) && holds(directives, values);
    return fieldsOf(sets, fragments, applies).filter(({ name }) => name.value !== '__typename');
  }

  return (path, { data, values }) => {
    let sets: readonly SelectionSetNode[] = [operation.selectionSet];
    let value: unknown = data;
    const shown: ResponsePath = [];
    const everyType: Applies = (_, directives) => holds(directives, values);
    for (const part of path) {
      if (typeof part === 'number') {
        shown.push(part);
        value = Array.isArray(value) ? value[part] : undefined;
        continue;
      }
      const isAtPart = (field: FieldNode): boolean => responseName(field) === part;
      const anyones = fieldsOf(sets, fragments, everyType).filter(isAtPart);
      if (anyones.length === 0) break;
      const owns = ownFields(value, sets, values);
      const found = owns?.filter(isAtPart) ?? anyones;
      if (owns && found.length === 0) {
        const isInput = anyones.some(({ name }) => inputs.has(name.value));
        return owns.some((field) => isMissing(value as Data, field, isInput)) ? shown : undefined;
      }
      sets = selectionsOf(found);
      value = isObject(value) ? own(value, part) : undefined;
      shown.push(clientName(part));
    }
    const isAskedNothing = ownFields(value, sets, values)?.length === 0 && fieldsOf(sets, fragments).some(isData);
    return isAskedNothing ? undefined : shown;
  };
}

/** Whether a fragment's or a field's conditions hold. */
type Applies = (typeCondition: string | undefined, directives: readonly DirectiveNode[] | undefined) => boolean;
const ALWAYS: Applies = () => true;

/** Returns the fields of selection sets, through fragments. */
export function fieldsOf(
  sets: readonly SelectionSetNode[],
  fragments: Fragments,
  applies: Applies = ALWAYS,
  seen = new Set<string>(),
): FieldNode[] {
  return sets.flatMap((set) =>
    set.selections.flatMap((selection) => {
      if (selection.kind === Kind.FIELD) return applies(undefined, selection.directives) ? [selection] : [];
      const isSpread = selection.kind === Kind.FRAGMENT_SPREAD;
      if (isSpread && seen.has(selection.name.value)) return [];
      const fragment = isSpread ? fragments.get(selection.name.value) : selection;
      if (!fragment || !applies(fragment.typeCondition?.name.value, selection.directives)) return [];
      if (isSpread) seen.add(selection.name.value);
      return fieldsOf([fragment.selectionSet], fragments, applies, seen);
    }),
  );
}

/** Returns the name under which a field stands in the answer. */
export const responseName = (field: FieldNode): string => (field.alias ?? field.name).value;

/** Returns what is selected of a field. */
export const selectionsOf = (fields: readonly FieldNode[]): SelectionSetNode[] =>
  fields.flatMap(({ selectionSet }) => (selectionSet ? [selectionSet] : []));

const isData = ({ name }: FieldNode): boolean => name.value !== '__typename';

/** An input of @requires that failed may be why a subgraph says null; what else fails takes the whole object along. */
function isMissing(object: Data, field: FieldNode, orNull: boolean): boolean {
  const value = own(object, responseName(field));
  return value === undefined || (orNull && value === null);
}

/** Returns whether a field or a fragment with these directives is asked for. */
export function holds(directives: readonly DirectiveNode[] | undefined, values: Data): boolean {
  return (
    guardOf(directives, [])?.every((name) =>
      name.startsWith('!')
        ? own(values, clientVariable(name.slice(1))) !== true
        : own(values, clientVariable(name)) === true,
    ) ?? false
  );
}
