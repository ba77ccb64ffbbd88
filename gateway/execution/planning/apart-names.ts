import {
  type FieldNode,
  type GraphQLSchema,
  getNamedType,
  isCompositeType,
  isInterfaceType,
  isLeafType,
  isObjectType,
  Kind,
  parseType,
  print,
  type SelectionNode,
  type TypeNode,
  visit,
} from 'graphql';
import { argumentsOf } from './joins.ts';
import type { Rewrite, RewriteStep } from './plan.ts';

/** The selections in which fields of one name at one place have types that go together, and how the names come back. */
export interface NamedApart {
  readonly selections: readonly SelectionNode[];
  /** Inner ones first: each names its place as the answer has it by then. */
  readonly renames: readonly Rewrite[];
}

/** Fields at one place that have one name in a request. */
interface Standing {
  readonly shape: string;
  readonly name: string;
  readonly parents: Set<string>;
  readonly isLeaf: boolean;
}

/**
 * Gives fields other names where they have one name at one place and other types, such as `id` of two members of a
 * union: one request with both is refused (SameResponseShape, GraphQL 5.3.2).
 *
 * @param parent the type that the selections are of; undefined: their fragments name it.
 * @returns undefined where one object could be asked for both, and each has selections of its own.
 */
export function nameApart(
  selections: readonly SelectionNode[],
  parent: string | undefined,
  schema: GraphQLSchema,
): NamedApart | undefined {
  const taken = namesIn(selections);
  const places = new Map<string, Standing[]>();
  const renames: Rewrite[] = [];

  function nameAt(place: string, key: string, parent: string, node: FieldNode): string {
    const shape = shapeOf(schema, parent, node);
    const standing = places.get(place) ?? [];
    places.set(place, standing);
    const alike = standing.find((one) => one.shape === shape);
    if (alike) {
      alike.parents.add(parent);
      return alike.name;
    }
    const name = standing.length === 0 ? key : freeName(key, taken);
    standing.push({ shape, name, parents: new Set([parent]), isLeaf: node.selectionSet === undefined });
    return name;
  }

  const renamed = (node: SelectionNode, parent: string, place: string, path: readonly RewriteStep[]): SelectionNode => {
    if (node.kind === Kind.FRAGMENT_SPREAD) return node;
    if (node.kind === Kind.INLINE_FRAGMENT) {
      const type = node.typeCondition?.name.value ?? parent;
      const inner = node.selectionSet.selections.map((one) => renamed(one, type, place, path));
      return { ...node, selectionSet: { ...node.selectionSet, selections: inner } };
    }
    const key = (node.alias ?? node.name).value;
    const at = `${place}.${key}`;
    const name = nameAt(at, key, parent, node);
    const field = { field: name };
    const below = typeBelow(schema, parent, node);
    const inner = node.selectionSet?.selections.map((one) => renamed(one, below, at, [...path, field]));
    if (name !== key) renames.push({ kind: 'rename', path: [...path, field], to: key });
    return {
      ...node,
      ...(name !== key && { alias: { kind: Kind.NAME, value: name } }),
      ...(inner && { selectionSet: { ...node.selectionSet!, selections: inner } }),
    };
  };

  const named = selections.map((node) => renamed(node, parent ?? '', '', []));
  const isOne = (standing: readonly Standing[]): boolean =>
    standing.every(({ isLeaf }) => isLeaf) || areDisjoint(standing, schema);
  return [...places.values()].every(isOne) ? { selections: named, renames } : undefined;
}

function namesIn(selections: readonly SelectionNode[]): Set<string> {
  const names = new Set<string>();
  const Field = ({ alias, name }: FieldNode): void => void names.add((alias ?? name).value);
  for (const selection of selections) visit(selection, { Field });
  return names;
}

function freeName(key: string, taken: Set<string>): string {
  let number = 1;
  while (taken.has(`${key}__${number}`)) number++;
  const name = `${key}__${number}`;
  taken.add(name);
  return name;
}

/**
 * What a field says of its answer. Of what has selections, only lists and nulls count: those are compared themselves.
 */
function shapeOf(schema: GraphQLSchema, parent: string, node: FieldNode): string {
  const own = `${parent}.${node.name.value}`;
  if (node.name.value === '__typename') return 'String!';
  const type = schema.getType(parent);
  const field = isObjectType(type) || isInterfaceType(type) ? type.getFields()[node.name.value] : undefined;
  if (!field) return own;
  // Where subgraphs have other types than the supergraph, such as non-null ones, what they say is not compared.
  const joins = argumentsOf(field.astNode?.directives, 'join__field').flatMap(({ type }) => type ?? []);
  if (joins.some((joined) => joined !== String(field.type))) return own;
  const named = getNamedType(field.type);
  if (isLeafType(named)) return String(field.type);
  const wrapped = (node: TypeNode): TypeNode =>
    node.kind === Kind.NAMED_TYPE
      ? { ...node, name: { ...node.name, value: 'Object' } }
      : ({ ...node, type: wrapped(node.type) } as TypeNode);
  return print(wrapped(parseType(String(field.type), { noLocation: true })));
}

function typeBelow(schema: GraphQLSchema, parent: string, node: FieldNode): string {
  const type = schema.getType(parent);
  const field = isObjectType(type) || isInterfaceType(type) ? type.getFields()[node.name.value] : undefined;
  const named = field && getNamedType(field.type);
  return isCompositeType(named) ? named.name : '';
}

/** Whether no object has the fields of two of them. */
function areDisjoint(standing: readonly Standing[], schema: GraphQLSchema): boolean {
  const parents = standing.flatMap((one) => [...one.parents]);
  const areObjects = parents.every((name) => isObjectType(schema.getType(name)));
  return standing.length === 1 || (areObjects && new Set(parents).size === parents.length);
}
