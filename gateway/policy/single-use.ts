import {
  type DocumentNode,
  type GraphQLError,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { CodedError } from '#platform/base/errors/errors.ts';
import type { PolicyDirectives } from './directives.ts';

/** Schemas put this tag on root fields that take credentials. */
const TAG = 'credential';

/**
 * Checks that a document holds one of the root fields tagged `credential` at most, once: aliases would otherwise make
 * one request many attempts at a password, past every limit that counts requests.
 */
export function checkSingleUse(
  document: DocumentNode,
  operation: OperationDefinitionNode,
  rootType: string,
  directives: PolicyDirectives,
): readonly GraphQLError[] {
  if (!directives.any.tags) return [];
  const found: string[] = [];
  const spread = new Set<string>();
  const visit = (selectionSet: SelectionSetNode): void => {
    for (const selection of selectionSet.selections) {
      if (selection.kind === Kind.FIELD) {
        const { value } = selection.name;
        if (directives.field(rootType, value)?.tags.includes(TAG)) found.push(value);
      } else if (selection.kind === Kind.INLINE_FRAGMENT) visit(selection.selectionSet);
      else if (!spread.has(selection.name.value)) {
        // The same field spread twice merges into one execution.
        spread.add(selection.name.value);
        for (const definition of document.definitions) {
          if (definition.kind === Kind.FRAGMENT_DEFINITION && definition.name.value === selection.name.value) {
            visit(definition.selectionSet);
          }
        }
      }
    }
  };
  visit(operation.selectionSet);
  if (found.length < 2) return [];
  const names = [...new Set(found)].join(' and ');
  return [
    new CodedError(
      'OPERATION_TOO_COMPLEX',
      `One operation may try credentials once; this one has ${names} ${found.length} times.`,
    ),
  ];
}
