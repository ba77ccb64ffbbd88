import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSubgraphSchema, type GraphQLResolverMap } from '@apollo/subgraph';
import {
  GraphQLError,
  type GraphQLSchema,
  isEnumType,
  isInterfaceType,
  isObjectType,
  isScalarType,
  isUnionType,
  parse,
  Source,
} from 'graphql';
import { enforceAuthorization } from './authorization.ts';
import type { ResolverMap } from './definition.ts';
import { DefinitionError } from './definition-error.ts';
import { scalars } from './scalars.ts';

/**
 * Builds an executable subgraph schema of a schema.graphql and its resolvers, with the graph's scalars and with
 * `@authenticated` and `@requiresScopes` enforced.
 *
 * @throws {DefinitionError} when the file is not a schema, a resolver belongs to no field or a scalar is not one of the
 * graph's: a misspelt resolver would otherwise be a field that silently answers null.
 */
export function buildSchemaOf(schemaFile: URL, resolvers: ResolverMap): GraphQLSchema {
  try {
    const source = new Source(readFileSync(schemaFile, 'utf8'), fileURLToPath(schemaFile));
    const schema = buildFrom(source, resolvers as GraphQLResolverMap);
    installScalars(schema, resolvers);
    refuseStrayResolvers(schema, resolvers);
    enforceAuthorization(schema);
    return schema;
  } catch (error) {
    throw new DefinitionError(`${placeOf(error, schemaFile)}: ${(error as Error).message}`, { cause: error });
  }
}

/**
 * A schema keeps what it was made of. The places of its text, two megabytes, are read where there is an error to tell.
 */
function buildFrom(source: Source, resolvers: GraphQLResolverMap): GraphQLSchema {
  const build = (noLocation: boolean) => buildSubgraphSchema([{ typeDefs: parse(source, { noLocation }), resolvers }]);
  try {
    return build(true);
  } catch {
    return build(false);
  }
}

/** File, and line and column where the error has them, as terminals and editors make a link of. */
function placeOf(error: unknown, schemaFile: URL): string {
  const file = path.relative(process.cwd(), fileURLToPath(schemaFile));
  const [at] = (error instanceof GraphQLError && error.locations) || [];
  return at ? `${file}:${at.line}:${at.column}` : file;
}

const BUILT_IN = new Set(['Int', 'Float', 'String', 'Boolean', 'ID', 'FieldSet']);

function installScalars(schema: GraphQLSchema, resolvers: ResolverMap): void {
  for (const type of Object.values(schema.getTypeMap())) {
    const own = scalars[type.name];
    if (!isScalarType(type) || BUILT_IN.has(type.name) || type.name in resolvers) continue;
    if (own) {
      // Only the behaviour: the description is the one of the schema file.
      type.serialize = own.serialize;
      type.parseValue = own.parseValue;
      type.parseLiteral = own.parseLiteral;
    } else if (!type.name.includes('_')) {
      // Names with an underscore are federation's own: _Any, link__Import, federation__Scope …
      throw new Error(`The scalar ${type.name} is neither in platform/host/scalars.ts nor among the resolvers.`);
    }
  }
}

function refuseStrayResolvers(schema: GraphQLSchema, resolvers: ResolverMap): void {
  for (const [typeName, map] of Object.entries(resolvers)) {
    const type = schema.getType(typeName);
    if (type === undefined) throw new Error(`Resolvers name the type ${typeName}, which the schema does not have.`);
    if (isScalarType(type) || isEnumType(type) || isUnionType(type) || isInterfaceType(type)) continue;
    for (const name of Object.keys(map)) {
      if (name.startsWith('__') || (isObjectType(type) && name in type.getFields())) continue;
      throw new Error(`Resolvers name the field ${typeName}.${name}, which the schema does not have.`);
    }
  }
}
