import { readFileSync } from 'node:fs';
import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  parse,
  print,
  visit,
} from 'graphql';
import { type Fragments, fragmentsOf } from '#platform/base/graphql/fragments.ts';

/** A named operation of a door: it asks for one root field, whose value is what the door works with. */
export interface DoorOperation {
  readonly name: string;
  readonly text: string;
  /** The operation with its fragments in place. */
  readonly operation: OperationDefinitionNode;
  /** The name under which the root field stands in the answer. */
  readonly root: string;
}

/**
 * Reads a .graphql file of named operations and their fragments.
 *
 * @param shared a file of fragments that operations of other files spread, too.
 *
 * @throws {Error} naming the file and what is wrong with it.
 */
export const readOperations = <Name extends string>(
  file: URL,
  ...shared: readonly URL[]
): Readonly<Record<Name, DoorOperation>> => {
  const source = [file, ...shared].map((one) => readFileSync(one, 'utf8')).join('\n');
  return Object.fromEntries(operationsOf(file.pathname, source).map((one) => [one.name, one])) as Readonly<
    Record<Name, DoorOperation>
  >;
};

/** Returns the operations of a document, each with the fragments that it spreads. */
export function operationsOf(file: string, source: string): DoorOperation[] {
  const document = parse(source, { noLocation: true });
  const fragments = fragmentsOf(document);
  const operations = document.definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION);
  if (operations.length === 0) throw new Error(`${file} holds no operation.`);
  return operations.map((operation) => {
    const wrong = (problem: string) => new Error(`${file}: ${operation.name?.value ?? 'an operation'} ${problem}`);
    if (!operation.name) throw wrong('must have a name.');
    const [field, ...others] = operation.selectionSet.selections;
    if (field?.kind !== Kind.FIELD || others.length > 0) throw wrong('must ask for one root field.');
    return {
      name: operation.name.value,
      text: print({ kind: Kind.DOCUMENT, definitions: [operation, ...spread(operation, fragments)] }),
      operation: inlined(operation, fragments),
      root: (field.alias ?? field.name).value,
    };
  });
}

/** Returns the field of the schema that an operation asks for. */
export const rootFieldOf = (schema: GraphQLSchema, { operation }: DoorOperation) =>
  schema.getRootType(operation.operation)?.getFields()[rootNode(operation).name.value];

/** Returns the one field that an operation asks for. */
export const rootNode = (operation: OperationDefinitionNode): FieldNode =>
  operation.selectionSet.selections[0] as FieldNode;

/** @param above fragments that hold the node; one that holds itself is left to validation. */
const inlined = <Node extends OperationDefinitionNode | FragmentDefinitionNode>(
  node: Node,
  fragments: Fragments,
  above: ReadonlySet<FragmentDefinitionNode> = new Set(),
): Node =>
  visit(node as OperationDefinitionNode, {
    FragmentSpread: {
      leave({ name }) {
        const fragment = fragments.get(name.value);
        if (!fragment || above.has(fragment)) return undefined;
        const { typeCondition, selectionSet } = inlined(fragment, fragments, new Set([...above, fragment]));
        return { kind: Kind.INLINE_FRAGMENT, typeCondition, selectionSet };
      },
    },
  }) as Node;

function spread(
  node: OperationDefinitionNode | FragmentDefinitionNode,
  fragments: Fragments,
  found = new Set<FragmentDefinitionNode>(),
): ReadonlySet<FragmentDefinitionNode> {
  visit(node as OperationDefinitionNode | DocumentNode, {
    FragmentSpread({ name }) {
      const fragment = fragments.get(name.value);
      if (!fragment || found.has(fragment)) return;
      found.add(fragment);
      spread(fragment, fragments, found);
    },
  });
  return found;
}
