import {
  BREAK,
  type FieldNode,
  type GraphQLField,
  type GraphQLInputType,
  getNamedType,
  isInputObjectType,
  type ValueNode,
  valueFromASTUntyped,
  visit,
} from 'graphql';
import { isObject } from '#platform/base/json/objects.ts';
import type { PolicyDirectives } from './directives.ts';

/** Returns whether a value is known only with the variables. */
export function hasVariable(value: ValueNode): boolean {
  let found = false;
  visit(value, {
    Variable() {
      found = true;
      return BREAK;
    },
  });
  return found;
}

type Variables = Readonly<Record<string, unknown>> | undefined;

/** The prices of what a client gives: 1 for each input object, `@cost` of arguments, input fields and their types. */
export class InputCosts {
  readonly #directives: PolicyDirectives;

  constructor(directives: PolicyDirectives) {
    this.#directives = directives;
  }

  /** Returns the cost of a field's arguments; what variables bring in is known with them. */
  of(
    parent: string,
    field: GraphQLField<unknown, unknown>,
    node: FieldNode,
  ): number | ((variables: Variables) => number) {
    let constant = 0;
    const varying: ((variables: Record<string, unknown>) => number)[] = [];
    for (const { name, value } of node.arguments ?? []) {
      const definition = field.args.find((argument) => argument.name === name.value);
      if (!definition) continue;
      const weight = this.#directives.argumentCost(parent, field.name, name.value);
      if (!this.#costs(definition.type)) constant += weight ?? 0;
      else if (!hasVariable(value)) constant += this.#price(valueFromASTUntyped(value), definition.type, weight);
      else {
        varying.push((variables) => this.#price(valueFromASTUntyped(value, variables), definition.type, weight));
      }
    }
    if (varying.length === 0) return constant;
    return (variables) =>
      variables === undefined ? constant : varying.reduce((total, price) => total + price(variables), constant);
  }

  /** Whether what is given for a type may cost something by what is in it. */
  #costs(type: GraphQLInputType): boolean {
    const named = getNamedType(type);
    return isInputObjectType(named) || this.#directives.type(named.name)?.cost !== undefined;
  }

  /** @param weight what the directive of the argument or field says, in the place of its type's. */
  #price(value: unknown, type: GraphQLInputType, weight: number | undefined): number {
    if (value === undefined || value === null) return 0;
    if (Array.isArray(value)) return value.reduce<number>((total, item) => total + this.#price(item, type, weight), 0);
    const named = getNamedType(type);
    const own = weight ?? this.#directives.type(named.name)?.cost;
    if (!isInputObjectType(named)) return own ?? 0;
    let total = own ?? 1;
    if (!isObject(value)) return total;
    const fields = named.getFields();
    for (const [name, given] of Object.entries(value)) {
      const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
      if (field) total += this.#price(given, field.type, this.#directives.inputFieldCost(named.name, name));
    }
    return total;
  }
}
