import {
  type DocumentNode,
  type FieldNode,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isCompositeType,
  isInputObjectType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  valueFromASTUntyped,
} from 'graphql';
import { CodedError } from '#platform/base/errors/errors.ts';
import { type Fragments, fragmentsOf } from '#platform/base/graphql/fragments.ts';
import { isObject } from '#platform/base/json/objects.ts';
import type { PolicyDirectives } from './directives.ts';
import type { ListSize } from './field-policy.ts';
import { hasVariable, InputCosts } from './input-costs.ts';
import { readSizedFields, type SizedFields } from './sized-fields.ts';

/**
 * The estimated cost of one operation, by the rules of the field (IBM's cost specification, as Apollo Router reads it):
 * 1 for each object, interface or union that may be returned and for each input object that is given, 0 for each
 * scalar, 10 for a mutation, lists multiplied by the size that their arguments or `@listSize` tell, `@cost` instead of
 * the default weight.
 */
export interface Cost {
  /**
   * @param variables undefined while they are not known: then lists whose size they decide count once, and what they
   * bring in costs nothing.
   * @throws {CodedError} BAD_USER_INPUT where a list needs exactly one argument that tells its size, and has none or
   * several.
   */
  of(variables: Readonly<Record<string, unknown>> | undefined): number;
}

/** Of a list that nothing tells the size of. */
const UNKNOWN_LIST_SIZE = 5;
const MUTATION = 10;
/** Field nodes looked at, fragments followed: more is refused, whatever it would cost. */
const MAX_NODES = 20_000;

interface Priced {
  /** What is given for its arguments, however long the list is. */
  readonly inputs: Amount;
  /** Without its list size and children. */
  readonly weight: number;
  readonly size: Amount;
  readonly children: readonly Priced[];
}

type Variables = Readonly<Record<string, unknown>> | undefined;
/** A weight or a size, which variables may decide. */
type Amount = number | ((variables: Variables) => number);

/**
 * Prices an operation.
 *
 * @throws {CodedError} OPERATION_TOO_COMPLEX when its fragments multiply beyond what can be looked at.
 */
export function priceOperation(
  document: DocumentNode,
  operation: OperationDefinitionNode,
  schema: GraphQLSchema,
  directives: PolicyDirectives,
): Cost {
  const fragments = fragmentsOf(document);
  const defaults: Record<string, unknown> = {};
  for (const { variable, defaultValue } of operation.variableDefinitions ?? []) {
    if (defaultValue) defaults[variable.name.value] = valueFromASTUntyped(defaultValue);
  }
  const root = schema.getRootType(operation.operation);
  const base = operation.operation === 'mutation' ? MUTATION : 0;
  if (!root) return { of: () => base };
  const pricing = new Pricing(schema, directives, fragments);
  const tree = pricing.selections([operation.selectionSet], root, undefined);
  if (!tree.some(varies)) {
    const constant = base + sum(tree, {});
    return { of: () => constant };
  }
  return { of: (variables) => base + sum(tree, variables && { ...defaults, ...variables }) };
}

const varies = ({ inputs, size, children }: Priced): boolean =>
  typeof inputs === 'function' || typeof size === 'function' || children.some(varies);

const amount = (given: Amount, variables: Variables): number => (typeof given === 'number' ? given : given(variables));

function sum(priced: readonly Priced[], variables: Variables): number {
  let total = 0;
  for (const { inputs, weight, size, children } of priced) {
    total += amount(inputs, variables) + amount(size, variables) * (weight + sum(children, variables));
  }
  return total;
}

/** The size that an ancestor's `@listSize(sizedFields:)` gives to lists below it. */
type Sized = { readonly fields: SizedFields; readonly size: Amount } | undefined;

class Pricing {
  readonly #schema: GraphQLSchema;
  readonly #directives: PolicyDirectives;
  readonly #fragments: Fragments;
  readonly #inputs: InputCosts;
  #nodes = 0;

  constructor(schema: GraphQLSchema, directives: PolicyDirectives, fragments: Fragments) {
    this.#schema = schema;
    this.#directives = directives;
    this.#fragments = fragments;
    this.#inputs = new InputCosts(directives);
  }

  /** Fields of one name under one parent are fetched once however often they are written, so they are priced once. */
  selections(sets: readonly SelectionSetNode[], type: GraphQLNamedType, sized: Sized): Priced[] {
    const found = new Map<string, { type: GraphQLNamedType; nodes: FieldNode[] }>();
    for (const set of sets) this.#collect(set, type, found, new Set());
    return [...found.values()].map((entry) => this.#price(entry.type, entry.nodes, sized));
  }

  #collect(
    set: SelectionSetNode,
    type: GraphQLNamedType,
    found: Map<string, { type: GraphQLNamedType; nodes: FieldNode[] }>,
    spread: Set<string>,
  ): void {
    for (const selection of set.selections) {
      if (++this.#nodes > MAX_NODES) {
        throw new CodedError('OPERATION_TOO_COMPLEX', `The operation has more than ${MAX_NODES} fields.`);
      }
      if (selection.kind === Kind.FIELD) {
        const key = `${type.name}.${selection.alias?.value ?? selection.name.value}`;
        const entry = found.get(key);
        if (entry) entry.nodes.push(selection);
        else found.set(key, { type, nodes: [selection] });
        continue;
      }
      const fragment = selection.kind === Kind.INLINE_FRAGMENT ? selection : this.#fragments.get(selection.name.value);
      if (!fragment) continue;
      if (selection.kind === Kind.FRAGMENT_SPREAD) {
        if (spread.has(selection.name.value)) continue;
        spread.add(selection.name.value);
      }
      const condition = fragment.typeCondition?.name.value;
      const inner = condition === undefined ? type : this.#schema.getType(condition);
      if (inner) this.#collect(fragment.selectionSet, inner, found, spread);
    }
  }

