import { Kind, print, type SelectionNode } from 'graphql';

/** Makes one field, or one fragment, of those that differ in nothing but what they select. */
export function mergeFields(selections: readonly SelectionNode[]): SelectionNode[] {
  const merged = new Map<string, SelectionNode>();
  for (const selection of selections) {
    const head = print({ ...selection, selectionSet: undefined } as SelectionNode);
    const known = merged.get(head);
    if (known && selectionsOf(known) && selectionsOf(selection)) {
      const both = mergeFields([...selectionsOf(known)!, ...selectionsOf(selection)!]);
      merged.set(head, { ...known, selectionSet: { kind: Kind.SELECTION_SET, selections: both } } as SelectionNode);
    } else merged.set(head, selection);
  }
  return [...merged.values()];
}

const selectionsOf = (node: SelectionNode): readonly SelectionNode[] | undefined =>
  'selectionSet' in node ? node.selectionSet?.selections : undefined;
