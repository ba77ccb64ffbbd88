import {
  type GraphQLError,
  type GraphQLInputType,
  type GraphQLSchema,
  getVariableValues,
  isNonNullType,
  type OperationDefinitionNode,
  specifiedScalarTypes,
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
const PLAIN: Readonly<Record<string, (value: unknown) => boolean>> = {
  String: (value) => typeof value === 'string',
  ID: (value) => typeof value === 'string',
  Boolean: (value) => typeof value === 'boolean',
  Int: (value) => typeof value === 'number' && (value | 0) === value,
  Float: (value) => typeof value === 'number' && Number.isFinite(value),
};

/**
 * A function that coerces the variables of one operation as the specification says. Values that are what they should
 * be already, which is nearly all, skip graphql-js.
 */
export function compileCoercion(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
): (given: Variables) => Coerced {
  const definitions = operation.variableDefinitions ?? [];
  if (definitions.length === 0) return () => ({ values: EMPTY });
  const checks = definitions.map((definition) => {
    const type = typeFromAST(schema, definition.type as never) as GraphQLInputType | undefined;
    const named = type && isNonNullType(type) ? type.ofType : type;
    const isScalar = specifiedScalarTypes.some((scalar) => scalar.name === String(named));
    return { name: definition.variable.name.value, plain: isScalar ? PLAIN[String(named)] : undefined };
  });
  const simple = checks.every((check) => check.plain !== undefined);

  function coerce(given: Variables): Coerced {
    const { coerced, errors } = getVariableValues(schema, definitions, given, { maxErrors: MAX_ERRORS });
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
