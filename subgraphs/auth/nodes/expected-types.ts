import { type FragmentDefinitionNode, type GraphQLResolveInfo, Kind, type SelectionSetNode } from 'graphql';

/** Returns the types that a field's selection has fragments on, however deep within fragments on other types. */
export function expectedTypes({ fieldNodes, fragments }: GraphQLResolveInfo): ReadonlySet<string> {
  const types = new Set<string>();
  const seen = new Set<FragmentDefinitionNode>();
  const visit = ({ selections }: SelectionSetNode): void => {
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) continue;
      const fragment = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments[selection.name.value];
      if (fragment === undefined) continue;
      if (fragment.kind === Kind.FRAGMENT_DEFINITION) {
        if (seen.has(fragment)) continue;
        seen.add(fragment);
      }
      if (fragment.typeCondition) types.add(fragment.typeCondition.name.value);
      visit(fragment.selectionSet);
    }
  };
  for (const { selectionSet } of fieldNodes) if (selectionSet) visit(selectionSet);
  return types;
}
