import {
  type ArgumentNode,
  type GraphQLCompositeType,
  type GraphQLInputType,
  type GraphQLSchema,
  getNamedType,
  isCompositeType,
  isInputObjectType,
  isListType,
  isNonNullType,
  Kind,
  parseType,
  type SelectionNode,
  type SelectionSetNode,
  type ValueNode,
  type VariableDefinitionNode,
} from 'graphql';
import { compileLiteral, isLiftable, type Literal } from './literal-values.ts';
import type { NormalizedOperation } from './normalize.ts';

/** An operation whose plan is the plan of every operation that differs from it in the values of arguments alone. */
export interface Lifted {
  readonly normalized: NormalizedOperation;
  /** What was written in place of the variables that the operation has now, by their names. */
  readonly literals: ReadonlyMap<string, Literal>;
}

/**
 * Puts variables in place of the literals in arguments of fields. Operations that differ only in such values have one
 * text then, hence one plan, and no planner walks through nested values, which Apollo's does in time that doubles with
 * each level. Conditions (@skip, @include) keep their literals: they decide what is fetched.
 *
 * A value with variables inside keeps these where they are, and what is around them is lifted piece by piece: only so a
 * missing variable means the same as before. In a scalar of the graph's own nothing tells pieces apart, so the value is
 * lifted as a whole, and made again for each request.
 */
export function liftLiterals(normalized: NormalizedOperation, schema: GraphQLSchema): Lifted {
  const { operation } = normalized;
  const definitions = operation.variableDefinitions ?? [];
  const lifter = new Lifter(new Set(definitions.map(({ variable }) => variable.name.value)));
  const selectionSet = lifter.set(operation.selectionSet, schema.getRootType(operation.operation)!, '', schema);
  if (lifter.literals.size === 0) return { normalized, literals: lifter.literals };
  const lifted = { ...operation, variableDefinitions: [...definitions, ...lifter.definitions], selectionSet };
  return {
    normalized: { ...normalized, document: { kind: Kind.DOCUMENT, definitions: [lifted] }, operation: lifted },
    literals: lifter.literals,
  };
}

const PREFIX = 'argument_';
/** So many characters at most: a client may make a subgraph repeat any text. */
const LIFTED = /\$?\bargument_(\w{1,100}?)_\d{1,6}(?!\w)/g;

/**
 * Returns what a subgraph says of a variable that stands for a literal as words about the argument that the client
 * wrote.
 */
export const withoutLiftedNames = (text: string): string =>
  text.includes(PREFIX) ? text.replaceAll(LIFTED, '$1') : text;

class Lifter {
  readonly literals = new Map<string, Literal>();
  readonly definitions: VariableDefinitionNode[] = [];
  readonly #taken: ReadonlySet<string>;
  /**
   * Fields of one response name at one place must keep equal arguments equal: place, type and value to the variable.
   */
  readonly #known = new Map<string, string>();
  #next = 0;

  /** @param taken names of the operation's own variables. */
  constructor(taken: ReadonlySet<string>) {
    this.#taken = taken;
  }

  set(set: SelectionSetNode, type: GraphQLCompositeType, place: string, schema: GraphQLSchema): SelectionSetNode {
    const selections = set.selections.map((node): SelectionNode => {
      if (node.kind === Kind.FRAGMENT_SPREAD) return node;
      if (node.kind === Kind.INLINE_FRAGMENT) {
        const narrower = node.typeCondition ? schema.getType(node.typeCondition.name.value) : type;
        if (!isCompositeType(narrower)) return node;
        return { ...node, selectionSet: this.set(node.selectionSet, narrower, place, schema) };
      }
      const field = 'getFields' in type ? type.getFields()[node.name.value] : undefined;
      if (!field) return node;
      const here = `${place}.${(node.alias ?? node.name).value}`;
      const named = getNamedType(field.type);
      const given = node.arguments?.map((argument): ArgumentNode => {
        const { name } = argument;
        const definition = field.args.find((one) => one.name === name.value);
        if (!definition) return argument;
        return {
          ...argument,
          value: this.#value(argument.value, definition.type, `${here}(${name.value}`, name.value),
        };
      });
      const inner =
        node.selectionSet && isCompositeType(named) ? this.set(node.selectionSet, named, here, schema) : undefined;
      return { ...node, ...(given && { arguments: given }), ...(inner && { selectionSet: inner }) };
    });
    return { ...set, selections };
  }

  #value(node: ValueNode, type: GraphQLInputType, place: string, argument: string): ValueNode {
    if (node.kind === Kind.VARIABLE) return node;
    if (isLiftable(node, type)) return this.#lift(node, type, place, argument);
    const nullable = isNonNullType(type) ? type.ofType : type;
    if (node.kind === Kind.LIST && isListType(nullable)) {
      const { ofType } = nullable;
      return { ...node, values: node.values.map((one, i) => this.#value(one, ofType, `${place},${i}`, argument)) };
    }
    // One value stands for a list of one.
    if (isListType(nullable)) return this.#value(node, nullable.ofType, place, argument);
    if (node.kind === Kind.OBJECT && isInputObjectType(nullable)) {
      const known = nullable.getFields();
      const fields = node.fields.map((field) => {
        const name = field.name.value;
        const inner = known[name];
        return inner ? { ...field, value: this.#value(field.value, inner.type, `${place},${name}`, argument) } : field;
      });
      return { ...node, fields };
    }
    return node;
  }

  #lift(node: ValueNode, type: GraphQLInputType, place: string, argument: string): ValueNode {
    const literal = compileLiteral(node, type);
    const key = `${place}:${type}=${literal.key}`;
    let name = this.#known.get(key);
    if (name === undefined) {
      do name = `${PREFIX}${argument}_${this.#next++}`;
      while (this.#taken.has(name));
      this.#known.set(key, name);
      this.literals.set(name, literal);
      const variable = { kind: Kind.VARIABLE, name: { kind: Kind.NAME, value: name } } as const;
      const typeNode = parseType(String(type), { noLocation: true });
      this.definitions.push({ kind: Kind.VARIABLE_DEFINITION, variable, type: typeNode });
    }
    return { kind: Kind.VARIABLE, name: { kind: Kind.NAME, value: name } };
  }
}