  #price(parent: GraphQLNamedType, nodes: readonly FieldNode[], sized: Sized): Priced {
    const node = nodes[0]!;
    const name = node.name.value;
    const field = isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[name] : undefined;
    // What does not exist is for validation to say; introspection is answered from memory.
    if (!field) return { inputs: 0, weight: 0, size: 1, children: [] };
    const policy = this.#directives.field(parent.name, name);
    const type = getNamedType(field.type);
    const weight = policy?.cost ?? this.#directives.type(type.name)?.cost ?? (isCompositeType(type) ? 1 : 0);
    const inputs = this.#inputs.of(parent.name, field, node);
    const listSize = policy?.listSize;
    const told = listSize && this.#size(listSize, parent.name, field, node);
    const isList = isListType(isNonNullType(field.type) ? field.type.ofType : field.type);
    const below = sized?.fields.get(name);
    let size: Amount = 1;
    if (isList) {
      // What the ancestor says comes first: it knows what it was asked for.
      if (below?.size === 0) size = sized!.size;
      else size = told ?? UNKNOWN_LIST_SIZE;
    }
    const childSizes: Sized = listSize?.sizedFields
      ? { fields: readSizedFields(listSize.sizedFields), size: told! }
      : below && below.size > 0
        ? { fields: below, size: sized!.size }
        : undefined;
    const sets = nodes.flatMap((one) => (one.selectionSet ? [one.selectionSet] : []));
    return { inputs, weight, size, children: sets.length > 0 ? this.selections(sets, type, childSizes) : [] };
  }

  #size(listSize: ListSize, parent: string, field: GraphQLField<unknown, unknown>, node: FieldNode): Amount {
    const fallback = listSize.assumedSize ?? UNKNOWN_LIST_SIZE;
    const slices = (listSize.slicingArguments ?? []).flatMap((path) => {
      const [first, ...rest] = path.split('.');
      const definition = field.args.find(({ name }) => name === first);
      return definition ? [{ definition, rest, given: node.arguments?.find(({ name }) => name.value === first) }] : [];
    });
    const sizeWith = (variables: Readonly<Record<string, unknown>>): number => {
      const sizes = slices.flatMap(({ definition, rest, given }) => {
        const value = given && valueFromASTUntyped(given.value, variables);
        return sizeIn(value === undefined ? definition.defaultValue : value, definition.type, rest) ?? [];
      });
      if (listSize.requireOneSlicingArgument && slices.length > 0 && sizes.length !== 1) {
        throw notOneSlice(`${parent}.${field.name}`, listSize.slicingArguments!, sizes.length);
      }
      return sizes.length > 0 ? Math.max(...sizes) : fallback;
    };
    if (!slices.some(({ given }) => given && hasVariable(given.value))) return sizeWith({});
    return (variables) => (variables === undefined ? 1 : sizeWith(variables));
  }
}

/**
 * The size that the value of an argument tells, at a path in it; a list is as long as it is. What is left out has its
 * default, as it has for the subgraph.
 */
function sizeIn(value: unknown, type: GraphQLInputType, path: readonly string[]): number | undefined {
  const [name, ...rest] = path;
  if (name === undefined) {
    if (Array.isArray(value)) return value.length;
    return typeof value === 'number' && value >= 0 ? value : undefined;
  }
  const input = getNamedType(type);
  if (!isObject(value) || !isInputObjectType(input)) return undefined;
  const field = input.getFields()[name];
  return field && sizeIn(value[name] === undefined ? field.defaultValue : value[name], field.type, rest);
}

const notOneSlice = (field: string, slices: readonly string[], given: number): CodedError =>
  new CodedError(
    'BAD_USER_INPUT',
    `${field} needs exactly one of ${slices.map((name) => `\`${name}\``).join(', ')}, which tells how long its list is; ${given === 0 ? 'none is' : `${given} are`} given.`,
    { argument: slices[0]! },
  );

/** Returns the refusal of an operation that costs more than is allowed. */
export const tooCostly = (cost: number, limit: number): CodedError =>
  new CodedError(
    'OPERATION_TOO_COMPLEX',
    `The operation may cost ${Math.round(cost)}; at most ${limit} is accepted. Ask for fewer items or fewer nested lists.`,
    { limit: 'MAX_COST', cost: Math.round(cost) },
  );
