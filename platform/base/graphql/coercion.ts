import {
  type GraphQLError,
  type GraphQLInputType,
  type GraphQLSchema,
  getVariableValues,
  isListType,
  isNonNullType,
  isSpecifiedScalarType,
  type OperationDefinitionNode,
  typeFromAST,
} from 'graphql';

export type Variables = Readonly<Record<string, unknown>>;

/** The coerced variables, or what is wrong with them. */
export type Coerced =
  | { readonly values: Variables; readonly errors?: undefined }
  | { readonly errors: readonly GraphQLError[] };

/** Wrong variables that are listed at most. */
const MAX_ERRORS = 20;

const EMPTY: Variables = Object.freeze(Object.create(null));

/** Whether a given value needs no coercion. */
type Plain = (value: unknown) => boolean;

const PLAIN: Readonly<Record<string, Plain>> = {
  String: (value) => typeof value === 'string',
  ID: (value) => typeof value === 'string',
  Boolean: (value) => typeof value === 'boolean',
  Int: (value) => typeof value === 'number' && (value | 0) === value,
  Float: (value) => typeof value === 'number' && Number.isFinite(value),
};

/** The representations of entities, which federation takes as they are. */
const ANY: Plain = (value) => typeof value === 'object' && value !== null;

/**
 * Makes a function that coerces the variables of one operation as the specification says. Values that are what they
 * should be already, which is nearly all, skip graphql-js. Its size is that of the operation: types are looked into
 * when a value is there, so one that contains itself costs nothing.
 *
 * @param hideSuggestions leaves out what was perhaps meant.
 */
export function compileCoercion(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  hideSuggestions = false,
): (given: Variables) => Coerced {
  const definitions = operation.variableDefinitions ?? [];
  if (definitions.length === 0) return () => ({ values: EMPTY });
  const checks = definitions.map((definition) => ({
    name: definition.variable.name.value,
    plain: plainOf(typeFromAST(schema, definition.type as never) as GraphQLInputType | undefined),
  }));
  const simple = checks.every((check) => check.plain !== undefined);

  function coerce(given: Variables): Coerced {
    const { coerced, errors } = getVariableValues(schema, definitions, given, {
      maxErrors: MAX_ERRORS,
      hideSuggestions,
    });
    return errors ? { errors } : { values: coerced };
  }
  if (!simple) return coerce;

  return (given) => {
    for (const { name, plain } of checks) {
      if (!plain!(Object.hasOwn(given, name) ? given[name] : undefined)) return coerce(given);
    }
    // Every variable of the operation is there as it should be, and others are never asked for.
    return { values: given };
  };
}

function plainOf(type: GraphQLInputType | undefined): Plain | undefined {
  if (type === undefined) return undefined;
  if (isNonNullType(type)) return plainOf(type.ofType);
  if (isListType(type)) {
    const item = plainOf(type.ofType);
    return item && ((value) => Array.isArray(value) && value.every(item));
  }
  return isSpecifiedScalarType(type) ? PLAIN[type.name] : type.name === '_Any' ? ANY : undefined;
}
