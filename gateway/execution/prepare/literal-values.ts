import {
  type GraphQLInputType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isSpecifiedScalarType,
  Kind,
  type ValueNode,
} from 'graphql';
import { quote, stringify } from './json.ts';

/** A value that was written into an operation, as a subgraph gets it in a variable. */
export interface Literal {
  /** Equal for literals that are the same value, in whatever order the fields of objects are written. */
  readonly key: string;
  /** As JSON, digit by digit as it was written; undefined when variables of the client are part of it. */
  readonly constant: string | undefined;
  /** As JSON. */
  json(read: ReadVariable): string;
  /** As an object of its own, which a subgraph in this process may keep. */
  value(read: ReadVariable): unknown;
}

/** A function that gives the value of a client's variable; undefined when it is absent. */
export type ReadVariable = (name: string) => unknown;

/**
 * Returns whether a value means the same in a variable. What has variables inside does so in scalars of the graph's own
 * alone.
 */
export function isLiftable(node: ValueNode, type: GraphQLInputType): boolean {
  const nullable = isNonNullType(type) ? type.ofType : type;
  switch (node.kind) {
    case Kind.VARIABLE:
      return false;
    case Kind.LIST:
      if (isListType(nullable)) return node.values.every((one) => isLiftable(one, nullable.ofType));
      return isOwnScalar(nullable);
    case Kind.OBJECT: {
      if (isListType(nullable)) return isLiftable(node, nullable.ofType);
      if (!isInputObjectType(nullable)) return isOwnScalar(nullable);
      const known = nullable.getFields();
      return node.fields.every(({ name, value }) => {
        const field = known[name.value];
        return field !== undefined && isLiftable(value, field.type);
      });
    }
    default:
      return true;
  }
}

const isOwnScalar = (type: GraphQLInputType): boolean =>
  !isInputObjectType(type) && !isEnumType(type) && !isListType(type) && !isSpecifiedScalarType(type);

/** Compiles a value that `isLiftable`. */
export function compileLiteral(node: ValueNode, type: GraphQLInputType): Literal {
  const { key, json, value, varies } = compile(node, type);
  return { key, constant: varies ? undefined : json(NO_VARIABLES), json, value };
}

const NO_VARIABLES: ReadVariable = () => undefined;

interface Compiled {
  readonly key: string;
  readonly json: (read: ReadVariable) => string;
  readonly value: (read: ReadVariable) => unknown;
  readonly varies: boolean;
  /** The variable that this is, which may be absent. */
  readonly variable?: string;
}

/** @param type undefined within a scalar of the graph's own. */
function compile(node: ValueNode, type: GraphQLInputType | undefined): Compiled {
  const nullable = isNonNullType(type) ? type.ofType : type;
  switch (node.kind) {
    case Kind.VARIABLE: {
      const variable = node.name.value;
      return {
        key: `$${variable}`,
        json: (read) => stringify(read(variable)),
        value: (read) => read(variable) ?? null,
        varies: true,
        variable,
      };
    }
    case Kind.NULL:
      return constant('null', null);
    case Kind.BOOLEAN:
      return constant(String(node.value), node.value);
    case Kind.STRING:
    case Kind.ENUM:
      return constant(quote(node.value), node.value);
    case Kind.INT:
    case Kind.FLOAT:
      return String(itemTypeOf(nullable)) === 'ID'
        ? constant(quote(node.value), node.value)
        : constant(node.value, Number(node.value));
    case Kind.LIST: {
      const items = node.values.map((one) => compile(one, isListType(nullable) ? nullable.ofType : undefined));
      return {
        key: `[${items.map(({ key }) => key).join(',')}]`,
        json: (read) => `[${items.map((item) => item.json(read)).join(',')}]`,
        value: (read) => items.map((item) => item.value(read)),
        varies: items.some((item) => item.varies),
      };
    }
    case Kind.OBJECT: {
      const object = itemTypeOf(nullable);
      const known = isInputObjectType(object) ? object.getFields() : {};
      const fields = node.fields.map(({ name, value }) => {
        const field = compile(value, known[name.value]?.type);
        return { ...field, name: name.value, prefix: `${quote(name.value)}:` };
      });
      const given = (read: ReadVariable) =>
        fields.filter(({ variable }) => variable === undefined || read(variable) !== undefined);
      const keys = fields.map(({ name, key }) => `${name}:${key}`);
      return {
        key: `{${keys.sort().join(',')}}`,
        json: (read) =>
          `{${given(read)
            .map(({ prefix, json }) => prefix + json(read))
            .join(',')}}`,
        value: (read) => Object.fromEntries(given(read).map(({ name, value }) => [name, value(read)])),
        varies: fields.some((field) => field.varies),
      };
    }
  }
}

const constant = (text: string, value: unknown): Compiled => ({
  key: text,
  json: () => text,
  value: () => value,
  varies: false,
});

/** One value stands for a list of one. */
function itemTypeOf(type: GraphQLInputType | undefined): GraphQLInputType | undefined {
  const nullable = isNonNullType(type) ? (type.ofType as GraphQLInputType) : type;
  return isListType(nullable) ? itemTypeOf(nullable.ofType) : nullable;
}
