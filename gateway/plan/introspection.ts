import {
  type DocumentNode,
  executeSync,
  type FieldNode,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import { documentOf, type Fragments } from './fragments.ts';
import type { Variables } from './variables.ts';

/** Answers of `__schema` and `__type`: response name to JSON text. */
export type Introspected = Readonly<Record<string, string>>;

/** Variants of one operation's introspection that are kept; explorers ask with few different variables. */
const KEPT = 16;

const isIntrospection = (field: FieldNode): boolean => field.name.value === '__schema' || field.name.value === '__type';
/**
 * A function that answers an operation's introspection fields, each variant once; undefined when it has none. The
 * schema is fixed, so the text is kept: explorers poll for it every second.
 */
export function compileIntrospection(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  fragments: Fragments,
): ((given: Variables) => Introspected) | undefined {
  const selectionSet = filterRoot(operation.selectionSet, fragments, isIntrospection);
  if (operation.operation !== 'query' || !selectionSet) return undefined;
  const document: DocumentNode = documentOf({ ...operation, selectionSet }, fragments);
  const [root] = document.definitions as [OperationDefinitionNode];
  const names = (root.variableDefinitions ?? []).map((definition) => definition.variable.name.value);
  const kept = new LRUCache<string, Introspected>({ max: KEPT });
  return (given) => {
    const variableValues = Object.fromEntries(names.map((name) => [name, given[name]]));
    const key = JSON.stringify(variableValues);
    let answer = kept.get(key);
    if (!answer) {
      const { data } = executeSync({ schema, document, variableValues });
      answer = Object.fromEntries(Object.entries(data ?? {}).map(([name, value]) => [name, JSON.stringify(value)]));
      kept.set(key, answer);
    }
    return answer;
  };
}

/** The root fields that pass, fragments on the root opened as far as needed. */
function filterRoot(
  set: SelectionSetNode,
  fragments: Fragments,
  keep: (field: FieldNode) => boolean,
): SelectionSetNode | undefined {
  const selections = set.selections.flatMap((selection): SelectionNode[] => {
    if (selection.kind === Kind.FIELD) return keep(selection) ? [selection] : [];
    const definition = selection.kind === Kind.FRAGMENT_SPREAD ? fragments.get(selection.name.value) : selection;
    const inner = definition && filterRoot(definition.selectionSet, fragments, keep);
    if (!inner || !definition.typeCondition)
      return inner ? [{ ...selection, kind: Kind.INLINE_FRAGMENT, selectionSet: inner }] : [];
    const { typeCondition } = definition;
    const { directives } = selection;
    return [{ kind: Kind.INLINE_FRAGMENT, typeCondition, selectionSet: inner, ...(directives && { directives }) }];
  });
  return selections.length > 0 ? { kind: Kind.SELECTION_SET, selections } : undefined;
}
