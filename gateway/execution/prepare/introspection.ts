import {
  executeSync,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  print,
  type SelectionNode,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import type { Variables } from '#platform/base/graphql/coercion.ts';
import type { Fragments } from '#platform/base/graphql/fragments.ts';
import type { Entry } from './collect.ts';
import { own } from './data.ts';
import { documentOf } from './fragments.ts';
import { clientVariable } from './names.ts';
import { withGuard } from './normalize.ts';

/** The answers of `__schema` and `__type` as JSON text, one for each question of the operation. */
export type Introspected = readonly string[];

/** Variants of one operation's introspection that are kept; explorers ask with few different variables. */
const KEPT = 16;

/** Returns what an entry asks of the schema, as text: equal for equal questions. */
export const questionOf = ({ occurrences }: Entry): string =>
  occurrences.map(({ node, guard }) => `${guard.join('&')} ${print({ ...node, alias: undefined })}`).join('\n');

/**
 * Returns a function that answers an operation's introspection fields, each variant once; undefined when it has none.
 * The schema is fixed, so the text is kept: explorers poll for it every second.
 */
export function compileIntrospection(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  fragments: Fragments,
  questions: readonly Entry[],
): ((values: Variables) => Introspected) | undefined {
  if (questions.length === 0) return undefined;
  const selections = questions.flatMap(({ occurrences }, n) =>
    occurrences.map(({ node, guard }): SelectionNode => {
      const alias = { kind: Kind.NAME, value: aliasOf(n) } as const;
      return withGuard({ ...node, alias, directives: [] }, guard);
    }),
  );
  const root: OperationDefinitionNode = {
    kind: Kind.OPERATION_DEFINITION,
    operation: OperationTypeNode.QUERY,
    ...(operation.variableDefinitions && { variableDefinitions: operation.variableDefinitions }),
    selectionSet: { kind: Kind.SELECTION_SET, selections },
  };
  const document = documentOf(root, fragments);
  const [{ variableDefinitions = [] }] = document.definitions as [OperationDefinitionNode];
  const names = variableDefinitions.map(({ variable }) => variable.name.value);
  const kept = new LRUCache<string, Introspected>({ max: KEPT });
  return (values) => {
    const given = names.map((name) => [name, own(values, clientVariable(name))] as const);
    const variableValues = Object.fromEntries(given.filter(([, value]) => value !== undefined));
    const key = JSON.stringify(variableValues);
    let answer = kept.get(key);
    if (!answer) {
      const { data } = executeSync({ schema, document, variableValues });
      answer = questions.map((_, n) => JSON.stringify(data?.[aliasOf(n)] ?? null));
      kept.set(key, answer);
    }
    return answer;
  };
}

const aliasOf = (n: number): string => `i${n}`;
