import {
  type DocumentNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  visit,
} from 'graphql';
import type { Fragments } from '#platform/base/graphql/fragments.ts';

/** Returns a document of one operation and the fragments that it reaches, with only the variables it uses. */
export function documentOf(operation: OperationDefinitionNode, fragments: Fragments): DocumentNode {
  const reached = new Map<string, FragmentDefinitionNode>();
  const used = new Set<string>();
  const reach = (node: SelectionSetNode | OperationDefinitionNode): void => {
    visit(node, {
      VariableDefinition: () => false,
      Variable: ({ name }) => void used.add(name.value),
      FragmentSpread: ({ name }) => {
        const fragment = fragments.get(name.value);
        if (!fragment || reached.has(name.value)) return;
        reached.set(name.value, fragment);
        reach(fragment.selectionSet);
      },
    });
  };
  reach(operation);
  const variableDefinitions = operation.variableDefinitions?.filter((v) => used.has(v.variable.name.value));
  return {
    kind: Kind.DOCUMENT,
    definitions: [{ ...operation, ...(variableDefinitions && { variableDefinitions }) }, ...reached.values()],
  };
}
