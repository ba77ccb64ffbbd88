import { Kind, print, type SelectionNode, type SelectionSetNode } from 'graphql';

/**
 * Returns whether some object is asked for different things, depending on the type of what holds it:
 * `... on Book { owner { name } } ... on Film { owner { rank } }`. One fetch for all owners would ask each for all of
 * it.
 *
 * @param set of a normalized operation: no named fragments.
 */
export function differsByType(set: SelectionSetNode): boolean {
  const asked = new Map<string, string>();
  let differs = false;
  let isConditional = false;
  const collect = (selections: readonly SelectionNode[], isNarrower: boolean): void => {
    for (const selection of selections) {
      if (selection.kind === Kind.INLINE_FRAGMENT) {
        collect(selection.selectionSet.selections, isNarrower || selection.typeCondition !== undefined);
      } else if (selection.kind === Kind.FIELD && selection.selectionSet) {
        const name = (selection.alias ?? selection.name).value;
        const text = print(selection.selectionSet);
        const known = asked.get(name);
        differs ||= known !== undefined && known !== text && (isNarrower || isConditional);
        isConditional ||= isNarrower;
        asked.set(name, known ?? text);
        differs ||= differsByType(selection.selectionSet);
      }
    }
  };
  collect(set.selections, false);
  return differs;
}
