import { Kind, print, type SelectionNode } from 'graphql';

/** Makes one field of those of one response name, where they differ in nothing but what they select. */
export function mergeFields(selections: readonly SelectionNode[]): SelectionNode[] {
  const merged = new Map<string, SelectionNode>();
  for (const [i, selection] of selections.entries()) {
    if (selection.kind !== Kind.FIELD) {
      merged.set(String(i), selection);
      continue;
    }
    const head = print({ ...selection, selectionSet: undefined } as SelectionNode);
    const known = merged.get(head);
    if (known?.kind === Kind.FIELD && known.selectionSet && selection.selectionSet) {
      const both = [...known.selectionSet.selections, ...selection.selectionSet.selections];
      merged.set(head, { ...known, selectionSet: { ...known.selectionSet, selections: mergeFields(both) } });
    } else merged.set(head, selection);
  }
  return [...merged.values()];
}
